"""Tickets and what happened to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Status
from pydantic import Field

from deskbell.api import choices, paging, shapes
from deskbell.api.access import caller
from deskbell.api.once import once
from deskbell.api.paging import Filter, PageQuery, only_known
from deskbell.api.problems import Problem, invalid
from deskbell.people.actions import person_for_email, person_for_phone
from deskbell.people.addresses import BadAddress, email_key, is_email, phone_key
from deskbell.people.models import Identity, User
from deskbell.tickets import actions, conditions, listing, present, queries, rules
from deskbell.tickets.content import Content
from deskbell.tickets.models import ACTIVE_CATEGORIES, Category, Ticket
from deskbell.tickets.reach import any_of, desk_arms, sees_internal

router = Router(tags=["Tickets"])

#: parameters of a list that are no filters
PAGING = frozenset({"sort", "cursor", "limit"})
#: filters by what customers are not shown (tickets/present.py)
FOR_STAFF = frozenset({"tag", "team", "due", "source"})


class TicketQuery(PageQuery):
    """Several values separated by commas mean any of them; several filters mean all of them."""

    status: Filter = Field(default="", description="Slugs.")
    category: Filter = Field(default="", description="new, open, scheduled, pending, on_hold, …")
    assignee: Filter = Field(default="", description="me, none or an id.")
    requester: Filter = Field(default="", description="me or an id.")
    organization: Filter = ""
    queue: Filter = Field(default="", description="Slugs or ids.")
    team: Filter = Field(default="", description="none or an id.")
    priority: Filter = Field(default="", description="low, normal, high, urgent.")
    type: Filter = Field(default="", description="none or slugs.")
    tag: Filter = ""
    channel: Filter = ""
    source: Filter = Field(default="", description="web, mail, phone, walk_in, api.")
    due: Filter = Field(default="", description="overdue, today, week, none.")
    q: Filter = Field(default="", description="Words in the subject, messages and the requester's name.")
    updated_since: Filter = Field(default="", description="RFC 3339. Ends with a moment `until`: see there.")
    created_since: Filter = Field(default="", description="RFC 3339.")
    sort: Filter = Field(default="", description="updated (the default), created, due, priority, waiting.")


@router.get("/tickets", response=shapes.TicketPage, summary="Tickets one may see")
def list_tickets(request: HttpRequest, query: Query[TicketQuery]) -> dict[str, Any]:
    """Trashed tickets are left out.

    With `updated_since` the answer ends with the moment `until`, before which nothing is missing: changes
    that were still being written then come with the next answer, asked with `updated_since=<until>`.
    """
    user = caller(request)
    only_known(request, query)
    if query.sort and query.sort not in listing.SORTS:
        raise invalid("sort", _("One of: %(choices)s.") % {"choices": ", ".join(listing.SORTS)})
    given = {name: value for name, value in query.model_dump(exclude=set(PAGING)).items() if value}
    if given.get("updated_since"):
        return _changes(user, given, query)
    filters, sort = _filters(user, given, query.sort), query.sort or "updated"
    page = listing.api_page(user, filters=filters, sort=sort, cursor=query.cursor or None, limit=query.limit)
    return {"items": present.tickets(page.items, reader=user), "next": page.next}


@dataclass(frozen=True)
class AtTheDesk(conditions.Condition):
    """Tickets `user` reaches as staff, beside those he asked himself."""

    user: User

    def to_q(self) -> Q:
        return any_of(desk_arms(self.user))

    def matches(self, ticket: Ticket) -> bool:
        return sees_internal(self.user, ticket)

    def plain(self) -> Any:
        return {"reached": self.user.pk}


def _filters(user: User, given: Mapping[str, str], sort: str) -> conditions.Condition | None:
    """What was asked for. Marks of the desk find nothing where they are not shown."""
    asked = conditions.from_query(_checked(given), user)
    if FOR_STAFF & given.keys() or sort == "due":
        return conditions.All((asked, AtTheDesk(user))) if asked else AtTheDesk(user)
    return asked


def _checked(given: Mapping[str, str]) -> dict[str, str]:
    """The filters with their times in one form."""
    checked = dict(given)
    for name in ("updated_since", "created_since"):
        if name in checked:
            checked[name] = paging.time_of(name, checked[name]).isoformat()
    return checked


def _changes(user: User, given: dict[str, str], query: TicketQuery) -> dict[str, Any]:
    """Tickets changed since a moment, up to one before which all changes are committed.

    The moment stays the same for all pages of one answer, so it travels in the cursor.
    """
    seal = paging.seal_of("changes", user.pk, given, query.sort)
    until, inner = paging.complete_until(), None
    if query.cursor:
        text, inner = paging.unseal(query.cursor, seal)
        until = datetime.fromisoformat(text)
    changed = _filters(user, given, query.sort)
    assert changed is not None
    filters = conditions.All((changed, conditions.Test(conditions.last_touched(user), "before", until)))
    page = listing.api_page(
        user, filters=filters, sort=query.sort or "updated", cursor=inner, limit=query.limit
    )
    following = paging.sealed([present.moment(until), page.next], seal) if page.next else None
    return {
        "items": present.tickets(page.items, reader=user),
        "next": following,
        "until": present.moment(until),
    }


@router.post("/tickets", response={201: shapes.Ticket}, summary="Open a ticket")
def create_ticket(request: HttpRequest, body: shapes.NewTicket) -> Status:
    user = caller(request)
    return once(request, body, lambda: present.ticket(_open(user, body), reader=user))


def _open(user: User, body: shapes.NewTicket) -> Ticket:
    if not rules.may_open_for_others(user):
        _only_words(body)
    choices.no_custom(body.custom)
    return actions.open_ticket(
        requester=_requester(user, body.requester),
        subject=body.subject,
        content=Content.markdown(body.body, uploads=body.uploads),
        by=user,
        source="api",
        queue=choices.queue(user, body.queue) if body.queue is not None else None,
        team=choices.team(body.team) if body.team is not None else None,
        priority=choices.priority(body.priority or "normal"),
        type=choices.ticket_type(body.type) if body.type is not None else None,
        due_at=paging.time_of("due_at", body.due_at) if body.due_at is not None else None,
        tags=body.tags,
    )


def _only_words(body: shapes.NewTicket) -> None:
    """A customer asks; how it is filed is for the desk."""
    filed = {"priority", "team", "tags", "due_at", "custom"} & body.model_fields_set
    if named := sorted(name for name in filed if getattr(body, name)):
        raise Problem(
            403,
            _("You may not do this."),
            name="not-allowed",
            errors=[(name, _("Only the desk sets this.")) for name in named],
        )


def _requester(user: User, given: shapes.Requester | None) -> User:
    if given is None:
        return user
    if sum(value is not None for value in (given.id, given.email, given.phone)) != 1:
        raise invalid("requester", _("Exactly one of id, email and phone."))
    if given.id is not None:
        return choices.person(user, given.id, "requester.id")
    if given.email is not None:
        return _by_address(user, "email", given.email, given.name)
    return _by_address(user, "phone", str(given.phone), given.name)


def _by_address(user: User, kind: str, given: str, name: str) -> User:
    """The person with the address, added when there is none; those who ask for themselves name their own."""
    field = f"requester.{kind}"
    try:
        key = email_key(given) if kind == "email" else phone_key(given)
    except BadAddress as error:
        raise invalid(field, str(error)) from error
    if kind == "email" and not is_email(given):
        raise invalid(field, _("Not an e-mail address."))
    if not rules.may_open_for_others(user):
        if not Identity.objects.filter(user=user, kind=kind, scope="", key=key).exists():
            raise rules.NotAllowed("open")
        return user
    find = person_for_email if kind == "email" else person_for_phone
    return find(given, name=name, how="api", by=user)[0]


@router.get("/tickets/{number}", response=shapes.Ticket, summary="One ticket")
def get_ticket(request: HttpRequest, number: shapes.PathId) -> dict[str, Any]:
    user = caller(request)
    return present.ticket(visible(user, number), reader=user)


def visible(user: User, number: int) -> Ticket:
    """Raises Ticket.DoesNotExist."""
    return queries.get_ticket(user, number)


@router.patch("/tickets/{number}", response=shapes.Ticket, summary="Change a ticket")
def change_ticket(request: HttpRequest, number: shapes.PathId, body: shapes.TicketChange) -> dict[str, Any]:
    """A customer may close his ticket and open it again, nothing else.

    409 with the ticket as it stands when `version` is stale for a property named here.
    """
    user = caller(request)
    ticket = visible(user, number)
    if rules.may(user, "see_internal", ticket):
        changed = actions.change(ticket, by=user, version=body.version, **_properties(user, ticket, body))
    else:
        changed = _as_customer(user, ticket, body)
    return present.ticket(Ticket.objects.with_row().get(pk=changed.pk), reader=user)


def _properties(user: User, ticket: Ticket, body: shapes.TicketChange) -> dict[str, Any]:
    if not any(rules.may(user, rule, ticket) for rule in ("status", "classify", "edit", "assign")):
        raise rules.NotAllowed("edit")
    find = {
        "status": choices.status,
        "priority": choices.priority,
        "assignee": lambda given: choices.assignee(user, given),
        "team": choices.team,
        "queue": lambda given: choices.queue(user, given),
        "type": choices.ticket_type,
        "tags": lambda given: given,
        "subject": lambda given: given,
        "due_at": lambda given: paging.time_of("due_at", given),
    }
    named = {name: getattr(body, name) for name in body.model_fields_set - {"version", "custom"}}
    choices.no_custom(body.custom or {})
    return {name: None if value is None else find[name](value) for name, value in named.items()}


def _as_customer(user: User, ticket: Ticket, body: shapes.TicketChange) -> Ticket:
    if body.model_fields_set - {"version"} != {"status"}:
        raise rules.NotAllowed("edit")
    wanted = choices.status(body.status)
    if wanted.category == Category.CLOSED:
        return actions.customer_close(ticket, by=user)
    if wanted.category == Category.OPEN:
        return _reopened(user, ticket)
    raise rules.NotAllowed("edit")


def _reopened(user: User, ticket: Ticket) -> Ticket:
    if ticket.category in ACTIVE_CATEGORIES:
        raise rules.NotAllowed("customer_reopen")
    return actions.customer_reopen(ticket, by=user)


@router.get("/tickets/{number}/events", response=shapes.Page[shapes.Event], summary="Its timeline")
def list_events(request: HttpRequest, number: shapes.PathId, query: Query[PageQuery]) -> dict[str, Any]:
    """The timeline, oldest first. Customers get what is meant for them."""
    only_known(request, query)
    user = caller(request)
    ticket = visible(user, number)
    staff = rules.may(user, "see_internal", ticket)
    rows = queries.trail(ticket, staff=staff)
    found = paging.page(rows, by=("id",), filters=[number, staff], cursor=query.cursor, limit=query.limit)
    return {"items": present.events(found.rows, reader=None if staff else user), "next": found.next}
