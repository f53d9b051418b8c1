"""What becomes of one message of a linked device: what it alone brings; else as of any WhatsApp number."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_noop as N_

from deskbell.channels import reasons
from deskbell.channels.case import Verdict
from deskbell.channels.models import InboundItem
from deskbell.channels.whatsapp import intake as whatsapp
from deskbell.channels.whatsapp.incoming import placeholder
from deskbell.channels.whatsapp.intake import Chat
from deskbell.channels.whatsapp_web.incoming import WAITING
from deskbell.kit.chats import PHONE
from deskbell.outbox.models import OutboxItem
from deskbell.tickets.actions.conversations import fill_in, follow_chat, said_elsewhere
from deskbell.tickets.models import Conversation, Message, Ticket

State = InboundItem.State


def decide(chat: Chat) -> Verdict:
    """What becomes of a message that is here for the first time. The caller has locked its sender."""
    incoming = chat.incoming
    if incoming.group or not incoming.sender:
        return whatsapp.decide(chat)
    others = [f"{incoming.wa_id}{PHONE}"] * bool(incoming.wa_id) + [incoming.lid] * bool(incoming.lid)
    follow_chat(chat.item.channel_id, incoming.chat, others)
    if incoming.from_us:
        return _echo(chat)
    known = _message(chat)
    if incoming.type == WAITING and known is not None:
        return Verdict(State.DUPLICATE, "same_message", reasons.SAME_MESSAGE, message_id=known.pk)
    if known is not None and known.details.get("whatsapp", {}).get("type") == WAITING:
        return _filled_in(chat, known)
    return whatsapp.decide(chat)


def _message(chat: Chat) -> Message | None:
    """What is stored of it already: a place is kept for what could not be decrypted."""
    rows = Message.objects.filter(external_id=chat.incoming.external_id, channel=whatsapp.CHANNEL)
    return rows.select_related("ticket").filter(ticket__conversation__channel_id=chat.item.channel_id).first()


def _filled_in(chat: Chat, message: Message) -> Verdict:
    """It could be decrypted after all: its words stand where its place was kept."""
    fill_in(message.pk, whatsapp._said(chat))
    whatsapp._await_file(chat, message)
    said = reasons.NOTED["filled_in"]
    return Verdict(State.ANNOTATED, "filled_in", said, ticket_id=message.ticket_id, message_id=message.pk)


def _echo(chat: Chat) -> Verdict:
    """Written on the phone itself, by one of us: it stands on the ticket of the chat, and is not sent."""
    incoming = chat.incoming
    ours = OutboxItem.objects.filter(channel_id=chat.item.channel_id, external_id=incoming.external_id)
    if incoming.external_id and ours.exists():
        return Verdict.blocked("own_message", N_("It is a message of this desk, told back"))
    if incoming.type in whatsapp.ABOUT:
        return whatsapp._about_another(chat)
    rows = Conversation.objects.filter(channel_id=chat.item.channel_id, address=incoming.sender)
    conversation = rows.first()
    tickets = conversation.tickets.filter(trashed_at=None) if conversation else Ticket.objects.none()
    ticket = tickets.order_by("-active", "-last_message_at").first()
    if ticket is None:
        return Verdict.blocked("about_nothing", N_("It was written on the phone in a chat without a ticket"))
    text = incoming.text or placeholder(incoming)
    content = whatsapp._content(chat, text, kind=Message.Kind.HUMAN)
    content.details["whatsapp"]["sent_on"] = "phone"
    message = said_elsewhere(ticket, content, channel=whatsapp.CHANNEL, at=content.sent_at or timezone.now())
    whatsapp._await_file(chat, message)
    said = reasons.NOTED["sent_on_phone"]
    return Verdict(State.ANNOTATED, "sent_on_phone", said, ticket_id=ticket.pk, message_id=message.pk)
