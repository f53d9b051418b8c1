"""Somebody stops working at the desk."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from deskbell.people import actions as people
from deskbell.people.models import User
from deskbell.tickets import rules
from deskbell.tickets.actions.errors import NotStaff
from deskbell.tickets.actions.properties import assign
from deskbell.tickets.models import Ticket


def tickets_of(person: User) -> QuerySet[Ticket]:
    """The open tickets `person` is in charge of."""
    return Ticket.objects.filter(active=True, assignee=person)


@transaction.atomic
def close_account(person: User, *, by: User, tickets: str = "keep", to: User | None = None) -> int:
    """Close the account and say what becomes of the person's open tickets; returns how many that were.

    `tickets`: "keep" leaves them, "free" gives them to nobody, "hand over" gives them to `to`.
    Raises NotStaff for a `to` who cannot take them, and as `people.actions.deactivate`.
    """
    if tickets == "hand over" and (to is None or to == person):
        raise NotStaff(str(to))
    theirs = [] if tickets == "keep" else list(tickets_of(person).order_by("pk"))
    for ticket in theirs:  # tickets first, in ascending order, then people
        rules.require(by, "assign", ticket)
        assign(ticket, to if tickets == "hand over" else None, by=by)
    people.deactivate(person, by=by)
    return len(theirs)
