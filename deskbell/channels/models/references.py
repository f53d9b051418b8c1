from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class ChatReference(models.Model):
    """A sign that a signed-in customer sends by his own WhatsApp, once: by it his chat is known to be his."""

    #: SHA-256 of the sign
    digest = models.CharField(max_length=64, unique=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"reference {self.pk}"
