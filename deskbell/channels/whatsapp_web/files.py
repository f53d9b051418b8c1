"""Files that customers send: the gateway fetches and decrypts them."""

from __future__ import annotations

import tempfile

from django.conf import settings

from deskbell.channels.models import Channel
from deskbell.channels.whatsapp.files import NotFetched, named
from deskbell.channels.whatsapp.incoming import Media
from deskbell.channels.whatsapp_web.gateway import Gateway, GatewayError
from deskbell.files.actions import TooBig, store
from deskbell.kit import http
from deskbell.tickets.content import NewFile

#: bytes
LARGEST = 100_000_000


def fetch(channel: Channel, media: Media) -> NewFile:
    """The file on our disk. Raises NotFetched, OSError when our own disk refuses."""
    folder = settings.FILES_DIR if settings.FILES_DIR.exists() else None
    try:
        with tempfile.TemporaryFile(dir=folder) as content:
            Gateway(channel).download(media.media_id, content, most=LARGEST)
            content.seek(0)
            blob = store(content, limit=LARGEST)
    except (GatewayError, http.NoAnswer, http.BadAddress, TooBig) as error:
        raise NotFetched(str(error)) from None
    return NewFile(blob, named(media.filename, media.mime_type or blob.content_type))
