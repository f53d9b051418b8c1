"""Uploads, downloads, mails in their frame."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deskbell.desk.access import desk, person
from deskbell.tickets import actions, serving
from deskbell.tickets.models import Attachment
from deskbell.tickets.posting import answer_upload


@require_POST
@desk
def uploads(request: HttpRequest) -> HttpResponse:
    return answer_upload(request, as_it_is=True)


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
def archive(request: HttpRequest, number: int) -> HttpResponse:
    """All files of a ticket in one zip."""
    return serving.archive(person(request), number)


@require_GET
@desk
def message_html(request: HttpRequest, pk: int) -> HttpResponse:
    return serving.message_html(person(request), pk, images="images" in request.GET)


@require_GET
def inline(request: HttpRequest, token: str) -> HttpResponse:
    """A picture inside a mail. Its token stands for the sign-in, which a sandboxed frame cannot show."""
    return serving.inline_image(token)
