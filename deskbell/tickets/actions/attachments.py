from __future__ import annotations

from pathlib import PurePosixPath
from typing import BinaryIO

from django.conf import settings
from django.db import transaction

from deskbell.events.once import once
from deskbell.files.actions import store
from deskbell.files.models import Blob
from deskbell.people.models import User
from deskbell.people.rules import reads_only
from deskbell.tickets.actions.errors import NotAllowed, UploadGone
from deskbell.tickets.content import Content
from deskbell.tickets.models import Attachment, Message


def upload(content: BinaryIO, *, filename: str, by: User, key: str = "") -> Attachment:
    """Keep a file of `by` that is not part of a message yet.

    `key`, made by the sender, stands for this one file: sent again after a lost answer it is the same upload.
    Raises NotAllowed, files.actions.TooBig, OSError; KeyReused for another content, UploadGone when it was
    thrown away.
    """
    if reads_only(by):
        raise NotAllowed("upload")
    blob = store(content, limit=settings.UPLOAD_LIMIT)
    if not key:
        return _keep(blob, filename, by)
    pk, _now = once(f"upload:{by.pk}", key, blob.sha256, lambda: _keep(blob, filename, by).pk)
    kept = Attachment.objects.select_related("blob").filter(pk=pk).first()
    if kept is None:
        raise UploadGone([pk])
    return kept


def _keep(blob: Blob, filename: str, by: User) -> Attachment:
    return Attachment.objects.create(blob=blob, uploader=by, filename=clean_filename(filename))


@transaction.atomic
def discard_upload(attachment: Attachment, *, by: User) -> None:
    """Throw away one's own file while it is not posted; a posted one stays."""
    Attachment.objects.filter(pk=attachment.pk, uploader=by, message=None).delete()


def clean_filename(given: str) -> str:
    """A name without folders or control characters, at most 255 characters, its ending kept."""
    name = "".join(c for c in given.replace("\\", "/").rpartition("/")[2] if c.isprintable()).strip(" .")
    if not name:
        return "file"
    ending = PurePosixPath(name).suffix[:20]
    return name if len(name) <= 255 else name[: 255 - len(ending)] + ending


def own_uploads(uploads: list[int], *, by_id: int | None) -> set[int]:
    """Those files, all of them `by_id`'s and in no message, locked. Raises UploadGone."""
    if not uploads:
        return set()
    mine = Attachment.objects.select_for_update().filter(pk__in=uploads, uploader=by_id, message=None)
    found = {attachment.pk for attachment in mine}
    if missing := [pk for pk in uploads if pk not in found]:
        raise UploadGone(missing)
    return found


def attach(message: Message, content: Content, *, by_id: int | None) -> None:
    """Link the named uploads and the files that came along to `message`. Raises UploadGone."""
    if content.uploads:
        found = own_uploads(content.uploads, by_id=by_id)
        Attachment.objects.filter(pk__in=found).update(message=message)
    Attachment.objects.bulk_create(
        Attachment(
            blob=file.blob,
            message=message,
            uploader_id=by_id,
            filename=clean_filename(file.filename),
            inline=file.inline,
            content_id=file.content_id[:255],
        )
        for file in content.files
    )
