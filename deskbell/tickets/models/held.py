from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from deskbell.tickets.models.settings import Status
from deskbell.tickets.models.ticket import Ticket


class HeldReply(models.Model):
    """A reply, or a forward, that its writer may still take back. It is no message yet: no customer, no
    search and no notice can come upon it before it leaves. One without `leaves_at` waits until its customer
    writes in the chat.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    text = models.TextField(blank=True, default="")
    #: ids of the writer's own files
    uploads = ArrayField(models.BigIntegerField(), default=list)
    #: addresses to copy in
    copy = ArrayField(models.CharField(max_length=320), default=list)
    #: addresses that get it without the others knowing
    bcc = ArrayField(models.CharField(max_length=320), default=list, db_default=[])
    #: see Content.way
    way = models.CharField(max_length=20, blank=True, default="", db_default="")
    #: see Message.in_reply_to
    in_reply_to = models.CharField(max_length=300, blank=True, default="", db_default="")
    #: set when it leaves; none keeps what the ticket has
    status = models.ForeignKey(Status, models.SET_NULL, null=True, related_name="+", db_index=False)
    #: of a forward what tickets.forwards.Forward has beside the text; none for a reply
    forward = models.JSONField(null=True)
    held_at = models.DateTimeField(db_default=Now())
    leaves_at = models.DateTimeField(null=True, db_index=True)

    @property
    def waits(self) -> bool:
        return self.leaves_at is None

    def __str__(self) -> str:
        return f"held reply {self.pk}"
