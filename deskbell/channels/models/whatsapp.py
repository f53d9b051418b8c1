from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from deskbell.channels.models.channel import Channel
from deskbell.tickets.models import Message


class WhatsAppNumber(models.Model):
    """A number on WhatsApp. At the Cloud API its phone number id is the channel's address, its secrets are
    the channel's (whatsapp/account.py); that of a linked device (LinkedDevice) has no account and no API.
    """

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="whatsapp")
    #: id of the WhatsApp Business Account
    waba_id = models.CharField(max_length=40)
    #: as people dial it; empty until the other side has told us
    display_number = models.CharField(max_length=40, blank=True)
    verified_name = models.CharField(max_length=200, blank=True)
    #: the API, and how it is spoken to: a provider that passes Meta's own format on has others
    base_url = models.CharField(max_length=300)
    version = models.CharField(max_length=10)
    auth_header = models.CharField(max_length=60)
    #: whether a first message is answered with the ticket's number
    greets = models.BooleanField(default=True)
    #: whether a customer with several open tickets is asked which one he means
    asks = models.BooleanField(default=True, db_default=True)
    #: whether customers see that somebody here has opened their ticket
    reads = models.BooleanField(default=True, db_default=True)
    #: messages of one person within ten minutes that are taken; what is more is held back. 0: all are
    most_at_once = models.PositiveSmallIntegerField(default=30, db_default=30)
    #: says when somebody is there again to who writes outside the opening hours
    tells_hours = models.BooleanField(default=True, db_default=True)
    checked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.display_number or self.channel.address


class Webhook(models.Model):
    """One POST of the other side, as it came. It holds up to a thousand messages and states."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    raw = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now())
    handled_at = models.DateTimeField(null=True)
    #: what of it could not be used
    problem = models.CharField(max_length=500, blank=True, db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["received_at"], name="webhook_waiting", condition=Q(handled_at=None)),
            models.Index(fields=["received_at"], name="webhook_received"),
        ]

    def __str__(self) -> str:
        return f"webhook {self.pk}"


class EarlyStatus(models.Model):
    """The state of a message that we do not know under its id yet: our own call has not returned."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=300)
    state = models.CharField(max_length=10)
    code = models.CharField(max_length=40, blank=True)
    text = models.CharField(max_length=500, blank=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id", "state"], name="early_status_once")
        ]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.state}"


class AwaitedFile(models.Model):
    """A file of a message that could not be fetched yet, or not at all (`lost_at`)."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="awaited_files")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    media_id = models.CharField(max_length=200)
    filename = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=100, blank=True)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    lost_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_try_at"], name="awaited_due", condition=Q(lost_at=None))]

    def __str__(self) -> str:
        return self.filename


class PastMessage(models.Model):
    """What was written before our number joined, on the phone that has it; only to be read.

    It belongs to whoever has `address`, digits, among his identities.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=300)
    address = models.CharField(max_length=20)
    #: written by us, not by the person
    ours = models.BooleanField()
    text = models.TextField()
    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "external_id"], name="past_message_once")]
        indexes = [models.Index(fields=["address", "written_at"], name="past_message_of")]

    def __str__(self) -> str:
        return self.external_id


class MessageTemplate(models.Model):
    """A message that WhatsApp approves or refuses, as it stood there when it was last asked."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="templates")
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=20)
    #: their word; only APPROVED may be sent
    status = models.CharField(max_length=40)
    category = models.CharField(max_length=40, blank=True)
    #: their word for why it was refused
    rejected_reason = models.CharField(max_length=100, blank=True, db_default="")
    #: as they came: header, body, footer and buttons
    components = models.JSONField(default=list)
    synced_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "name", "language"], name="template_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
