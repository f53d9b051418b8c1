from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Delivery(models.Model):
    """`subscriber` has heard `event_id`; written in the transaction of what the subscriber did."""

    event_id = models.BigIntegerField()
    subscriber = models.CharField(max_length=80)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_id", "subscriber"], name="delivery_once")]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.subscriber}"
