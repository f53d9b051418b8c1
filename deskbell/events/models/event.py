from __future__ import annotations

from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now


class Event(models.Model):
    """One row per thing that happened. Append-only: a trigger refuses every update and delete."""

    class Audience(models.TextChoices):
        PUBLIC = "public"
        STAFF = "staff"

    at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    about_kind = models.CharField(max_length=40)
    about_id = models.BigIntegerField()
    audience = models.CharField(max_length=10, choices=Audience)
    data = models.JSONField(default=dict)
    #: the event that led to this one, so that a loop can be seen and ended
    cause_id = models.BigIntegerField(null=True)
    #: the transaction that wrote it: readers that follow the log read only below the oldest running one
    xact = models.BigIntegerField(db_default=RawSQL("(pg_current_xact_id()::text::bigint)", ()))

    class Meta:
        indexes = [
            models.Index(fields=["about_kind", "about_id", "id"], name="event_about"),
            models.Index(fields=["xact", "id"], name="event_xact"),
            # the audit trail is read newest first, whole or narrowed to a kind or to who did it
            models.Index(fields=["at", "id"], name="event_at"),
            models.Index(fields=["kind", "at", "id"], name="event_kind"),
            models.Index(
                fields=["actor_id", "at", "id"],
                name="event_actor",
                condition=models.Q(actor_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about_kind} {self.about_id}"


class EventDetail(models.Model):
    """Values of an event that may have to be erased (names, subjects, old texts)."""

    event = models.OneToOneField(Event, models.DO_NOTHING, related_name="detail")
    values = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"detail of {self.event_id}"
