from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Once(models.Model):
    """A key under which something was done, and the answer that was given then."""

    scope = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="once_key")]

    def __str__(self) -> str:
        return f"{self.scope}:{self.key}"
