"""Somebody stops working at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from deskbell.people import actions as people
from deskbell.people.models import Team, User
from deskbell.tickets import rules
from deskbell.tickets.actions.bulk import start_bulk
from deskbell.tickets.actions.errors import NotStaff
from deskbell.tickets.actions.properties import change
from deskbell.tickets.models import BulkChange, Draft, SavedReply, Ticket, Watcher

#: tickets handed over in the transaction that closes the account; more go through a job
AT_ONCE = 500


@dataclass(frozen=True)
class Holdings:
    """How much of the desk is in one person's hands."""

    tickets: int
    followed: int
    replies: int
    drafts: int


@dataclass(frozen=True)
class Closed:
    """How many tickets were handed over; `bulk` is the job that still does it, if they were many."""

    tickets: int
    bulk: BulkChange | None = None


def tickets_of(person: User) -> QuerySet[Ticket]:
    """The open tickets `person` is in charge of."""
    return Ticket.objects.filter(active=True, assignee=person)


def holdings(person: User) -> Holdings:
    followed = Watcher.objects.filter(user=person, kind=Watcher.Kind.FOLLOW, ticket__active=True)
    return Holdings(
        tickets=tickets_of(person).count(),
        followed=followed.count(),
        replies=SavedReply.objects.filter(owner=person).count(),
        drafts=Draft.objects.filter(user=person).exclude(text="").count(),
    )


@transaction.atomic
def close_account(
    person: User, *, by: User, tickets: str = "keep", to: User | None = None, team: Team | None = None
) -> Closed:
    """Close the account and say what becomes of the person's open tickets.

    `tickets`: "keep" leaves them, "free" gives them to nobody in the team they are in, "team" to nobody in
    `team`, "hand over" to `to`. Raises NotStaff for a `to` who cannot take them, and as
    `people.actions.deactivate`.
    """
    if tickets == "hand over" and (to is None or to == person):
        raise NotStaff(str(to))
    theirs = [] if tickets == "keep" else list(tickets_of(person).order_by("pk"))
    if len(theirs) > AT_ONCE:
        people.deactivate(person, by=by)
        if tickets == "team" and team:
            return Closed(len(theirs), start_bulk(theirs, "hand_over", team.pk, by=by))
        return Closed(len(theirs), start_bulk(theirs, "assign", to.pk if to else None, by=by))
    values: dict[str, Any] = {"assignee": to if tickets == "hand over" else None} | (
        {"team": team} if team else {}
    )
    for ticket in theirs:  # tickets first, in ascending order, then people
        rules.require(by, "assign", ticket)
        change(ticket, by=by, **values)
    people.deactivate(person, by=by)
    return Closed(len(theirs))
