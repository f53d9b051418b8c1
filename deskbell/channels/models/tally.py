from __future__ import annotations

from django.db import models


class Tally(models.Model):
    """How much of something one sender brought within an hour; `key` is a keyed digest of who and what."""

    key = models.CharField(max_length=64)
    #: the hour's beginning
    hour = models.DateTimeField(db_index=True)
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "hour"], name="tally_hour")]

    def __str__(self) -> str:
        return f"{self.amount} at {self.hour}"
