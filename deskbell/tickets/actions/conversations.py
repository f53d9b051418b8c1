"""Chats: who talks to us by which number, and until when he can be answered freely."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.models import Event
from deskbell.events.publish import publish
from deskbell.people.models import User
from deskbell.tickets import events
from deskbell.tickets.actions.attachments import attach
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.actions.messages import store
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.models import Attachment, Conversation, HeldReply, Message, Ticket


@transaction.atomic
def heard_in_chat(
    channel_id: int, address: str, person: User, *, at: datetime, name: str = "", open_days: int = 1
) -> Conversation:
    """The person wrote: his conversation, open for `open_days` from then. One that moved on is his now."""
    until = at + timedelta(days=open_days)
    defaults = {
        "person": person,
        "name": name,
        "last_in_at": at,
        "open_until": until,
        "open_days": open_days,
    }
    conversation, made = Conversation.objects.select_for_update(no_key=True).get_or_create(
        channel_id=channel_id,
        address=address,
        defaults=defaults,
    )
    if not made:
        conversation.person = person
        conversation.name = name or conversation.name
        conversation.last_in_at = max(conversation.last_in_at or at, at)
        conversation.open_until = max(conversation.open_until or at, until)
        conversation.open_days = open_days
        conversation.save(update_fields=["person", "name", "last_in_at", "open_until", "open_days"])
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
def move_chats(person: User, old: str, new: str) -> None:
    """The person has another address now: his chats go on there. Answers to the old one end with it."""
    for chat in Conversation.objects.select_for_update().filter(address=old, person=person).order_by("pk"):
        there = Conversation.objects.filter(channel_id=chat.channel_id, address=new).first()
        if there is None:
            chat.address = new
            chat.save(update_fields=["address"])
        elif there.person_id == person.pk:
            Ticket.objects.filter(conversation=chat).update(conversation=there)


@transaction.atomic
def answer_in(ticket: Ticket, conversation: Conversation) -> None:
    """The customer has written about it there: there he is answered from now on."""
    ticket = lock(ticket)
    if ticket.conversation_id != conversation.pk:
        ticket.conversation = conversation
        ticket.save(update_fields=["conversation"])
        _release(conversation)


@transaction.atomic
def leave_chat(address: str) -> None:
    """Somebody else has this address now: what was talked about before, by whichever of our numbers, is
    answered there no more.
    """
    Ticket.objects.filter(conversation__address=address).update(conversation=None)


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
    if message is None:
        return
    ticket = lock(message.ticket) if message.ticket else None
    message = Message.objects.select_for_update().get(pk=message_id)
    said = dict(message.details.get("whatsapp", {}))
    said.pop("file", None)
    if not files:
        said["file"] = "lost"
    message.details = {**message.details, "whatsapp": said}
    message.save(update_fields=["details"])
    attach(message, Content(text="", files=files), by_id=None)
    if ticket is None:  # it waits for its ticket
        return
    arrived = events.FileArrived(message_id=message.pk, lost=not files, public=not message.internal)
    publish(arrived, about=ticket, by=SYSTEM)


@transaction.atomic
def set_reaction(message_id: int, sign: str, *, theirs: bool, by: Actor | User) -> Event | None:
    """The sign that the customer (`theirs`) or we have set at a message; an empty one takes it away.

    None when nothing changed, or the message is gone.
    """
    message = Message.objects.select_related("ticket").filter(pk=message_id, redacted_at=None).first()
    if message is None or message.ticket is None:
        return None
    ticket = lock(message.ticket)
    message = Message.objects.select_for_update(of=("self",)).get(pk=message_id)
    said = dict(message.details.get("whatsapp", {}))
    signs, who = dict(said.get("reactions", {})), "theirs" if theirs else "ours"
    if signs.get(who, "") == sign:
        return None
    signs = {**signs, who: sign} if sign else {name: each for name, each in signs.items() if name != who}
    message.details = {**message.details, "whatsapp": {**said, "reactions": signs}}
    message.save(update_fields=["details"])
    reacted = events.Reacted(message_id=message.pk, sign=sign, theirs=theirs)
    return publish(reacted, about=ticket, by=by)


@transaction.atomic
def revise(message_id: int, text: str | None, *, at: datetime) -> None:
    """Its writer has changed a message in the chat to `text` or, with None, taken it back there. What it said
    before stays beside it; one that is parked is changed in silence.
    """
    message = Message.objects.select_related("ticket").filter(pk=message_id, redacted_at=None).first()
    if message is None:
        return
    ticket = lock(message.ticket) if message.ticket else None
    message = Message.objects.select_for_update(of=("self",)).select_related("author").get(pk=message_id)
    said = dict(message.details.get("whatsapp", {}))
    if text is None:
        if "gone_at" in said:
            return
        said["gone_at"] = at.isoformat()
    else:
        said["before"] = [*said.get("before", []), {"text": message.text, "until": at.isoformat()}]
        message.text = message.new_text = text
        message.markup, message.html = Message.Markup.PLAIN, ""
    message.details = {**message.details, "whatsapp": said}
    message.save(update_fields=["text", "new_text", "markup", "html", "details"])
    if ticket is not None:
        revised = events.MessageRevised(message_id=message.pk, gone=text is None)
        publish(revised, about=ticket, by=(message.author if message.direction == "in" else None) or SYSTEM)


@transaction.atomic
def park(content: Content, *, author: User, channel: str) -> Message:
    """Keep a message whose ticket is not known yet. Who parks it sees to it that it finds one (`unpark`)."""
    return store(
        None, content, author=author, direction="in", visibility="public", by=SYSTEM, channel=channel
    )


def unpark(message: Message) -> Content:
    """The content of a parked message, to be written anew where it belongs. The caller deletes `message`."""
    files = Attachment.objects.filter(message=message).select_related("blob").order_by("pk")
    return Content(
        text=message.text,
        new_text=message.new_text,
        markup=message.markup,
        kind=message.kind,
        external_id=message.external_id,
        in_reply_to=message.in_reply_to,
        sent_at=message.sent_at,
        inbound_id=message.inbound_id,
        files=[NewFile(each.blob, each.filename, each.inline, each.content_id) for each in files],
        details=message.details,
        awaits_file="file" in message.details.get("whatsapp", {}),
    )


def close_window(channel_id: int, address: str) -> None:
    """The other side says that it is shut, whatever we have counted."""
    Conversation.objects.filter(channel_id=channel_id, address=address).update(open_until=timezone.now())
