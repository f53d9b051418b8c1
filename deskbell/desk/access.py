"""Who comes in, and what a refused request gets to read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers

from deskbell.people.models import User
from deskbell.people.rights import rights_of
from deskbell.tickets import rules
from deskbell.tickets.actions import TicketGone
from deskbell.tickets.models import Message, Ticket
from deskbell.tickets.queries import get_ticket

View = Callable[..., HttpResponse]


class Gone(Exception):
    """There is no such ticket, or not for this person."""


def desk(view: View) -> View:
    """Only for people who work at the desk. Refusals of the rules become 403, a vanished ticket a page."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in(request)
        if not rights_of(person(request)).staff:
            if request.method == "GET" and not _wants_part(request):
                return redirect("/")
            raise Http404
        try:
            response = view(request, *args, **kwargs)
        except rules.NotAllowed as error:
            raise PermissionDenied(error.rule) from error
        except (Gone, TicketGone):
            from deskbell.desk.pages import gone  # pages render with what is defined here

            return gone(request)
        patch_vary_headers(response, ["HX-Request"])
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return inner


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


def _wants_part(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request")) or "json" in request.headers.get("Accept", "")


def _sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back. A script that asked for a part learns it by 401: nothing is lost then."""
    if _wants_part(request):
        return HttpResponse(status=401)
    back = request.get_full_path() if request.method == "GET" else _page_before(request)
    return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': back})}")


def _page_before(request: HttpRequest) -> str:
    """The page a form was sent from, which keeps what was typed; the desk when the browser does not say."""
    parts = urlsplit(request.headers.get("Referer", ""))
    return parts.path if parts.netloc == request.get_host() and parts.path.startswith("/desk/") else "/desk/"
