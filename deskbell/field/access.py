"""Who comes in: people who work at the desk. Others are sent home, the signed out to the phone's sign-in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from deskbell.people.models import User
from deskbell.tickets import rules
from deskbell.tickets.guard import Gone, View, by_script, staff_only
from deskbell.tickets.models import Ticket


class Request(HttpRequest):
    """What a view behind `field` gets."""

    user: User
    htmx: HtmxDetails


def field(view: View) -> View:
    """Only for people who work at the desk. Refusals of the rules become 403, a vanished ticket a page."""
    return staff_only(view, sign_in=_sign_in, gone=_gone)


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


def _sign_in(request: HttpRequest, named: dict[str, Any]) -> HttpResponse:
    """To the sign-in page and back. A script learns it by 401: what was typed stays where it is."""
    if by_script(request):
        return JsonResponse({"detail": _("You are signed out. Sign in and try again.")}, status=401)
    if request.method in {"GET", "HEAD"}:
        back = request.get_full_path()
    elif "number" in named:
        back = reverse("field:ticket", args=[named["number"]])
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
