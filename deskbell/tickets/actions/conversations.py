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
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.models import Conversation, HeldReply, Message

#: after a customer's message
OPEN_FOR = timedelta(hours=24)


@transaction.atomic
def heard_in_chat(channel_id: int, address: str, person: User, *, at: datetime) -> Conversation:
    """The person wrote: his conversation, open for another day from then. One that moved on is his now."""
    conversation, made = Conversation.objects.select_for_update(no_key=True).get_or_create(
        channel_id=channel_id,
        address=address,
        defaults={"person": person, "last_in_at": at, "open_until": at + OPEN_FOR},
    )
    if not made:
        conversation.person = person
        conversation.last_in_at = max(conversation.last_in_at or at, at)
        conversation.open_until = max(conversation.open_until or at, at + OPEN_FOR)
        conversation.save(update_fields=["person", "last_in_at", "open_until"])
        _release(conversation)
    return conversation


def _release(conversation: Conversation) -> None:
    """What waited for him to write leaves after this transaction, if his message opens the chat."""
    if HeldReply.objects.filter(ticket__conversation=conversation, leaves_at=None).exists():
        from deskbell.tickets.jobs import (
            send_waiting,
        )  # app-ready: the job application exists only after set-up

        send_waiting.configure(lock=f"waiting:{conversation.pk}").defer(conversation_id=conversation.pk)


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
