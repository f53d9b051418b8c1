"""Who comes in: people who work at the desk. Others are sent home, the signed out to the phone's sign-in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from deskbell.people.models import User
from deskbell.people.rights import rights_of
from deskbell.tickets import rules
from deskbell.tickets.actions import TicketGone
from deskbell.tickets.models import Ticket

View = Callable[..., HttpResponse]


class Request(HttpRequest):
    """What a view behind `field` gets."""

    user: User
    htmx: HtmxDetails


class Gone(Exception):
    """There is no such ticket, or not for this person."""


def field(view: View) -> View:
    """Only for people who work at the desk. Refusals of the rules become 403, a vanished ticket a page."""

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in(request, kwargs)
        if not rights_of(request.user).staff:
            if request.method == "GET" and not _by_script(request):
                return redirect("/")
            raise Http404
        try:
            response = view(request, *args, **kwargs)
        except rules.NotAllowed as error:
            raise PermissionDenied(error.rule) from error
        except (Gone, TicketGone):
            return _gone(request)
        patch_vary_headers(response, ["HX-Request"])
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return guarded


def ticket_of(request: Request, number: int) -> Ticket:
    """The ticket as staff reach it, with everything its page shows. Raises Gone."""
    tickets = Ticket.objects.visible_to(request.user, trashed=True).with_row()
    try:
        ticket = tickets.select_related("site").get(number=number)
    except Ticket.DoesNotExist as error:
        raise Gone from error
    if not rules.may(request.user, "see_internal", ticket):
        raise Gone
    return ticket


def _by_script(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request")) or "json" in request.headers.get("Accept", "")


def _sign_in(request: HttpRequest, kwargs: dict[str, Any]) -> HttpResponse:
    """To the sign-in page and back. A script learns it by 401: what was typed stays where it is."""
    if _by_script(request):
        return JsonResponse({"detail": _("You are signed out. Sign in and try again.")}, status=401)
    if request.method in {"GET", "HEAD"}:
        back = request.get_full_path()
    elif "number" in kwargs:
        back = reverse("field:ticket", args=[kwargs["number"]])
    else:
        back = reverse("field:tickets")
    return redirect(f"{reverse('field:signin')}?{urlencode({'next': back})}")


def _gone(request: Request) -> HttpResponse:
    """Gives back what was typed."""
    context = {"typed": request.POST.get("text", "")}
    if not request.htmx:
        return render(request, "field/gone.html", context, status=404)
    if request.method == "GET":
        return HttpResponse(status=404)
    response = render(request, "field/_gone.html", context, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = "#main", "innerHTML"
    return response
