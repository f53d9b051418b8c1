"""One ticket: its page and the parts that are fetched later."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from deskbell.desk import reading
from deskbell.desk.access import desk, person, ticket_of
from deskbell.desk.lists import ListAddress
from deskbell.desk.pages import page, parts, ticket_page
from deskbell.kit.patience import TooSlow
from deskbell.realtime import presence
from deskbell.tickets import queries, rules, serving
from deskbell.tickets.listing import neighbours


def _cursor(request: HttpRequest) -> int | None:
    given = request.GET.get("before", "")
    return int(given) if given.isdecimal() and len(given) < 19 else None


@require_GET
@desk
def ticket(request: HttpRequest, number: int) -> HttpResponse:
    return ticket_page(request, number, before=_cursor(request))


@require_GET
@desk
def newest(request: HttpRequest, number: int) -> HttpResponse:
    """What may have changed, for a page that has heard that something did."""
    return parts(request, number)


@require_GET
@desk
def older(request: HttpRequest, number: int) -> HttpResponse:
    """The messages before those on the page."""
    found = ticket_of(request, number)
    timeline = queries.timeline(found, person(request), before=_cursor(request))
    reading.name_numbers(found, timeline.entries)
    context = {
        "ticket": found,
        "timeline": timeline,
        "may": reading.rights_at(person(request), found),
        "editable_since": None,
        "list_query": ListAddress.of(request.GET, person(request)).query(),
    }
    return page(request, "desk/_older.html", context)


@require_GET
@desk
def around(request: HttpRequest, number: int) -> HttpResponse:
    """Beside the ticket: its requester's other tickets, links, the tickets before and after it."""
    user, found = person(request), ticket_of(request, number)
    address = ListAddress.of(request.GET, user)
    try:
        before, after = neighbours(
            user, found, box=address.box.slug, filters=address.filters, sort=address.sort_shown
        )
    except TooSlow:
        before = after = None
    context = {
        "ticket": found,
        "around": reading.around(user, found),
        "may_edit": rules.may(user, "edit", found),
        "files": serving.files_of(found, user).count(),
        "before": before,
        "after": after,
        "list_query": address.query(),
        "counts": reading.box_counts(user),
        "box": address.box,
        "nav": "live",
    }
    return page(request, "desk/_around.html", context)


@require_http_methods(["GET", "POST"])
@desk
def present(request: HttpRequest, number: int) -> HttpResponse:
    """Who else is at the ticket. By POST a page says that its reader is, and what he does: presence.State."""
    user, found = person(request), ticket_of(request, number)
    if request.method == "GET":
        others = presence.others_at(found, user)
    else:
        try:
            state = presence.State(request.POST.get("state", ""))
        except ValueError:
            return HttpResponse(
                f"state is one of {', '.join(presence.State)}", status=422, content_type="text/plain"
            )
        others = presence.told(found, state, by=user)
    return render(request, "desk/_present.html", {"others": others})


@require_GET
@desk
def audit(request: HttpRequest, number: int) -> HttpResponse:
    """Everything that ever happened to the ticket."""
    found = ticket_of(request, number)
    entries, following = reading.audit(found, before=_cursor(request))
    may = reading.rights_at(person(request), found)
    context = {"ticket": found, "entries": entries, "following": following, "may": may, "tab": "audit"}
    return page(request, "desk/audit.html", context)
