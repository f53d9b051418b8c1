"""Who is told. Never the person who caused it, never somebody inactive or without an address."""

from __future__ import annotations

from collections.abc import Iterable

from deskbell.events.models import Event
from deskbell.people import queries
from deskbell.people.models import User
from deskbell.tickets.models import Ticket, Watcher
from deskbell.tickets.reach import sees_internal


def told(people: Iterable[User | None], event: Event) -> list[User]:
    """`people` without repeats, without the actor of `event` and without those mail cannot reach."""
    actor = event.actor_id if event.actor_kind == "user" else None
    unique = {person.pk: person for person in people if person is not None}
    return [person for person in unique.values() if person.pk != actor and person.is_active and person.email]


def customers(ticket: Ticket) -> list[User]:
    """The requester, then the people copied in."""
    copied = Watcher.objects.filter(ticket=ticket, kind=Watcher.Kind.CC).select_related("user").order_by("pk")
    return [ticket.requester, *(watcher.user for watcher in copied)]


def team(ticket: Ticket) -> list[User]:
    """The people of the ticket's team, else of its queue's."""
    team_id = ticket.team_id or ticket.queue.team_id
    return list(queries.members(team_id)) if team_id else []


def in_charge(ticket: Ticket) -> list[User]:
    """The assignee, else the team; only those who may still see the ticket as staff."""
    people = [ticket.assignee] if ticket.assignee else team(ticket)
    return [person for person in people if sees_internal(person, ticket)]
