from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from deskbell.kit import anonymised
from deskbell.kit.chats import shown


class OutboxItem(models.Model):
    """One thing for one recipient. Its state only moves forward."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        DELIVERED = "delivered"
        READ = "read"
        FAILED = "failed"
        #: it may or may not have left; never sent again by itself
        UNKNOWN = "unknown"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    driver = models.CharField(max_length=30)
    channel_id = models.BigIntegerField(null=True)
    recipient = models.CharField(max_length=320)
    kind = models.CharField(max_length=60)
    cause_kind = models.CharField(max_length=40)
    cause_id = models.BigIntegerField()
    #: the ticket it belongs to, when there is one (a plain id: tickets live above)
    ticket_id = models.BigIntegerField(null=True)
    #: fixed before the first try (a Message-ID, a wamid once known)
    external_id = models.CharField(max_length=300, blank=True, default="", db_index=True)
    #: the item that has to be through before it: a plain id
    after_id = models.BigIntegerField(null=True)
    #: encrypted JSON for the driver; erased when it has left, and a while after it could not (CONTENT_KEPT)
    payload = models.BinaryField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    error_code = models.CharField(max_length=40, blank=True, default="")
    error_text = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cause_kind", "cause_id", "recipient", "kind"], name="outbox_once_per_cause"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="outbox_due",
                condition=models.Q(state__in=["queued", "sending"]),
            ),
            models.Index(
                fields=["ticket_id"], name="outbox_ticket", condition=models.Q(ticket_id__isnull=False)
            ),
            models.Index(fields=["state", "id"], name="outbox_state"),
            models.Index(
                fields=["after_id"], name="outbox_after", condition=models.Q(after_id__isnull=False)
            ),
            # what goes to one person by one number
            models.Index(
                fields=["channel_id", "recipient", "id"],
                name="outbox_chat",
                condition=models.Q(driver="whatsapp-cloud"),
            ),
            models.Index(
                fields=["channel_id", "recipient", "id"],
                name="outbox_linked_chat",
                condition=models.Q(driver="whatsapp-web"),
            ),
        ]

    @property
    def arrived(self) -> bool:
        """Whether the other side has it, as far as it has told."""
        return self.state in (self.State.SENT, self.State.DELIVERED, self.State.READ)

    @property
    def shown_recipient(self) -> str:
        """As people write it: a number in digits gets its plus."""
        return shown(anonymised.shown(self.recipient))

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient}: {self.state}"
