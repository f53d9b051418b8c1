from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from deskbell.tickets.models.ticket import Ticket


class Watcher(models.Model):
    """Somebody who follows a ticket: staff who want to know, or people copied by the customer."""

    class Kind(models.TextChoices):
        FOLLOW = "follow"
        CC = "cc"

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="watchers", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=6, choices=Kind)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user", "kind"], name="watcher_once")]
        indexes = [models.Index(fields=["user", "kind", "ticket"], name="watcher_of_user")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.ticket_id}"


class TicketPass(models.Model):
    """Lets one person read and answer one ticket by a link, without a sign-in. The link is signed, so no
    secret is kept.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="passes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "user"], condition=models.Q(revoked_at=None), name="ticket_pass_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.ticket_id}"


class ReadMark(models.Model):
    """Up to which message somebody has read a ticket."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    message_id = models.BigIntegerField()

    class Meta:
        # a list asks for fifty at once and finds the answer in the index
        constraints = [
            models.UniqueConstraint(fields=["user", "ticket"], name="read_mark_once", include=["message_id"])
        ]

    def __str__(self) -> str:
        return f"{self.user_id} read {self.ticket_id}"
