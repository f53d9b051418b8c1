"""Photos and files, up and down."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from deskbell.field.access import Request, field
from deskbell.tickets import serving
from deskbell.tickets.posting import answer_upload


@require_POST
@field
def uploads(request: Request) -> HttpResponse:
    return answer_upload(request)


@require_safe
@field
def attachment(request: Request, pk: int) -> HttpResponse:
    return serving.attachment(request.user, pk, inline="inline" in request.GET)


@require_safe
@field
def message_html(request: Request, pk: int) -> HttpResponse:
    return serving.message_html(request.user, pk, images="images" in request.GET, inline_route="field:inline")


@require_safe
def inline(request: HttpRequest, token: str) -> HttpResponse:
    """A picture inside a mail: the signed token says who looks."""
    return serving.inline_image(token)
