"""Messages of a second matter go to a ticket of their own, or to another one of the same customer."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from deskbell.events.actor import SYSTEM
from deskbell.events.publish import publish
from deskbell.people.models import User
from deskbell.people.rights import rights_of
from deskbell.tickets import events, rules
from deskbell.tickets.actions.carrying import carry, unanswered_since, waits, waits_less
from deskbell.tickets.actions.errors import NotMovable
from deskbell.tickets.actions.lock import lock_both, lock_unmerged
from deskbell.tickets.actions.properties import clean_subject, default_status
from deskbell.tickets.models import Category, Message, Ticket, TicketLink, Watcher
from deskbell.tickets.pointers import final


@transaction.atomic
def split(ticket: Ticket, messages: Iterable[int], *, subject: str, by: User) -> Ticket:
    """A new ticket of the same customer, with these messages (ids) of `ticket` and their files.

    It is in the same hands, whoever is copied in there is here too, and each points to the other. Nobody
    outside is told. Raises NotAllowed, NotMovable, TicketMerged.
    """
    ticket = lock_unmerged(ticket)
    rules.require(by, "merge", ticket)
    chosen = _chosen(ticket, messages)
    first, public = chosen[0], [each for each in chosen if not each.internal]
    answer = next((each for each in public if each.direction == "out"), None)
    category = Category.NEW if ticket.category == Category.NEW and answer is None else Category.OPEN
    assignee = ticket.assignee
    if assignee and not (assignee.is_active and rights_of(assignee).takes_tickets):
        assignee = None
    opened = Ticket.objects.create(
        subject=clean_subject(subject) or ticket.subject,
        requester=ticket.requester,
        organization_id=ticket.organization_id,
        site_id=ticket.site_id,
        queue=ticket.queue,
        team_id=ticket.team_id,
        assignee=assignee,
        status=default_status(category),
        category=category,
        priority=ticket.priority,
        type_id=ticket.type_id,
        source=ticket.source,
        channel=ticket.channel,
        conversation_id=ticket.conversation_id,
        created_at=first.created_at,
        first_responded_at=answer.created_at if answer else None,
    )
    TicketLink.objects.create(ticket=opened, target=ticket, kind=TicketLink.Kind.SPLIT)
    happened = publish(_opened(opened, ticket, first), about=opened, by=by)
    for watcher in Watcher.objects.filter(ticket=ticket, kind=Watcher.Kind.CC).order_by("pk"):
        Watcher.objects.create(ticket=opened, user_id=watcher.user_id, kind=Watcher.Kind.CC)
        publish(events.CopyAdded(user_id=watcher.user_id), about=opened, by=SYSTEM, cause=happened)
    carry([each.pk for each in chosen], ticket, opened, how="split", by=by, cause=happened)
    waits(opened, unanswered_since(opened))
    waits_less(ticket)
    if assignee:
        publish(events.Assigned(version=1, before=None, after=assignee.pk), about=opened, by=by)
    return opened


def _opened(opened: Ticket, ticket: Ticket, first: Message) -> events.Opened:
    return events.Opened(
        number=opened.number,
        source=opened.source,
        requester_id=opened.requester_id,
        message_id=first.pk,
        tell=False,
        split_from=ticket.pk,
    )


@transaction.atomic
def move_messages(ticket: Ticket, messages: Iterable[int], to: Ticket, *, by: User) -> Ticket:
    """These messages (ids) of `ticket` go to another ticket of its customer, which is returned.

    Raises NotAllowed, NotMovable, TicketMerged.
    """
    to = final(to)
    if to.pk == ticket.pk:
        raise NotMovable("same")
    ticket, to = lock_both(ticket, to)
    for each in (ticket, to):
        rules.require(by, "merge", each)
        if each.merged_into_id is not None:
            raise NotMovable("merged")
    if to.trashed or to.spam:
        raise NotMovable("removed")
    if to.requester_id != ticket.requester_id:
        raise NotMovable("customer")
    chosen = _chosen(ticket, messages)
    carry([each.pk for each in chosen], ticket, to, how="move", by=by)
    if ticket.waiting_since is not None:
        asked = [each for each in chosen if not each.internal and each.direction == "in"]
        times = [each.created_at for each in asked if each.created_at >= ticket.waiting_since]
        waits(to, min(times, default=None))
        waits_less(ticket)
    return to


def _chosen(ticket: Ticket, given: Iterable[int]) -> list[Message]:
    """The messages, oldest first. A forward and what came back to it stay together."""
    ids = set(given)
    rows = list(Message.objects.filter(ticket=ticket).only("pk", "details").order_by("pk"))
    here = {row.pk: row.details.get("answers") for row in rows}
    if not ids:
        raise NotMovable("none")
    if ids - here.keys():
        raise NotMovable("gone")
    while (
        more := {
            other
            for pk, answered in here.items()
            if answered in here
            for other in (pk, answered)
            if (pk in ids) != (answered in ids)
        }
        - ids
    ):
        ids |= more
    if ids == here.keys():
        raise NotMovable("all")
    return list(Message.objects.filter(pk__in=ids).order_by("pk"))
