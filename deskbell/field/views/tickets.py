"""My tickets, and one of them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from deskbell.field import reading
from deskbell.field.access import Request, field, ticket_of
from deskbell.field.forms import MessageForm
from deskbell.people import permissions
from deskbell.people.queries import phones_of
from deskbell.people.rights import rights_of
from deskbell.tickets import actions, queries, rules
from deskbell.tickets.models import Ticket
from deskbell.tickets.pointers import final

#: messages on a page: the first must come quickly over a slow line
SHOWN = 6


@require_safe
@field
def tickets(request: Request) -> HttpResponse:
    jobs = reading.my_tickets(request.user, agent=_agent(request))
    context = {
        "jobs": jobs[: reading.LISTED],
        "more": len(jobs) > reading.LISTED,
        "may_open": rights_of(request.user).has(permissions.TICKET_CREATE),
    }
    return render(request, "field/_list.html" if request.htmx else "field/tickets.html", context)


@require_safe
@field
def ticket(request: Request, number: int) -> HttpResponse:
    shown = ticket_of(request, number)
    if shown.merged_into_id is not None and (whole := _reached(request, final(shown))):
        address = reverse("field:ticket", args=[whole.number])
        return HttpResponse(headers={"HX-Redirect": address}) if request.htmx else redirect(address)
    given = request.GET.get("before", "")
    before = int(given) if given.isdecimal() and len(given) < 19 else None
    if request.htmx:
        return render(request, "field/_ticket.html", ticket_context(request, shown, before=before))
    return ticket_page(request, shown, before=before)


def _reached(request: Request, whole: Ticket) -> Ticket | None:
    return whole if rules.may(request.user, "see_internal", whole) and not whole.trashed else None


def ticket_page(
    request: Request,
    shown: Ticket,
    *,
    form: MessageForm | None = None,
    uploads: list[dict[str, Any]] | None = None,
    before: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, or for a refused form sent by a script the form alone."""
    form = form or MessageForm(initial={"visibility": "internal"})
    if request.htmx:
        context = composer_context(request, shown, form, uploads)
        return render(request, "field/_composer.html", context, status=status)
    whole = ticket_context(request, shown, before=before)
    return render(
        request,
        "field/ticket.html",
        whole | composer_context(request, shown, form, uploads),
        status=status,
    )


def ticket_context(request: Request, shown: Ticket, *, before: int | None = None) -> dict[str, Any]:
    """Everything but the form, newest message first."""
    actions.mark_read(shown, by=request.user)
    timeline = queries.timeline(shown, request.user, before=before, limit=SHOWN)
    return {
        "ticket": shown,
        "job": reading.job(shown, phones_of([shown.requester]), _agent(request)),
        "entries": timeline.entries[::-1],
        "older": timeline.older,
        "before": before,
    }


def composer_context(
    request: Request, shown: Ticket, form: MessageForm, uploads: list[dict[str, Any]] | None
) -> dict[str, Any]:
    return {
        "ticket": shown,
        "form": form,
        "uploads": uploads or [],
        "limit": settings.UPLOAD_LIMIT,
        "may": {rule: rules.may(request.user, rule, shown) for rule in ("reply", "note", "status", "claim")},
    }


def _agent(request: Request) -> str:
    return request.headers.get("User-Agent", "")
