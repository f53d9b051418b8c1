from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Left, Now

from deskbell.channels.models.channel import Channel
from deskbell.files.models import Blob
from deskbell.kit import anonymised
from deskbell.kit.chats import shown

SENDER_INDEXED = 100


class InboundItem(models.Model):
    """One thing that came from outside, kept raw, and what became of it.

    `deskbell mail receive` inserts channel, raw and the envelope with plain SQL before Django is loaded, so
    every other column has a default in the database.
    """

    class State(models.TextChoices):
        RECEIVED = "received"
        TICKETED = "ticketed"
        ADDED = "added"
        #: kept on a ticket for the staff, without waking it up
        ANNOTATED = "annotated"
        #: not understood or not allowed: somebody has to look
        QUARANTINED = "quarantined"
        BLOCKED = "blocked"
        DUPLICATE = "duplicate"

    channel = models.ForeignKey(Channel, models.PROTECT, related_name="+")
    #: Message-ID, or the reference of a web form; none until a mail was understood
    external_id = models.CharField(max_length=600, null=True)  # noqa: DJ001  null: many rows may lack one
    #: of what the sender wrote, trace headers left out
    digest = models.CharField(max_length=64, blank=True, db_default="")
    raw = models.BinaryField()
    #: empty when it was not told, `<>` for the null sender of RFC 5321
    envelope_from = models.TextField(blank=True)
    envelope_to = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=State, db_default=State.RECEIVED)
    reason = models.CharField(max_length=40, blank=True, db_default="")
    reason_text = models.CharField(max_length=500, blank=True, db_default="")
    # plain ids: a ticket may be deleted for ever, the ledger stays
    ticket_id = models.BigIntegerField(null=True)
    message_id = models.BigIntegerField(null=True)
    duplicate_of = models.BigIntegerField(null=True)
    #: whether an automatic answer may be thought of (RFC 3834)
    answerable = models.BooleanField(db_default=True)
    attempts = models.PositiveIntegerField(db_default=0)
    received_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id"],
                name="inbound_once",
                condition=Q(external_id__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["state", "received_at"], name="inbound_state"),
            models.Index(fields=["received_at"], name="inbound_waiting", condition=Q(state="received")),
            # what of one sender waits; a sender may be longer than an index takes
            models.Index(
                "channel",
                Left("envelope_from", SENDER_INDEXED),
                "id",
                name="inbound_of_sender",
                condition=Q(state="received"),
            ),
        ]

    @property
    def shown_sender(self) -> str:
        """As people write it: a number in digits gets its plus."""
        return shown(anonymised.shown(self.envelope_from))

    @property
    def shown_recipient(self) -> str:
        """A WhatsApp number by its name, for its address is an id; else what it was sent to."""
        channel = self.channel
        chats = (Channel.Kind.WHATSAPP_CLOUD, Channel.Kind.WHATSAPP_WEB)
        known = "" if channel.kind in chats else self.envelope_to or channel.address
        return known or channel.name

    def __str__(self) -> str:
        return f"inbound {self.pk}: {self.state}"


class InboundFile(models.Model):
    """A file that came with a web form, until a ticket has it. (Those of a mail stand in its raw text.)"""

    item = models.ForeignKey(InboundItem, models.CASCADE, related_name="files")
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    filename = models.CharField(max_length=255)

    def __str__(self) -> str:
        return self.filename
