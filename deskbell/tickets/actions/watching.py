from __future__ import annotations

from django.db import transaction

from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.people.actions import person_for_email
from deskbell.people.models import User
from deskbell.tickets import events, rules
from deskbell.tickets.actions.errors import TooManyCopies
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.models import Ticket, Watcher

#: people whom a customer may copy in on one ticket, and those of them outside the ticket's organisation
COPIES, STRANGERS = 20, 5


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


@transaction.atomic
def copy_address(ticket: Ticket, address: str, *, by: User) -> User:
    """Copy in the person with this e-mail address, whom we may not know yet. Returns the person.

    Raises NotAllowed, BadAddress, and for a customer TooManyCopies; nothing was written then. The requester
    is copied anyway: naming him does nothing.
    """
    ticket = lock(ticket)
    rules.require(by, "copy", ticket)
    person, _ = person_for_email(address, how="copy", by=by)
    if not rules.may(by, "reply", ticket):
        _within_limits(ticket, person)
    put_copy(ticket, person, by=by)
    return person


def _within_limits(ticket: Ticket, person: User) -> None:
    """A customer must not make the desk write to any number of strangers."""
    copied = User.objects.filter(
        pk__in=Watcher.objects.filter(ticket=ticket, kind=Watcher.Kind.CC).values("user")
    )
    home = ticket.organization_id
    others = list(copied.exclude(pk=person.pk).values_list("organization_id", flat=True))
    strangers = [organization for organization in others if organization is None or organization != home]
    stranger = person.organization_id is None or person.organization_id != home
    if len(others) >= COPIES or (stranger and len(strangers) >= STRANGERS):
        raise TooManyCopies


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
