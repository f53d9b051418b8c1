from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from deskbell.portal.access import Request, signed_in
from deskbell.tickets import serving
from deskbell.tickets.posting import answer_upload


@require_POST
@signed_in
def uploads(request: Request) -> JsonResponse:
    return answer_upload(request)


@require_safe
@signed_in
def attachment(request: Request, pk: int) -> HttpResponse:
    return serving.attachment(request.user, pk, inline="inline" in request.GET)


@require_safe
@signed_in
def archive(request: Request, number: int) -> HttpResponse:
    """All files of a ticket in one zip."""
    return serving.archive(request.user, number)


@require_safe
@signed_in
def message_html(request: Request, pk: int) -> HttpResponse:
    images = request.GET.get("images") == "1"
    return serving.message_html(request.user, pk, images=images, inline_route="portal:inline")


@require_safe
def inline(request: HttpRequest, token: str) -> HttpResponse:
    """A picture of a mail in its frame, which sends no cookies: the signed token says who looks."""
    return serving.inline_image(token)
