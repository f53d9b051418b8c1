"""Files on their way in, and those of messages."""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import File, Router, Status
from ninja.files import UploadedFile

from deskbell.api import shapes
from deskbell.api.access import caller
from deskbell.api.once import HEADER, once
from deskbell.files.actions import TooBig
from deskbell.people.models import User
from deskbell.tickets import actions, present, serving
from deskbell.tickets.models import Attachment

router = Router(tags=["Files"])


@router.post("/uploads", response={201: shapes.Upload}, summary="Bring a file for a message or a ticket")
def upload(request: HttpRequest, file: File[UploadedFile]) -> Status:
    """Its `id` goes into `uploads` of the message. What is not posted within a day is thrown away."""
    user = caller(request)
    if file.size is not None and file.size > settings.UPLOAD_LIMIT:
        raise TooBig(settings.UPLOAD_LIMIT)
    content = {"filename": file.name, "sha256": _digest(file)} if HEADER in request.headers else {}
    return once(request, content, lambda: _kept(file, user))


def _digest(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _kept(file: UploadedFile, user: User) -> dict[str, Any]:
    shape = present.attachment(actions.upload(cast(BinaryIO, file), filename=file.name or "", by=user))
    del shape["inline"]
    return shape


@router.get("/attachments/{id}", response=shapes.AttachmentDetail, summary="What a file is")
def get_attachment(request: HttpRequest, id: shapes.PathId) -> dict[str, Any]:
    row = _visible(request, id)
    return {**present.attachment(row), "message": row.message_id}


@router.get(
    "/attachments/{id}/content",
    summary="The file itself",
    openapi_extra={
        "responses": {
            200: {
                "description": "OK",
                "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
def get_content(request: HttpRequest, id: shapes.PathId) -> HttpResponse:
    return serving.attachment(caller(request), id, inline=True)


def _visible(request: HttpRequest, pk: int) -> Attachment:
    """Raises Attachment.DoesNotExist."""
    return Attachment.objects.visible_to(caller(request)).select_related("blob").get(pk=pk)
