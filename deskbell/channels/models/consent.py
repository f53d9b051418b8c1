from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from deskbell.tickets.models import Conversation


class ChatConsent(models.Model):
    """What somebody wants to get in a chat that he did not ask for just now. Rows are only added; of each
    purpose the newest counts.
    """

    class Purpose(models.TextChoices):
        #: news of his tickets, after the 24 hours too
        UPDATES = "updates"
        #: templates that WhatsApp calls marketing
        MARKETING = "marketing"

    class Source(models.TextChoices):
        #: he wrote to us
        WROTE = "wrote"
        #: he wrote STOP or START, or pressed the button
        WORD = "word"
        #: he said so in WhatsApp's own settings
        WHATSAPP = "whatsapp"
        #: somebody here noted how he agreed
        AGENT = "agent"

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=10, choices=Purpose)
    given = models.BooleanField()
    source = models.CharField(max_length=10, choices=Source)
    #: the id of his message, or an agent's words
    evidence = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["conversation", "purpose", "-id"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.purpose} {'given' if self.given else 'stopped'}"
