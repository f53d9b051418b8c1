from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class NotificationChoice(models.Model):
    """What a person chose about being told of `event` by `way`. Without a row he is told."""

    class Event(models.TextChoices):
        """The notices one may do without; their values are the kinds of the outbox."""

        NEW = "ticket.new", _("A new ticket for my team")
        ASSIGNED = "ticket.assigned", _("A ticket is assigned to me")
        CUSTOMER_REPLIED = (
            "ticket.customer_replied",
            _("A customer or supplier writes in a ticket of mine or my team"),
        )
        RECEIVED = "ticket.received", _("We have received your ticket")
        RESOLVED = "ticket.resolved", _("Your ticket is resolved")
        COPIED = "ticket.copied", _("You are copied in on a ticket")
        COPY_REPLY = "ticket.copy_reply", _("An answer in a ticket you are copied in on")

    class Way(models.TextChoices):
        EMAIL = "email", _("E-mail")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notification_choices")
    event = models.CharField(max_length=40, choices=Event)
    way = models.CharField(max_length=20, choices=Way)
    on = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "event", "way"], name="notification_choice_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.event} by {self.way} {'on' if self.on else 'off'}"
