from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

#: before the end of the window, for clocks that differ and the way a message takes
MARGIN = timedelta(seconds=60)


class Conversation(models.Model):
    """One person's endless chat with one of our numbers; its tickets are the matters in it.

    `address` is where answers go: exactly what wrote to us, digits or an id without a number.
    """

    #: a plain id: channels live above
    channel_id = models.BigIntegerField()
    address = models.CharField(max_length=160)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="conversations")
    #: how the person called himself there when he last wrote
    name = models.CharField(max_length=200, blank=True, default="", db_default="")
    #: until when anything but a template may be sent; none when the person has not written yet
    open_until = models.DateTimeField(null=True)
    #: for how many days it is open after a message of theirs
    open_days = models.PositiveSmallIntegerField(default=1, db_default=1)
    last_in_at = models.DateTimeField(null=True)
    #: the person's newest message that somebody here has opened (a plain id: messages stand above)
    seen_message_id = models.BigIntegerField(null=True)
    #: when the person was last told that somebody writes
    typing_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel_id", "address"], name="conversation_address")]
        indexes = [models.Index(fields=["open_until"], name="conversation_open_until")]

    def __str__(self) -> str:
        return self.address

    @property
    def closes_at(self) -> datetime | None:
        """From when on nothing but a template is taken."""
        return self.open_until - MARGIN if self.open_until else None

    @property
    def is_open(self) -> bool:
        """Whether anything but a template is taken now."""
        return self.closes_at is not None and timezone.now() < self.closes_at
