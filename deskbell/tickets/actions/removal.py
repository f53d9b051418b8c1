"""Trash, spam, deletion and redaction."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import Actor
from deskbell.events.models import Event, EventDetail
from deskbell.events.publish import publish
from deskbell.outbox.actions import forget_contents
from deskbell.people.models import User
from deskbell.tickets import events, rules
from deskbell.tickets.actions.errors import BadMove
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.actions.waiting import return_waiting
from deskbell.tickets.models import Attachment, Message, Ticket
from deskbell.tickets.models.settings import ACTIVE_CATEGORIES

#: of Message.details: what holds the answers of suppliers together, and says nothing by itself
KEPT_DETAILS = frozenset({"messages", "files", "answers", "asked", "from", "was_in"})


@transaction.atomic
def trash(ticket: Ticket, *, by: Actor | User, cause: Event | None = None) -> Ticket:
    """Out of sight, and back with `restore`."""
    ticket = lock(ticket)
    rules.require(by, "trash", ticket)
    if ticket.trashed_at is None:
        return_waiting(ticket, why="ended", by=by, cause=cause)
        ticket.trashed_at = ticket.updated_at = timezone.now()
        ticket.save(update_fields=["trashed_at", "updated_at"])
        publish(events.Trashed(), about=ticket, by=by, cause=cause)
    return ticket


@transaction.atomic
def restore(ticket: Ticket, *, by: Actor | User, cause: Event | None = None) -> Ticket:
    ticket = lock(ticket)
    rules.require(by, "trash", ticket)
    if ticket.trashed_at is not None:
        ticket.trashed_at, ticket.updated_at = None, timezone.now()
        ticket.save(update_fields=["trashed_at", "updated_at"])
        publish(events.Restored(), about=ticket, by=by, cause=cause)
    return ticket


@transaction.atomic
def mark_spam(ticket: Ticket, *, by: Actor | User, cause: Event | None = None) -> Ticket:
    """Later messages are stored there and wake nobody."""
    ticket = lock(ticket)
    rules.require(by, "spam", ticket)
    if not ticket.spam:
        return_waiting(ticket, why="ended", by=by, cause=cause)
        ticket.spam, ticket.waiting_since, ticket.updated_at = True, None, timezone.now()
        ticket.save(update_fields=["spam", "waiting_since", "updated_at"])
        publish(events.MarkedSpam(), about=ticket, by=by, cause=cause)
    return ticket


@transaction.atomic
def unmark_spam(ticket: Ticket, *, by: Actor | User, cause: Event | None = None) -> Ticket:
    """It was none: if the customer wrote last, he waits since that message."""
    ticket = lock(ticket)
    rules.require(by, "spam", ticket)
    if ticket.spam:
        ticket.spam, ticket.updated_at = False, timezone.now()
        if ticket.last_direction == "in" and ticket.category in ACTIVE_CATEGORIES:
            ticket.waiting_since = ticket.last_message_at
        ticket.save(update_fields=["spam", "waiting_since", "updated_at"])
        publish(events.UnmarkedSpam(), about=ticket, by=by, cause=cause)
    return ticket


@transaction.atomic
def delete_for_ever(ticket: Ticket, *, by: Actor | User) -> None:
    """Remove a trashed ticket with its messages and files, and what its events say of people.

    That it was deleted, when and by whom stays. Raises NotAllowed; BadMove when it is not in the trash.
    """
    ticket = lock(ticket)
    rules.require(by, "delete", ticket)
    if ticket.trashed_at is None:
        raise BadMove("deleted")
    publish(events.Deleted(number=ticket.number), about=ticket, by=by)
    EventDetail.objects.filter(event__about_kind="ticket", event__about_id=ticket.pk).delete()
    forget_contents(ticket.pk)
    ticket.delete()


@transaction.atomic
def redact_message(message: Message, *, by: User, reason: str = "") -> Message:
    """Take the words of a message away for ever (a password, say); that there was one stays."""
    if message.ticket is None:
        raise rules.NotAllowed("redact")
    ticket = lock(message.ticket)
    rules.require(by, "redact", ticket)
    message = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
    if message.redacted_at is None:
        message.text = message.new_text = message.html = message.subject = ""
        message.markup, message.redacted_at = Message.Markup.PLAIN, timezone.now()
        message.details = {name: ids for name, ids in message.details.items() if name in KEPT_DETAILS}
        message.save(
            update_fields=["text", "new_text", "html", "subject", "markup", "details", "redacted_at"]
        )
        stood_in = {ticket.pk, *message.details.get("was_in", [])}
        EventDetail.objects.filter(
            event__about_kind="ticket",
            event__about_id__in=stood_in,
            event__kind=events.NoteEdited.kind,
            event__data__message_id=message.pk,
        ).delete()
        for pk in sorted(stood_in):
            forget_contents(pk)
        publish(
            events.Redacted(message_id=message.pk, attachment_id=None, reason=reason), about=ticket, by=by
        )
    return message


@transaction.atomic
def redact_attachment(attachment: Attachment, *, by: User, reason: str = "") -> None:
    """Take a file away for ever; its name and that it was there stay in the history."""
    message = attachment.message
    if message is None or message.ticket is None:
        raise rules.NotAllowed("redact")
    ticket = lock(message.ticket)
    rules.require(by, "redact", ticket)
    if Attachment.objects.filter(pk=attachment.pk).delete()[0]:
        for pk in sorted({ticket.pk, *message.details.get("was_in", [])}):
            forget_contents(pk)
        publish(
            events.Redacted(message_id=message.pk, attachment_id=attachment.pk, reason=reason),
            about=ticket,
            by=by,
        )
