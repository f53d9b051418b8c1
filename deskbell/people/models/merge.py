from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

#: how long a merge can be undone, and what that takes is kept
UNDO_FOR = timedelta(days=30)


class PersonMerge(models.Model):
    """`source` became part of `target`. What undoing needs is kept for UNDO_FOR and then emptied."""

    source = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="merges")
    target = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="took_over")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    #: since when what follows is empty
    forgotten_at = models.DateTimeField(null=True)
    #: "app.model.field" → ids of the rows that pointed to the source
    moved = models.JSONField(default=dict)
    #: [table, row] of each that was taken out, as PostgreSQL writes a row in JSON
    withdrawn = models.JSONField(default=list)
    #: what the merge changed on the two people themselves (people.carrying.Changed)
    changed = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=models.Q(undone_at__isnull=True), name="person_merge_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source_id} into {self.target_id}"

    @property
    def until(self) -> datetime:
        """The end of the time in which it can be undone."""
        return self.at + UNDO_FOR

    @property
    def is_over(self) -> bool:
        return self.forgotten_at is not None or timezone.now() >= self.until
