"""The list of tickets, the boxes beside it, and the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from deskbell.desk.access import desk, person
from deskbell.desk.choices import Choices, choices
from deskbell.desk.lists import CHANNELS, DUE, LABELS, ListAddress, offered
from deskbell.desk.pages import is_part, page
from deskbell.desk.reading import box_counts
from deskbell.kit.patience import TooSlow
from deskbell.people import permissions
from deskbell.people.models import User
from deskbell.people.rights import rights_of
from deskbell.search.queries import search as find
from deskbell.tickets.actions.bulk import may_begin
from deskbell.tickets.listing import BOXES, CLOSING, BadCursor, Page
from deskbell.tickets.listing import page as list_page
from deskbell.tickets.models import BulkChange, Category, Source
from deskbell.tickets.queries import unread

HITS = 50


@require_GET
@desk
def tickets(request: HttpRequest) -> HttpResponse:
    """A box, filtered and sorted; for htmx the list alone, with the counts beside it."""
    user = person(request)
    address = ListAddress.of(request.GET, user)
    problem = ""
    try:
        shown = list_page(
            user,
            box=address.box.slug,
            filters=address.filters,
            sort=address.sort_shown,
            cursor=request.GET.get("cursor") or None,
        )
    except BadCursor:
        return redirect(address.address())
    except TooSlow:
        shown = Page([], None, None)
        problem = _("That would look through too much. Add a filter that narrows it down, such as a queue.")
    known = choices()
    context = {
        "address": address,
        "box": address.box,
        "list_query": address.query(),
        "here": address.address(cursor=request.GET.get("cursor")),
        "shown": shown,
        "unread": unread(user, shown.items) if shown.items else set(),
        "counts": box_counts(user),
        "chips": address.chips(known, user),
        "problem": problem,
        "now_at": timezone.now(),
        "closing_at": timezone.now() + CLOSING,
        "panel": _panel(known),
        "labels": LABELS,
        "known": known,
        "may_bulk": _bulk_rights(user),
        "nav": "",
    }
    return page(request, "desk/_list_part.html" if is_part(request) else "desk/list.html", context)


@dataclass(frozen=True)
class BulkRights:
    """What may be tried with several tickets at once; each of them asks again."""

    assign: bool
    others: bool
    status: bool
    classify: bool
    trash: bool


def _bulk_rights(user: User) -> BulkRights:
    verb = BulkChange.Verb
    return BulkRights(
        assign=may_begin(user, verb.ASSIGN),
        others=rights_of(user).has(permissions.TICKET_ASSIGN),
        status=may_begin(user, verb.STATUS),
        classify=may_begin(user, verb.PRIORITY),
        trash=may_begin(user, verb.TRASH),
    )


def _panel(known: Choices) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """The selects of the filter panel: name, and (value, word) of each option."""
    free = {"assignee": [("me", _("me")), ("none", _("nobody"))], "team": [("none", _("none"))]}
    free["type"] = [("none", _("none"))]
    selects = []
    for name in ("status", "assignee", "team", "queue", "priority", "type"):
        options = [(choice.slug or str(choice.pk), choice.name) for choice in offered(name, known)]
        selects.append((name, (*free.get(name, []), *options)))
    return selects + _fixed_selects(get_language())


@lru_cache(maxsize=64)
def _fixed_selects(language: str) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Those whose options are ours, in the active language."""
    fixed: dict[str, Mapping[str, Any]] = {
        "category": dict(Category.choices),
        "due": DUE,
        "channel": CHANNELS,
        "source": dict(Source.choices),
    }
    return [
        (name, tuple((value, str(word)) for value, word in words.items())) for name, words in fixed.items()
    ]


@require_GET
@desk
def boxes(request: HttpRequest) -> HttpResponse:
    """The boxes with their counts, for pages that show them after the rest."""
    box = BOXES.get(request.GET.get("box", ""))
    nav = "live" if request.GET.get("nav", "live") else ""
    at_parked = request.GET.get("box") == "parked"
    context = {"counts": box_counts(person(request)), "box": box, "nav": nav, "at_parked": at_parked}
    return page(request, "desk/_boxes.html", context)


@require_GET
@desk
def search(request: HttpRequest) -> HttpResponse:
    """Tickets with all the words; a number goes to its ticket."""
    words = request.GET.get("q", "").strip()[:200]
    hits = find(person(request), words, limit=HITS) if words else []
    if hits and hits[0].number_match:
        return redirect("desk:ticket", hits[0].ticket.number)
    return page(request, "desk/search.html", {"words": words, "hits": hits, "most": HITS})
