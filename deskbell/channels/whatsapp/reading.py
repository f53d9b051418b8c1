"""One message from WhatsApp as it stands on a ticket, whoever wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from deskbell.channels import reasons
from deskbell.channels.case import Verdict, believable
from deskbell.channels.models import AwaitedFile, Channel, InboundItem
from deskbell.channels.whatsapp.incoming import Incoming, placeholder
from deskbell.events.actor import SYSTEM
from deskbell.outbox.models import OutboxItem
from deskbell.tickets import actions as tickets
from deskbell.tickets.actions.conversations import revise
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.models import Conversation, Message, Ticket

State = InboundItem.State
CHANNEL = "whatsapp"


@dataclass(frozen=True)
class Chat:
    """One message to be decided, with its file where it could be fetched at once."""

    item: InboundItem
    incoming: Incoming
    file: NewFile | None = None


def message_about(channel_id: int, external_id: str, *, parked: bool = False) -> Message | None:
    """The message that WhatsApp knows by this id: a customer's, or one that somebody here wrote. One without
    a ticket yet only if it may be `parked`.
    """
    if not external_id:
        return None
    came = Message.objects.filter(external_id=external_id, channel=CHANNEL)
    found = (came if parked else came.filter(ticket__isnull=False)).first()
    if found:
        return found
    sent = OutboxItem.objects.filter(external_id=external_id, channel_id=channel_id, cause_kind="message")
    return Message.objects.filter(pk__in=sent.values("cause_id"), ticket__isnull=False).first()


def revised(chat: Chat) -> Verdict | None:
    """What its writer, or we on the phone, changed or took back, where that message stands here as his. None
    for any other, and for a change that says nothing.
    """
    incoming, item = chat.incoming, chat.item
    text = None if incoming.type == "revoke" else incoming.text
    if incoming.type not in ("edit", "revoke") or text == "":
        return None
    rows = Conversation.objects.filter(channel_id=item.channel_id, address=incoming.sender)
    conversation = rows.first()
    message = message_about(item.channel_id, incoming.about, parked=True)
    if message is None or conversation is None or (message.author_id is None and not incoming.echo):
        return None
    written = Message.Direction.OUT if incoming.echo else Message.Direction.IN
    if message.direction != written or (not incoming.echo and message.author_id != conversation.person_id):
        return None
    revise(message.pk, text, at=believable(incoming.at) or timezone.now())
    reason = "taken_back" if text is None else "changed"
    return Verdict(
        State.ANNOTATED, reason, reasons.NOTED[reason], ticket_id=message.ticket_id, message_id=message.pk
    )


def annotate(ticket: Ticket, content: Content, reason: str) -> Verdict:
    message = tickets.add_message(
        ticket, content, author=None, direction="in", visibility="internal", channel=CHANNEL, by=SYSTEM
    )
    said = reasons.NOTED[reason]
    return Verdict(State.ANNOTATED, reason, said, ticket_id=ticket.pk, message_id=message.pk)


def ticket_about(channel_id: int, external_id: str) -> Ticket | None:
    """The ticket of a message that WhatsApp knows by this id: a customer's, or whatever we have sent."""
    if not external_id:
        return None
    rows = Ticket.objects.select_related("queue", "requester", "status")
    written = Message.objects.filter(external_id=external_id, channel=CHANNEL)
    sent = OutboxItem.objects.filter(external_id=external_id, channel_id=channel_id)
    ids = [*written.values_list("ticket_id", flat=True)[:1], *sent.values_list("ticket_id", flat=True)[:1]]
    return rows.filter(pk__in=[pk for pk in ids if pk]).first()


def said(chat: Chat, *, phone: bool = False) -> Content:
    """Its words, or ours for a message that has none; `phone`: it was written on ours."""
    text = chat.incoming.text or placeholder(chat.incoming)
    return content_of(chat, text, kind=Message.Kind.HUMAN, phone=phone)


def content_of(chat: Chat, text: str, *, kind: str, phone: bool = False) -> Content:
    incoming = chat.incoming
    awaited = incoming.media is not None and chat.file is None
    details: dict[str, Any] = {"type": incoming.type}
    details |= {"forwarded": True} if incoming.forwarded else {}
    details |= {"file": "waiting"} if awaited else {}
    details |= {"phone": True} if phone else {}
    details |= {"linked": True} if chat.item.channel.kind == Channel.Kind.WHATSAPP_WEB else {}
    return Content(
        text=text,
        new_text=text,
        markup=Message.Markup.PLAIN,
        kind=kind,
        external_id=incoming.external_id,
        in_reply_to=incoming.about,
        sent_at=believable(incoming.at),
        inbound_id=chat.item.pk,
        files=[chat.file] if chat.file else [],
        details={"whatsapp": details},
        awaits_file=awaited,
    )


def await_file(chat: Chat, message: Message) -> None:
    """Note the file that could not be fetched, for who fetches it later."""
    media = chat.incoming.media
    if media is None or chat.file is not None:
        return
    AwaitedFile.objects.create(
        message=message,
        channel=chat.item.channel,
        media_id=media.media_id,
        filename=media.filename,
        sha256=media.sha256,
        next_try_at=timezone.now(),
    )
