"""What a customer sees of us in the chat: that his message was read, and that somebody writes an answer."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from deskbell.channels.models import Channel
from deskbell.channels.whatsapp.account import Account
from deskbell.channels.whatsapp.graph import Graph, GraphError
from deskbell.kit import http
from deskbell.people.models import User
from deskbell.tickets import rules
from deskbell.tickets.models import Conversation, Message, Ticket

log = logging.getLogger(__name__)

#: the sign that somebody writes goes out by itself after 25 seconds
TYPING_EVERY = timedelta(seconds=20)


def opened(ticket: Ticket, newest: Message | None, *, by: User) -> None:
    """Somebody who may answer has `newest`, the customer's last message, on his screen. Told once."""
    chat = ticket.conversation
    if chat is None or newest is None or newest.pk <= (chat.seen_message_id or 0):
        return
    if not rules.may(by, "reply", ticket):
        return
    with transaction.atomic():
        rows = Conversation.objects.filter(Q(seen_message_id=None) | Q(seen_message_id__lt=newest.pk))
        if rows.filter(pk=chat.pk).update(seen_message_id=newest.pk):
            _show(chat, typing=False)


def types(ticket: Ticket, *, by: User) -> None:
    """`by` writes an answer: told at most every twenty seconds, and only where he can be answered."""
    chat = ticket.conversation
    if chat is None or not chat.is_open or not chat.seen_message_id or not rules.may(by, "reply", ticket):
        return
    now = timezone.now()
    with transaction.atomic():
        rows = Conversation.objects.filter(Q(typing_at=None) | Q(typing_at__lt=now - TYPING_EVERY))
        if rows.filter(pk=chat.pk).update(typing_at=now):
            _show(chat, typing=True)


def _show(chat: Conversation, *, typing: bool) -> None:
    from deskbell.channels.jobs import (
        whatsapp_show,  # app-ready: the job application exists only after set-up
    )

    whatsapp_show.defer(conversation_id=chat.pk, typing=typing)


def show(conversation_id: int, *, typing: bool) -> None:
    """Tell the other side, where the number does that. It is no loss when it does not arrive."""
    chat = Conversation.objects.filter(pk=conversation_id).first()
    numbers = Channel.objects.select_related("whatsapp").filter(
        kind=Channel.Kind.WHATSAPP_CLOUD, state=Channel.State.OK, whatsapp__reads=True
    )
    channel = numbers.filter(pk=chat.channel_id).first() if chat else None
    message = Message.objects.filter(pk=chat.seen_message_id or 0).first() if chat and channel else None
    if channel is None or message is None or not message.external_id:
        return
    try:
        Graph(Account.of(channel)).mark_read(message.external_id, typing=typing)
    except (GraphError, http.NoAnswer, http.BadAddress) as error:
        log.info("a read mark was not taken", extra={"channel": channel.pk, "reason": str(error)[:200]})
