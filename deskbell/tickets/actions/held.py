"""Replies and forwards that leave a moment after they were sent, and may be taken back until then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM
from deskbell.events.publish import publish
from deskbell.people.actions import person_for_email
from deskbell.people.models import User
from deskbell.tickets import events, rules
from deskbell.tickets.actions.attachments import own_uploads
from deskbell.tickets.actions.drafts import forget_draft
from deskbell.tickets.actions.errors import (
    ColleagueSends,
    EmptyMessage,
    LeftAlready,
    NothingToWaitFor,
    TicketGone,
    UploadGone,
)
from deskbell.tickets.actions.forwarding import checked, write_forward
from deskbell.tickets.actions.lock import lock, lock_unmerged
from deskbell.tickets.actions.messages import can_leave, not_overtaken, write_reply
from deskbell.tickets.actions.waiting import as_draft
from deskbell.tickets.content import Content
from deskbell.tickets.forwards import Forward
from deskbell.tickets.models import Draft, HeldReply, Message, Status, Ticket
from deskbell.tickets.models.conversation import MARGIN

#: a reply that should have left this long ago has lost its job
OVERDUE_AFTER = timedelta(seconds=30)
AT_ONCE = 200


@transaction.atomic
def hold_reply(
    ticket: Ticket,
    content: Content,
    *,
    by: User,
    seconds: int | None,
    status: Status | None = None,
    copy: list[str] | None = None,
    after: int | None = None,
) -> HeldReply:
    """As `reply`, but it leaves in `seconds` or, with None, when the customer opens his closed chat by
    writing. `copy` are addresses.

    Raises as `reply`, and ColleagueSends while somebody else's reply to this ticket waits to leave.
    """
    ticket = lock_unmerged(ticket)
    rules.require(by, "reply", ticket)
    if status is not None:
        rules.require(by, "status", ticket)
    if content.empty:
        raise EmptyMessage
    if seconds is not None:
        can_leave(ticket, content)
    elif ticket.conversation is None or ticket.conversation.is_open or content.way:
        raise NothingToWaitFor
    not_overtaken(ticket, by, after)
    leaving = HeldReply.objects.filter(ticket=ticket, forward__isnull=True, leaves_at__isnull=False)
    replies = leaving if seconds is not None else leaving.none()
    if other := replies.exclude(author=by).select_related("author").first():
        raise ColleagueSends(other.author.display_name)
    own_uploads(content.uploads, by_id=by.pk)
    now = timezone.now()
    held = HeldReply.objects.create(
        ticket=ticket,
        author=by,
        text=content.text,
        uploads=content.uploads,
        copy=copy or [],
        bcc=content.bcc,
        way=content.way,
        in_reply_to=content.in_reply_to,
        status=status,
        held_at=now,
        leaves_at=None if seconds is None else now + timedelta(seconds=seconds),
    )
    forget_draft(by, kind=Draft.Kind.REPLY, ticket=ticket)
    publish(events.ReplyHeld(held_id=held.pk, waits=held.waits), about=ticket, by=by)
    if not held.waits:
        _leave_later(held)
    return held


@transaction.atomic
def hold_forward(ticket: Ticket, given: Forward, *, by: User, seconds: int) -> HeldReply:
    """As `forward`, but it leaves in `seconds`."""
    ticket = lock_unmerged(ticket)
    rules.require(by, "forward", ticket)
    given, now = checked(ticket, given), timezone.now()
    held = HeldReply.objects.create(
        ticket=ticket,
        author=by,
        text=given.text,
        forward=given.beside_text,
        held_at=now,
        leaves_at=now + timedelta(seconds=seconds),
    )
    publish(events.ReplyHeld(held_id=held.pk, forward=True), about=ticket, by=by)
    _leave_later(held)
    return held


def _leave_later(held: HeldReply) -> None:
    from deskbell.tickets.jobs import send_held  # app-ready: the job application exists only after set-up

    # one lock for all of a ticket: they leave in the order in which they were written
    send_held.configure(lock=f"held:{held.ticket_id}", schedule_at=held.leaves_at).defer(held_id=held.pk)


@transaction.atomic
def take_back(held_id: int, ticket: Ticket, *, by: User) -> HeldReply:
    """Its writer takes it back: the words of a reply are his draft again, before what he has begun since.
    One that waits for the customer may be taken back by whoever may reply; it is its writer's draft, too.

    Raises LeftAlready when it is gone (or was taken back), NotAllowed when it may not be taken back by `by`.
    """
    ticket = lock(ticket)
    held = HeldReply.objects.filter(pk=held_id, ticket=ticket).first()
    if held is None:
        raise LeftAlready
    if held.author_id != by.pk:
        if not held.waits:
            raise rules.NotAllowed("undo")
        rules.require(by, "reply", ticket)
    if held.forward is None:
        held.text = as_draft(held)
    HeldReply.objects.filter(pk=held.pk).delete()
    publish(events.ReplyTakenBack(held_id=held.pk, forward=held.forward is not None), about=ticket, by=by)
    return held


@transaction.atomic
def send_held(held_id: int) -> Message | None:
    """It leaves: from now on it is a message. None when it was taken back, or has left before.

    It was allowed when it was sent, so a right lost in these seconds stops it no more. The ticket's state
    is not set over the head of a customer who wrote meanwhile. Without a file of its own it is not sent but
    given back as a draft.
    """
    found = HeldReply.objects.select_related("ticket").filter(pk=held_id).first()
    if found is None:
        return None
    try:
        ticket = lock(found.ticket)
    except TicketGone:
        return None
    held = HeldReply.objects.select_related("author", "status").filter(pk=held_id).first()
    if held is None:
        return None
    held.ticket = ticket
    if held.waits and not (ticket.conversation and ticket.conversation.is_open):
        return None
    held_pk, author = held.pk, held.author
    HeldReply.objects.filter(pk=held_pk).delete()
    if held.forward is not None:
        return write_forward(ticket, Forward(text=held.text, **held.forward), by=author)
    try:
        own_uploads(held.uploads, by_id=author.pk)
    except UploadGone:
        as_draft(held)
        publish(events.ReplyReturned(held_id=held_pk), about=ticket, by=SYSTEM)
        return None
    content = Content.markdown(held.text, uploads=held.uploads, bcc=held.bcc, way=held.way)
    return write_reply(
        ticket,
        replace(content, in_reply_to=held.in_reply_to),
        by=author,
        status=held.status,
        copy=[person_for_email(address, how="made", by=author)[0] for address in held.copy],
        written_at=held.held_at,
        waited=held.waits,
    )


def overdue(*, now: datetime) -> list[int]:
    """Replies whose job was lost, oldest first."""
    late = HeldReply.objects.filter(leaves_at__lt=now - OVERDUE_AFTER)
    return list(late.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def send_waiting(conversation_id: int) -> None:
    """The customer has opened his chat: what waited for that leaves in the order in which it was written."""
    waiting = HeldReply.objects.filter(ticket__conversation=conversation_id, leaves_at=None)
    for held_id in waiting.order_by("pk").values_list("pk", flat=True):
        send_held(held_id)


def waited_for(*, now: datetime) -> list[int]:
    """Conversations that are open though something still waits for that: the job was lost."""
    waiting = HeldReply.objects.filter(leaves_at=None, ticket__conversation__open_until__gt=now + MARGIN)
    return list(waiting.values_list("ticket__conversation", flat=True).distinct()[:AT_ONCE])
