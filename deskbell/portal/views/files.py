from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from deskbell.files.actions import TooBig
from deskbell.portal.access import Request, signed_in
from deskbell.portal.posting import too_big, upload
from deskbell.tickets import serving

log = logging.getLogger(__name__)


@require_POST
@signed_in
def uploads(request: Request) -> JsonResponse:
    """Keep one file until its message is sent: `{id, filename, content_type, size}`, or `{detail}`."""
    file = request.FILES.get("file")
    if file is None:
        return JsonResponse({"detail": _("No file came with this ticket.")}, status=422)
    try:
        kept = upload(file, request)
    except TooBig:
        return JsonResponse({"detail": too_big()}, status=413)
    except OSError:
        log.exception("a file could not be stored")
        detail = _("The server could not store the file. Try again later, or tell us without it.")
        return JsonResponse({"detail": detail}, status=507)
    answer = {
        "id": kept.pk,
        "filename": kept.filename,
        "content_type": kept.blob.content_type,
        "size": kept.blob.size,
    }
    return JsonResponse(answer, status=201)


@require_safe
@signed_in
def attachment(request: Request, pk: int) -> HttpResponse:
    return serving.attachment(request.user, pk, inline="inline" in request.GET)


@require_safe
@signed_in
def message_html(request: Request, pk: int) -> HttpResponse:
    images = request.GET.get("images") == "1"
    return serving.message_html(request.user, pk, images=images, inline_route="portal:inline")


@require_safe
def inline(request: HttpRequest, token: str) -> HttpResponse:
    """A picture of a mail in its frame, which sends no cookies: the signed token says who looks."""
    return serving.inline_image(token)
