from __future__ import annotations

from django.db import models

from deskbell.channels.models.channel import Channel


class DeliveredMessage(models.Model):
    """A message that arrived by a WhatsApp number, as its price was told with its state (`pricing`)."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=300)
    #: their words: service, utility, marketing, authentication, …
    category = models.CharField(max_length=40)
    #: regular, free_customer_service, free_entry_point, …
    type = models.CharField(max_length=40, blank=True)
    #: PMP, by message; CBP, by conversation
    pricing_model = models.CharField(max_length=40, blank=True)
    charged = models.BooleanField()
    delivered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="delivered_message_once")
        ]
        indexes = [models.Index(fields=["channel", "delivered_at"], name="delivered_message_at")]

    def __str__(self) -> str:
        return self.external_id
