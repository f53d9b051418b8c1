"""Uploads, downloads, mails in their frame."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deskbell.desk.access import desk, person
from deskbell.files.actions import TooBig
from deskbell.kit.jinja import file_size
from deskbell.tickets import actions, serving
from deskbell.tickets.models import Attachment


@require_POST
@desk
def uploads(request: HttpRequest) -> HttpResponse:
    """Keep one file; 201 `{id, filename, size, content_type}`."""
    file = request.FILES.get("file")
    if file is None:
        return JsonResponse({"detail": _("There was no file in this upload.")}, status=400)
    try:
        kept = actions.upload(file, filename=file.name or "", by=person(request))  # type: ignore[arg-type]
    except TooBig as error:
        text = _("Too big: at most %(limit)s each.") % {"limit": file_size(error.limit)}
        return JsonResponse({"detail": text, "limit": settings.UPLOAD_LIMIT}, status=413)
    answer = {
        "id": kept.pk,
        "filename": kept.filename,
        "size": kept.blob.size,
        "content_type": kept.blob.content_type,
    }
    return JsonResponse(answer, status=201)


@require_http_methods(["DELETE"])
@desk
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw away one's own file that is not posted yet."""
    own = Attachment.objects.filter(uploader=person(request), message=None)
    actions.discard_upload(get_object_or_404(own, pk=pk), by=person(request))
    return HttpResponse(status=204)


@require_GET
@desk
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    return serving.attachment(person(request), pk, inline="inline" in request.GET)


@require_GET
@desk
def message_html(request: HttpRequest, pk: int) -> HttpResponse:
    return serving.message_html(person(request), pk, images="images" in request.GET)


@require_GET
def inline(request: HttpRequest, token: str) -> HttpResponse:
    """A picture inside a mail. Its token stands for the sign-in, which a sandboxed frame cannot show."""
    return serving.inline_image(token)
