"""Signs at a customer's message."""

from __future__ import annotations

from django.db import transaction

from deskbell.channels.chats import chat_of_message
from deskbell.channels.whatsapp.outgoing import driver_of
from deskbell.outbox import actions as outbox
from deskbell.people.models import User
from deskbell.tickets import rules
from deskbell.tickets.actions.conversations import set_reaction
from deskbell.tickets.actions.errors import ChatClosed
from deskbell.tickets.models import Message

#: what is offered; WhatsApp takes any
SIGNS = ("👍", "❤️", "😂", "😮", "🙏", "✅")


class NoReaction(ValueError):
    """Not one of SIGNS, or not a message of a customer in a chat."""


@transaction.atomic
def react(message: Message, sign: str, *, by: User) -> None:
    """Set a sign at a customer's message, in place of the one before; an empty one takes it away.

    The same one again does nothing. Raises NotAllowed, NoReaction, ChatClosed.
    """
    ticket = message.ticket
    if ticket is None or sign not in ("", *SIGNS):
        raise NoReaction(sign)
    rules.require(by, "reply", ticket)
    conversation = (chat_of_message(message) or ticket.conversation) if ticket.conversation else None
    if conversation is None or message.direction != Message.Direction.IN or not message.external_id:
        raise NoReaction(str(message.pk))
    if not conversation.is_open:
        raise ChatClosed(conversation.open_days)
    event = set_reaction(message.pk, sign, theirs=False, by=by)
    if event is None:
        return
    outbox.put(
        driver_of(conversation),
        recipient=conversation.address,
        kind="ticket.reaction",
        cause=("event", event.pk),
        payload={
            "reaction": {"message_id": message.external_id, "emoji": sign},
            "conversation": conversation.pk,
        },
        ticket_id=ticket.pk,
        channel_id=conversation.channel_id,
    )
