"""Who comes in, and what a refused request gets to read."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from deskbell.people.models import User
from deskbell.tickets import rules
from deskbell.tickets.guard import Gone, View, by_script, staff_only
from deskbell.tickets.models import Message, Ticket
from deskbell.tickets.queries import get_ticket


def desk(view: View) -> View:
    """Only for people who work at the desk. Refusals of the rules become 403, a vanished ticket a page."""
    return staff_only(view, sign_in=_sign_in, gone=_gone)


def _gone(request: HttpRequest) -> HttpResponse:
    from deskbell.desk.pages import gone  # pages render with what is defined here

    return gone(request)


def person(request: HttpRequest) -> User:
    """The signed-in person of a view behind `desk`."""
    return cast(User, request.user)


def ticket_of(request: HttpRequest, number: int) -> Ticket:
    """The ticket, as staff reach it. Raises Gone."""
    try:
        ticket = get_ticket(person(request), number)
    except Ticket.DoesNotExist as error:
        raise Gone from error
    if not rules.may(person(request), "see_internal", ticket):
        raise Gone
    return ticket


def message_of(request: HttpRequest, pk: int) -> Message:
    """A message of a ticket reached as staff. Raises Gone."""
    messages = Message.objects.visible_to(person(request)).select_related("ticket__queue", "author")
    message = messages.filter(pk=pk, ticket__isnull=False).first()
    if message is None or not rules.may(person(request), "see_internal", cast(Ticket, message.ticket)):
        raise Gone
    return message


def _sign_in(request: HttpRequest, named: dict[str, Any]) -> HttpResponse:
    """To the sign-in page and back. A script that asked for a part learns it by 401: nothing is lost then."""
    if by_script(request):
        return HttpResponse(status=401)
    back = request.get_full_path() if request.method == "GET" else _page_before(request)
    return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': back})}")


def _page_before(request: HttpRequest) -> str:
    """The page a form was sent from, which keeps what was typed; the desk when the browser does not say."""
    parts = urlsplit(request.headers.get("Referer", ""))
    return parts.path if parts.netloc == request.get_host() and parts.path.startswith("/desk/") else "/desk/"
