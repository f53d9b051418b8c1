from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from deskbell.channels.models.channel import Channel
from deskbell.gateway.protocol import Link, Sending


class LinkedDevice(models.Model):
    """A WhatsApp account that a gateway holds as a linked device (WhatsApp Web, unofficial).

    The channel's address are the digits of its phone number, its secrets the one it shares with the gateway.
    """

    class LinkState(models.TextChoices):
        STOPPED = Link.STOPPED
        STARTING = Link.STARTING
        PAIRING = Link.PAIRING
        CONNECTING = Link.CONNECTING
        WORKING = Link.WORKING
        LOGGED_OUT = Link.LOGGED_OUT
        CONFLICT = Link.CONFLICT
        BANNED = Link.BANNED
        OUTDATED = Link.OUTDATED
        MISSING = Link.MISSING

    class SendState(models.TextChoices):
        OK = Sending.OK
        RESTRICTED = Sending.RESTRICTED
        #: by an administrator
        PAUSED = "paused"

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="device")
    #: where another gateway than ours listens; empty for ours, which listens at `port` of this machine
    gateway = models.CharField(max_length=200, blank=True, default="")
    port = models.PositiveIntegerField(unique=True)
    link_state = models.CharField(max_length=12, choices=LinkState, default=LinkState.STOPPED)
    send_state = models.CharField(max_length=12, choices=SendState, default=SendState.OK)
    #: until when a ban or a restriction holds, as far as WhatsApp has said
    until = models.DateTimeField(null=True)
    #: what the gateway said beside its state
    detail = models.CharField(max_length=200, blank=True, default="")
    #: of the newest state that was noted, by the gateway's clock
    state_at = models.DateTimeField(null=True)
    linked_since = models.DateTimeField(null=True)
    #: the hidden id of the account itself, to know it in groups and echoes
    own_lid = models.CharField(max_length=80, blank=True, default="")
    #: kind of chat → how many messages of it were left alone
    ignored = models.JSONField(default=dict)
    #: for how many days after a customer's message he may be answered
    reply_days = models.PositiveSmallIntegerField(default=30)
    people_per_hour = models.PositiveSmallIntegerField(default=30)
    messages_per_day = models.PositiveSmallIntegerField(default=200)
    #: who took the risk upon the company, and when; without it the number cannot be switched on
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.channel_id}: {self.link_state}"

    @property
    def address(self) -> str:
        """Where its gateway is asked."""
        return self.gateway or f"http://127.0.0.1:{self.port}"

    @property
    def is_restricted(self) -> bool:
        """Whether WhatsApp keeps it from writing to people now, as far as it has said."""
        over = self.until is not None and self.until <= timezone.now()
        return self.send_state == self.SendState.RESTRICTED and not over

    @property
    def may_send(self) -> bool:
        paused = self.send_state == self.SendState.PAUSED
        return self.link_state == self.LinkState.WORKING and not paused and not self.is_restricted


class DeviceMessage(models.Model):
    """One message handed to a gateway, or about to be: what the limits of a linked device are counted by, and
    how we know that a message must not be handed over again.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    #: of the outbox: a plain uuid
    item = models.UUIDField(unique=True)
    #: as the gateway knows it; another one when somebody sends it again by hand
    client_id = models.UUIDField(unique=True, default=uuid.uuid4)
    address = models.CharField(max_length=160)
    #: of its words; empty for a file
    digest = models.CharField(max_length=64, blank=True)
    #: when the gateway said that it has it
    handed_at = models.DateTimeField(null=True)
    #: before this nothing else leaves by the number
    next_at = models.DateTimeField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["channel", "at"], name="device_message_at"),
            models.Index(
                fields=["channel", "digest", "at"], name="device_message_words", condition=~Q(digest="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} to {self.address}"
