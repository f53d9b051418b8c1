from __future__ import annotations

from django.db import transaction

from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.people.models import User
from deskbell.tickets import events, rules
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.models import Ticket, Watcher


@transaction.atomic
def watch(ticket: Ticket, *, by: User) -> None:
    """Follow a ticket: be told what happens to it."""
    ticket = lock(ticket)
    rules.require(by, "watch", ticket)
    _, made = Watcher.objects.get_or_create(ticket=ticket, user=by, kind=Watcher.Kind.FOLLOW)
    if made:
        publish(events.Watched(user_id=by.pk), about=ticket, by=by)


@transaction.atomic
def unwatch(ticket: Ticket, *, by: User) -> None:
    ticket = lock(ticket)
    removed, _ = Watcher.objects.filter(ticket=ticket, user=by, kind=Watcher.Kind.FOLLOW).delete()
    if removed:
        publish(events.Unwatched(user_id=by.pk), about=ticket, by=by)


@transaction.atomic
def add_copy(ticket: Ticket, person: User, *, by: Actor | User) -> None:
    """Copy `person` in: he sees what is public and gets it by mail."""
    ticket = lock(ticket)
    rules.require(by, "copy", ticket)
    put_copy(ticket, person, by=by)


def put_copy(ticket: Ticket, person: User, *, by: Actor | User) -> None:
    """As `add_copy`, for a caller that holds the lock and has checked."""
    if person.pk == ticket.requester_id:
        return
    _, made = Watcher.objects.get_or_create(ticket=ticket, user=person, kind=Watcher.Kind.CC)
    if made:
        publish(events.CopyAdded(user_id=person.pk), about=ticket, by=by)


@transaction.atomic
def remove_copy(ticket: Ticket, person: User, *, by: Actor | User) -> None:
    ticket = lock(ticket)
    rules.require(by, "copy", ticket)
    removed, _ = Watcher.objects.filter(ticket=ticket, user=person, kind=Watcher.Kind.CC).delete()
    if removed:
        publish(events.CopyRemoved(user_id=person.pk), about=ticket, by=by)
