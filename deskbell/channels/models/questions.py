from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from deskbell.tickets.models import Conversation, Message


class TicketQuestion(models.Model):
    """Somebody with several open tickets was asked which one he means.

    What he wrote meanwhile waits (ParkedMessage) until he answers, somebody here decides, or time is up.
    """

    class How(models.TextChoices):
        #: he chose from the list, or wrote its number
        CUSTOMER = "customer"
        AGENT = "agent"
        #: nobody decided in time
        TIME = "time"

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+")
    #: ids of the tickets that were offered, in the order of their numbers in the question
    offered = ArrayField(models.BigIntegerField())
    asked_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)
    how = models.CharField(max_length=8, choices=How, blank=True, default="")
    #: what it was decided for, also by an answer that came after the time (a plain id: it may be deleted)
    ticket_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["asked_at"], name="question_open", condition=Q(settled_at=None)),
            models.Index(fields=["conversation", "asked_at"], name="question_asked"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], name="question_one_open", condition=Q(settled_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"question {self.pk}"


class ParkedMessage(models.Model):
    """A message without a ticket yet. Placed, it is written anew, so that it is the newest of its ticket."""

    question = models.ForeignKey(TicketQuestion, models.CASCADE, related_name="parked")
    message = models.OneToOneField(Message, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"message {self.message_id} of {self.question_id}"
