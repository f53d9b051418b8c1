from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Blob(models.Model):
    """Content addressed by its SHA-256, at `<data>/files/ab/cd/<sha256>`."""

    class Scan(models.TextChoices):
        UNSCANNED = "unscanned"
        CLEAN = "clean"
        INFECTED = "infected"

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.BigIntegerField()
    #: sniffed from the content, never taken from the sender
    content_type = models.CharField(max_length=120)
    scan = models.CharField(max_length=10, choices=Scan, default=Scan.UNSCANNED)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return self.sha256

    @property
    def path(self) -> Path:
        return Path(settings.FILES_DIR) / self.sha256[:2] / self.sha256[2:4] / self.sha256

    @property
    def is_safe_image(self) -> bool:
        """An image every browser shows without running anything in it."""
        return self.content_type in SAFE_IMAGES


SAFE_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
