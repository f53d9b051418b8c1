from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from deskbell.files.models import Blob
from deskbell.files.sniff import content_type

CHUNK = 256 * 1024


class TooBig(Exception):
    """The content is larger than allowed; `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit


def store(content: bytes | BinaryIO, *, limit: int | None = None) -> Blob:
    """Keep `content` on disk, fsynced and renamed into place, and return its row; same content, same row.

    Raises TooBig above `limit` bytes, OSError when the disk refuses. Nothing is left behind then.
    """
    folder = Path(settings.FILES_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size, head = hashlib.sha256(), 0, b""
    descriptor, name = tempfile.mkstemp(prefix=".incoming-", dir=folder)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            for chunk in _chunks(content):
                size += len(chunk)
                if limit is not None and size > limit:
                    raise TooBig(limit)
                head = head or chunk[:8192]
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        return _keep(draft, Blob(sha256=digest.hexdigest(), size=size, content_type=content_type(head)))
    finally:
        draft.unlink(missing_ok=True)


@transaction.atomic
def _keep(draft: Path, blob: Blob) -> Blob:
    lock_content(blob.sha256)
    _place(draft, blob.path)
    kept, made = Blob.objects.get_or_create(
        sha256=blob.sha256, defaults={"size": blob.size, "content_type": blob.content_type}
    )
    if not made:  # seen again: it must not be swept before its new owner has linked it
        Blob.objects.filter(pk=kept.pk).update(created_at=timezone.now())
    return kept


def lock_content(sha256: str) -> None:
    """Hold other writers and the sweeper off this content until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [sha256])


def _chunks(content: bytes | BinaryIO) -> Iterable[bytes]:
    if isinstance(content, bytes):
        return [content]
    return iter(lambda: content.read(CHUNK), b"")


def _place(draft: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
