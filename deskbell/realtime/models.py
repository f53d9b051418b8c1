from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import UniqueConstraint

#: a browser that looks at a ticket says so every twenty seconds (desk/js/present.js)
HERE_FOR = timedelta(seconds=45)


class Presence(models.Model):
    """Somebody at the desk has a ticket open. Ids without foreign keys: a row is forgotten in a minute.

    The table is unlogged: writing it costs little, and after a crash of the database it is empty.
    """

    ticket_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    seen_at = models.DateTimeField()
    #: when he last said that he writes; None when he does not
    writing_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [UniqueConstraint(fields=["ticket_id", "user_id"], name="presence_once")]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.ticket_id}"

    def is_here(self, now: datetime) -> bool:
        return now - self.seen_at < HERE_FOR

    def writes(self, now: datetime) -> bool:
        return self.is_here(now) and self.writing_at is not None and now - self.writing_at < HERE_FOR
