"""Two tickets become one; messages go to another ticket."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from deskbell.api import shapes
from deskbell.api.access import caller
from deskbell.api.calls.tickets import visible
from deskbell.api.once import once
from deskbell.people.models import User
from deskbell.tickets import actions, present, rules
from deskbell.tickets.models import Ticket

router = Router(tags=["Tickets"])


def _both(user: User, number: int, other: int) -> tuple[Ticket, Ticket]:
    """Raises Ticket.DoesNotExist, NotAllowed: nothing is said of a ticket that may not be changed."""
    ticket, target = visible(user, number), visible(user, other)
    for each in (ticket, target):
        rules.require(user, "merge", each)
    return ticket, target


def _shown(ticket: Ticket, user: User) -> dict[str, Any]:
    return present.ticket(Ticket.objects.with_row().get(pk=ticket.pk), reader=user)


@router.post("/tickets/{number}/merge", response=shapes.Ticket, summary="Merge it into another")
def merge_ticket(request: HttpRequest, number: shapes.PathId, body: shapes.Merge) -> dict[str, Any]:
    """All of it stands in `into` from now on, which is answered. This one is closed and points there
    (`merged_into`); what comes to it goes there. Merging twice does nothing."""
    user = caller(request)
    ticket, into = _both(user, number, body.into)
    return _shown(actions.merge(ticket, into, by=user, share=body.share), user)


@router.delete("/tickets/{number}/merge", response=shapes.Ticket, summary="Undo its merge")
def unmerge_ticket(request: HttpRequest, number: shapes.PathId) -> dict[str, Any]:
    """For seven days. What was said in the other one since stays there."""
    user = caller(request)
    return _shown(actions.unmerge(visible(user, number), by=user), user)


@router.post("/tickets/{number}/splits", response={201: shapes.Ticket}, summary="Split messages off")
def split_ticket(request: HttpRequest, number: shapes.PathId, body: shapes.Split) -> Status:
    """A new ticket of the same customer with these messages and their files; nobody outside is told."""
    user = caller(request)

    def act() -> dict[str, Any]:
        ticket = visible(user, number)
        return _shown(actions.split(ticket, body.messages, subject=body.subject, by=user), user)

    return once(request, body, act)


@router.post("/tickets/{number}/moves", response=shapes.Ticket, summary="Move messages to another")
def move_messages(request: HttpRequest, number: shapes.PathId, body: shapes.Move) -> dict[str, Any]:
    """Answers the ticket in which they stand now."""
    user = caller(request)
    ticket, to = _both(user, number, body.to)
    return _shown(actions.move_messages(ticket, body.messages, to, by=user), user)
