from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from deskbell.tickets.models import Queue


class Channel(models.Model):
    """One way in, and mostly out: a mailbox, a WhatsApp number, the web form for people without an account.

    A mailbox's address is casefolded and its domain an IDNA A-label, a number's is its phone number id at the
    Cloud API and its digits as a linked device; the web form has none, and is one.
    """

    class Kind(models.TextChoices):
        EMAIL = "email"
        WEBFORM = "webform"
        WHATSAPP_CLOUD = "whatsapp-cloud"
        WHATSAPP_WEB = "whatsapp-web"

    class State(models.TextChoices):
        OK = "ok"
        #: switched off: takes nothing in
        OFF = "off"
        DOWN = "down"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    name = models.CharField(max_length=100)
    address = models.CharField(max_length=320)
    state = models.CharField(max_length=12, choices=State, default=State.OK)
    #: where its new tickets go; none means the desk's first queue
    queue = models.ForeignKey(Queue, models.SET_NULL, null=True, blank=True, related_name="+")
    #: whether its mail server delivers support+anything@… here, so that answers may carry a signed address
    plus_addresses = models.BooleanField(default=False)
    #: how its mail server calls itself in Authentication-Results (RFC 8601); empty: it is not asked
    authserv_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    #: encrypted JSON
    secrets = models.BinaryField(null=True)
    last_in_at = models.DateTimeField(null=True)
    last_out_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "address"], name="channel_address")]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.address else self.name
