from __future__ import annotations

from django.db import models

from deskbell.tickets.models import Conversation, Ticket


class TicketChat(models.Model):
    """A chat beside the ticket's own in which it was talked about, by another number of ours: what the
    customer writes there is about it, too.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "ticket"], name="ticket_chat_once")]

    def __str__(self) -> str:
        return f"ticket {self.ticket_id} in {self.conversation_id}"
