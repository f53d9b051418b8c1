"""Chats: who talks to us by which number, and until when he can be answered freely."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM
from deskbell.events.publish import publish
from deskbell.people.models import User
from deskbell.tickets import events
from deskbell.tickets.actions.attachments import attach
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.actions.messages import add, touch
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.models import Conversation, Message, Ticket


@transaction.atomic
def heard_in_chat(
    channel_id: int, address: str, person: User, *, at: datetime, open_days: int = 1
) -> Conversation:
    """The person wrote: his conversation, open for `open_days` from then. One that moved on is his now."""
    until = at + timedelta(days=open_days)
    conversation, made = Conversation.objects.select_for_update(no_key=True).get_or_create(
        channel_id=channel_id,
        address=address,
        defaults={"person": person, "last_in_at": at, "open_until": until, "open_days": open_days},
    )
    if not made:
        conversation.person = person
        conversation.last_in_at = max(conversation.last_in_at or at, at)
        conversation.open_until = max(conversation.open_until or at, until)
        conversation.open_days = open_days
        conversation.save(update_fields=["person", "last_in_at", "open_until", "open_days"])
    return conversation


@transaction.atomic
def follow_chat(channel_id: int, address: str, others: list[str]) -> None:
    """The same person's chat goes on under another address of his (`others`): its conversation with it."""
    chats = Conversation.objects.filter(channel_id=channel_id)
    if chats.filter(address=address).exists():
        return
    before = chats.select_for_update(no_key=True).filter(address__in=others)
    if found := before.order_by("-last_in_at").first():
        found.address = address
        found.save(update_fields=["address"])


@transaction.atomic
def said_elsewhere(ticket: Ticket, content: Content, *, channel: str, at: datetime) -> Message:
    """One of us answered the customer outside the desk: nothing is sent, and nobody waits any more."""
    ticket = lock(ticket)
    message = add(
        ticket, content, author=None, direction="out", visibility="public", by=SYSTEM, channel=channel
    )
    if ticket.first_responded_at is None:
        ticket.first_responded_at = at
    # the other side tells times in whole seconds
    if ticket.waiting_since is None or ticket.waiting_since <= at + timedelta(seconds=1):
        ticket.waiting_since = None
    touch(ticket, message)
    return message


@transaction.atomic
def fill_in(message_id: int, content: Content) -> None:
    """What a message says, now that it could be read: in place of what stood there for it."""
    message = Message.objects.select_related("ticket").filter(pk=message_id, redacted_at=None).first()
    if message is None or message.ticket is None:
        return
    ticket = lock(message.ticket)
    message = Message.objects.select_for_update().get(pk=message_id)
    message.text, message.new_text = content.text, content.new_text
    message.details, message.in_reply_to = content.details, content.in_reply_to
    message.save(update_fields=["text", "new_text", "details", "in_reply_to"])
    attach(message, content, by_id=None)
    arrived = events.FileArrived(message_id=message.pk, lost=False, public=not message.internal)
    publish(arrived, about=ticket, by=SYSTEM)


@transaction.atomic
def add_file(message_id: int, file: NewFile) -> None:
    """A file of a message that came by chat is here now. Does nothing when the message is gone."""
    _file_settled(message_id, [file])


@transaction.atomic
def lose_file(message_id: int) -> None:
    """It will not come: the other side has thrown it away."""
    _file_settled(message_id, [])


def _file_settled(message_id: int, files: list[NewFile]) -> None:
    message = Message.objects.select_related("ticket").filter(pk=message_id, redacted_at=None).first()
    if message is None or message.ticket is None:
        return
    ticket = lock(message.ticket)
    message = Message.objects.select_for_update().get(pk=message_id)
    said = dict(message.details.get("whatsapp", {}))
    said.pop("file", None)
    if not files:
        said["file"] = "lost"
    message.details = {**message.details, "whatsapp": said}
    message.save(update_fields=["details"])
    attach(message, Content(text="", files=files), by_id=None)
    arrived = events.FileArrived(message_id=message.pk, lost=not files, public=not message.internal)
    publish(arrived, about=ticket, by=SYSTEM)


def close_window(channel_id: int, address: str) -> None:
    """The other side says that it is shut, whatever we have counted."""
    Conversation.objects.filter(channel_id=channel_id, address=address).update(open_until=timezone.now())
