"""What becomes of one message of a linked device: what it alone brings; else as of any WhatsApp number."""

from __future__ import annotations

from deskbell.channels import reasons
from deskbell.channels.case import Verdict
from deskbell.channels.models import InboundItem
from deskbell.channels.whatsapp import intake as whatsapp
from deskbell.channels.whatsapp.reading import CHANNEL, Chat, await_file, said
from deskbell.channels.whatsapp_web.incoming import WAITING
from deskbell.kit.chats import PHONE
from deskbell.tickets.actions.conversations import fill_in, follow_chat
from deskbell.tickets.models import Message

State = InboundItem.State


def decide(chat: Chat) -> Verdict:
    """What becomes of a message that is here for the first time. The caller has locked its sender."""
    incoming = chat.incoming
    if incoming.group or not incoming.sender:
        return whatsapp.decide(chat)
    others = [f"{incoming.wa_id}{PHONE}"] * bool(incoming.wa_id) + [incoming.lid] * bool(incoming.lid)
    follow_chat(chat.item.channel_id, incoming.chat, others)
    if incoming.echo:
        return whatsapp.decide(chat)
    known = _message(chat)
    if incoming.type == WAITING and known is not None:
        return Verdict(State.DUPLICATE, "same_message", reasons.SAME_MESSAGE, message_id=known.pk)
    if known is not None and known.details.get("whatsapp", {}).get("type") == WAITING:
        return _filled_in(chat, known)
    return whatsapp.decide(chat)


def _message(chat: Chat) -> Message | None:
    """What is stored of it already: a place is kept for what could not be decrypted."""
    rows = Message.objects.filter(external_id=chat.incoming.external_id, channel=CHANNEL)
    return rows.select_related("ticket").filter(ticket__conversation__channel_id=chat.item.channel_id).first()


def _filled_in(chat: Chat, message: Message) -> Verdict:
    """It could be decrypted after all: its words stand where its place was kept."""
    fill_in(message.pk, said(chat))
    await_file(chat, message)
    why = reasons.NOTED["filled_in"]
    return Verdict(State.ANNOTATED, "filled_in", why, ticket_id=message.ticket_id, message_id=message.pk)
