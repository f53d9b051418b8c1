"""Customer companies, to read: they are shaped in the setup."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from deskbell.desk import directory
from deskbell.desk.access import desk
from deskbell.desk.access import person as reader_of
from deskbell.desk.pages import page
from deskbell.kit.patience import TooSlow
from deskbell.people import permissions, queries, rules
from deskbell.people.models import Organization
from deskbell.tickets.listing import BadCursor, tickets_about


@require_GET
@desk
def organizations(request: HttpRequest) -> HttpResponse:
    """By name, found by words."""
    user = reader_of(request)
    if not rules.may_look_up(user):
        raise PermissionDenied(permissions.PEOPLE_VIEW)
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    shown, problem = directory.Page[Organization]([], None, None), ""
    try:
        rows = queries.organizations(user, words=words).prefetch_related("domains")
        shown = directory.page(rows, request.GET)
    except TooSlow:
        problem = _("That would look through too much. Write a longer part of the name.")
    kept = {"q": words} if words else {}
    context = {
        "shown": shown,
        "problem": problem,
        "said": words,
        "open_tickets": directory.open_tickets(user, "organization", shown.items),
        "address": lambda **place: f"?{urlencode({**kept, **place})}",
        "at_organizations": True,
    }
    return page(request, "desk/organizations.html", context)


@require_GET
@desk
def organization(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader_of(request)
    company = get_object_or_404(queries.visible_organizations(user), pk=pk)
    if not rules.may_look_up(user):
        raise PermissionDenied(permissions.PEOPLE_VIEW)
    about = Q(organization_id=company.pk)
    try:
        tickets = tickets_about(user, about, cursors=request.GET.dict())
    except BadCursor:
        return redirect("desk:organization", pk)
    people = directory.people_of(user, company)
    context = {
        "organization": company,
        "domains": list(company.domains.order_by("domain")),
        "sites": list(company.sites.order_by("name")),
        "people": people[: directory.PEOPLE_SHOWN],
        "more_people": len(people) > directory.PEOPLE_SHOWN,
        "tickets": tickets,
        "at_organizations": True,
    }
    return page(request, "desk/organization.html", context)
