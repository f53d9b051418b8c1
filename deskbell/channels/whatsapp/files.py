"""Files that customers send: fetched at once, because WhatsApp keeps them for days alone."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import tempfile
from pathlib import PurePosixPath

from django.conf import settings

from deskbell.channels.models import Channel
from deskbell.channels.whatsapp.account import Account
from deskbell.channels.whatsapp.graph import LARGEST, Graph, GraphError
from deskbell.channels.whatsapp.incoming import Media
from deskbell.files.actions import TooBig, store
from deskbell.kit import http
from deskbell.tickets.content import NewFile


class NotFetched(Exception):
    """The file did not come; what is told is for administrators."""


def fetch(channel: Channel, media: Media) -> NewFile:
    """The file on our disk. Raises NotFetched, OSError when our own disk refuses.

    What it is said to be is not believed: its type is that of its content.
    """
    graph = Graph(Account.of(channel))
    try:
        there = graph.media(media.media_id)
        with tempfile.TemporaryFile(
            dir=settings.FILES_DIR if settings.FILES_DIR.exists() else None
        ) as content:
            graph.download(there.url, content, most=LARGEST)
            content.seek(0)
            blob = store(content, limit=LARGEST)
    except (GraphError, http.NoAnswer, http.BadAddress, TooBig) as error:
        raise NotFetched(str(error)) from None
    expected = media.sha256 or there.sha256
    if expected and not _same(expected, blob.sha256):
        raise NotFetched("the content is not what was announced")
    return NewFile(blob, named(media.filename, media.mime_type or there.mime_type or blob.content_type))


def _same(announced: str, sha256: str) -> bool:
    """Announced in base64 by the webhook, in hexadecimal by the API."""
    if announced.lower() == sha256:
        return True
    try:
        return base64.b64decode(announced, validate=True).hex() == sha256
    except ValueError:
        return False


def named(filename: str, mime_type: str) -> str:
    """With an ending, so that a computer knows what to open it with."""
    if PurePosixPath(filename).suffix:
        return filename
    return filename + (mimetypes.guess_extension(mime_type) or "")


def checksum(content: bytes) -> str:
    """As a webhook announces it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
