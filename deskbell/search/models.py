from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class Document(models.Model):
    """What can be found of one thing. `id` follows time, so that the newest can be ranked first."""

    class Audience(models.TextChoices):
        PUBLIC = "public"
        STAFF = "staff"

    kind = models.CharField(max_length=10)
    object_id = models.BigIntegerField()
    ticket_id = models.BigIntegerField(null=True)
    audience = models.CharField(max_length=6, choices=Audience)
    language = models.CharField(max_length=12, blank=True, default="")
    tsv = SearchVectorField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="document_once")]
        indexes = [
            GinIndex(fields=["tsv"], name="document_words"),
            models.Index(fields=["ticket_id"], name="document_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
