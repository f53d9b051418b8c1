"""Whole pages and their parts, as answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from deskbell.channels.actions import presence
from deskbell.desk import reading
from deskbell.desk.access import Gone, person
from deskbell.desk.choices import Choice, Choices, choices
from deskbell.desk.forms import LOCAL_TIME, MessageForm
from deskbell.desk.lists import ListAddress
from deskbell.events.once import digest
from deskbell.events.once import once as do_once
from deskbell.kit import once
from deskbell.people import permissions
from deskbell.people.rights import rights_of
from deskbell.people.rules import may_look_up
from deskbell.tickets import actions, queries, rules
from deskbell.tickets.actions.bulk import may_begin
from deskbell.tickets.actions.drafts import stamp_of
from deskbell.tickets.actions.messages import NOTE_EDITABLE_FOR
from deskbell.tickets.listing import COUNT_CAP, LISTED
from deskbell.tickets.models import BulkChange, Message, Ticket

#: session key of what was chosen last beside "Send"
THEN = "desk_then"


def is_part(request: HttpRequest) -> bool:
    """Whether htmx asks, which swaps parts, and not the browser for a page."""
    return request.headers.get("HX-Request") == "true"


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page or fragment with what the frame around every page of the desk needs."""
    return render(request, template, {**_frame(request), **(context or {})}, status=status)


def _frame(request: HttpRequest) -> dict[str, Any]:
    rights = rights_of(person(request))
    return {
        "boxes": [box for box in LISTED.values() if box.slug != "my-teams" or rights.teams],
        "box": None,
        "counts": None,
        "count_cap": COUNT_CAP,
        "list_query": "",
        "at_home": False,
        "at_parked": False,
        "at_people": False,
        "at_organizations": False,
        "may_look_up": may_look_up(person(request)),
        "may_open": rights.has(permissions.TICKET_CREATE),
        "may_select": any(may_begin(person(request), verb) for verb in BulkChange.Verb),
        "may_set_up": any(rights.has(each) for each in permissions.SETTING_UP),
        "words": "",
        "nav": "load",
        "upload_limit": settings.UPLOAD_LIMIT,
    }


def gone(request: HttpRequest) -> HttpResponse:
    """There is no such ticket (any more): says so and gives back what was typed."""
    context = {"typed": request.POST.get("text", "")}
    if not is_part(request):
        return page(request, "desk/gone.html", context, status=404)
    if request.method == "GET":
        return HttpResponse(status=404)
    response = page(request, "desk/_gone.html", context, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = "#main", "innerHTML"
    return response


def done(
    request: HttpRequest, ticket: Ticket, said: str = "", *, anchor: str = "", **context: Any
) -> HttpResponse:
    """The answer to a form of the ticket page that was accepted: its parts anew, or back to the page."""
    if said:
        messages.success(request, said)
    if is_part(request):
        return once.accepted(parts(request, ticket.number, **context), request)
    return once.accepted(redirect(ticket.get_absolute_url() + anchor), request)


def once_per_form(request: HttpRequest, scope: str, content: Any, act: Callable[[], Any]) -> Any:
    """The same form with the same content counts once; with other content it is another message."""
    key = once.key_of(request)
    return do_once(scope, f"{key}:{digest(content)[:32]}", content, act)[0] if key else act()


def ticket_page(request: HttpRequest, number: int, *, status: int = 200, **context: Any) -> HttpResponse:
    """The page of a ticket. `context` as for `ticket_context`. Raises Gone."""
    whole = ticket_context(request, number, **context)
    address = ListAddress.of(request.GET, person(request))
    whole |= {"list_query": address.query(), "back": address, "box": address.box, "nav": "live"}
    return page(request, "desk/ticket.html", whole, status=status)


def parts(request: HttpRequest, number: int, *, status: int = 200, **context: Any) -> HttpResponse:
    """What changes on the page of a ticket: newest entries, head, properties; the composer if `composer`."""
    return page(request, "desk/_parts.html", ticket_context(request, number, **context), status=status)


def composer_again(request: HttpRequest, number: int, **context: Any) -> HttpResponse:
    """A form of the ticket page as it was before it was sent; a redirect would lose its files."""
    answer = parts if is_part(request) else ticket_page
    return answer(request, number, **context)


def refused(request: HttpRequest, number: int, **context: Any) -> HttpResponse:
    """A form of the ticket page with what is wrong with it, and everything that was typed."""
    answer = parts if is_part(request) else ticket_page
    return answer(request, number, status=422, **context)


def ticket_context(
    request: HttpRequest,
    number: int,
    *,
    before: int | None = None,
    composer: bool = False,
    form: MessageForm | None = None,
    uploads: list[dict[str, object]] | None = None,
    overtaken: int | None = None,
    problems: dict[str, str] | None = None,
    conflict: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything the page of a ticket shows.

    `problems` are sentences by property, `conflict` a change that came too late, `overtaken` the message
    that came while one wrote.
    """
    user = person(request)
    try:
        ticket = reading.ticket_for_page(user, number)
    except Ticket.DoesNotExist as error:
        raise Gone from error
    if not rules.may(user, "see_internal", ticket):
        raise Gone
    actions.mark_read(ticket, by=user)
    known = choices()
    timeline = queries.timeline(ticket, user, before=before, labels=known.labels)
    if ticket.conversation_id and before is None:
        presence.opened(ticket, _last_heard(timeline), by=user)
    reading.name_numbers(ticket, timeline.entries)
    form = form or _fresh_form(ticket, request.GET.get("quotes", ""))
    return {
        "ticket": ticket,
        "timeline": timeline,
        "waiting": queries.waiting_replies(ticket) if ticket.is_held else [],  # type: ignore[attr-defined]
        "people": queries.people_of(ticket),
        "may": reading.rights_at(user, ticket),
        "known": known,
        "editable_since": timezone.now() - NOTE_EDITABLE_FOR,
        "form": form,
        "quoted": _quoted(ticket, form),
        "restored": not form.is_bound and bool(ticket.draft_reply or ticket.draft_note),  # type: ignore[attr-defined]
        "uploads": uploads or [],
        "overtaken": _entry_of(timeline, overtaken),
        "composer": composer or form.is_bound,
        "thens": _thens(request, ticket, known),
        "chat": reading.chat_of(ticket),
        "parked": reading.parked_of(ticket, user),
        "part": reading.part_of(user, ticket),
        "problems": problems or {},
        "conflict": conflict,
        "due_value": timezone.localtime(ticket.due_at).strftime(LOCAL_TIME) if ticket.due_at else "",
        "overdue": bool(ticket.due_at and ticket.active and ticket.due_at < timezone.now()),
        "tab": "conversation",
    }


def _last_heard(timeline: queries.Timeline) -> Message | None:
    """The customer's newest message on the page."""
    said = (entry.message for entry in reversed(timeline.entries) if entry.message)
    return next((each for each in said if each.direction == "in" and each.external_id), None)


def _quoted(ticket: Ticket, form: MessageForm) -> Message | None:
    """The message of the customer that the reply in `form` answers."""
    given = str(form["quotes"].value() or "")
    if not ticket.conversation_id or not (given.isdecimal() and len(given) < 19):
        return None
    rows = Message.objects.filter(ticket=ticket, pk=int(given), direction="in", visibility="public")
    return rows.select_related("author").exclude(external_id="").first()


def _fresh_form(ticket: Ticket, quotes: str) -> MessageForm:
    """An empty form, or what was begun here before."""
    reply, note = ticket.draft_reply, ticket.draft_note  # type: ignore[attr-defined]
    visibility = "internal" if note and not reply else "public"
    stamp = stamp_of(ticket.draft_at)  # type: ignore[attr-defined]
    return MessageForm(
        initial={"text": reply or note or "", "visibility": visibility, "draft": stamp, "quotes": quotes}
    )


def _entry_of(timeline: queries.Timeline, pk: int | None) -> queries.Entry | None:
    return next(
        (entry for entry in timeline.entries if pk and entry.message and entry.message.pk == pk), None
    )


def _thens(request: HttpRequest, ticket: Ticket, known: Choices) -> list[Choice]:
    """What "Send" may do with the status; the one chosen last comes first."""
    keep = Choice(0, known.label("status", ticket.status_id), "keep")
    found = [keep]
    if not rules.may(person(request), "status", ticket):
        return found
    for category in ("pending", "resolved"):
        if status := known.status(category):
            found.append(Choice(status.pk, status.name, category))
    last = request.session.get(THEN, "pending")
    return sorted(found, key=lambda choice: choice.slug != last)
