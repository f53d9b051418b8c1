"""Which tickets a chat is about. A ticket has one by which it is answered, and maybe others beside it: one
customer may write to several numbers of ours, and be answered by another while one is down.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from deskbell.channels.models import Channel, InboundItem, TicketChat
from deskbell.tickets.models import Conversation, Message, Ticket


def tickets_in(conversation: Conversation) -> QuerySet[Ticket]:
    """Every ticket that was talked about there, with what the rules ask of it."""
    beside = list(TicketChat.objects.filter(conversation=conversation).values_list("ticket_id", flat=True))
    own = Q(conversation=conversation)
    rows = Ticket.objects.filter(own | Q(pk__in=beside) if beside else own)
    return rows.select_related("queue", "requester", "status")


def talked_about(ticket: Ticket, conversation: Conversation, *, beside: bool = False) -> None:
    """What its customer writes there is about it from now on; done twice it is the same. `beside`: though it
    is the ticket's own chat, which it is about to leave.
    """
    if beside or ticket.conversation_id != conversation.pk:
        TicketChat.objects.get_or_create(ticket=ticket, conversation=conversation)


def is_beside(ticket: Ticket, conversation: Conversation) -> bool:
    if ticket.conversation_id in (None, conversation.pk):
        return False
    return TicketChat.objects.filter(ticket=ticket, conversation=conversation).exists()


def forget_beside(address: str) -> None:
    """Somebody else has this address now: nothing earlier is about what he writes."""
    TicketChat.objects.filter(conversation__address=address).delete()


def chat_of_message(message: Message) -> Conversation | None:
    """Where a customer's message came in, whichever of our numbers he wrote to."""
    item = InboundItem.objects.filter(pk=message.inbound_id or 0).values("channel_id", "envelope_from")
    found = item.first()
    if found is None:
        return None
    rows = Conversation.objects.filter(channel_id=found["channel_id"])
    return (
        rows.filter(address=found["envelope_from"]).first() or rows.filter(person=message.author_id).first()
    )


def numbers_of(ticket: Ticket, messages: list[Message], sent_by: dict[int, int]) -> dict[int, str]:
    """By which of our numbers each message came or left, by its id, where the ticket is talked about by
    several; `sent_by` are the channels of those that left. One statement where it is not.
    """
    if ticket.conversation_id is None or not TicketChat.objects.filter(ticket=ticket).exists():
        return {}
    came = {each.inbound_id: each.pk for each in messages if each.direction == "in" and each.inbound_id}
    items = InboundItem.objects.filter(pk__in=came).values_list("pk", "channel_id")
    by = {came[pk]: channel_id for pk, channel_id in items} | sent_by
    chats = (Channel.Kind.WHATSAPP_CLOUD, Channel.Kind.WHATSAPP_WEB)
    names = dict(Channel.objects.filter(pk__in=set(by.values()), kind__in=chats).values_list("pk", "name"))
    return {pk: names[channel_id] for pk, channel_id in by.items() if channel_id in names}
