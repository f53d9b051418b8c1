from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class SenderRule(models.Model):
    """What is done with mails and forms of one address, or of all addresses of one domain."""

    class Kind(models.TextChoices):
        #: nothing of theirs becomes a ticket
        BLOCK = "block"
        #: never held back for their number, and let through where their domain is blocked
        ALLOW = "allow"

    #: people.addresses.email_key of an address, or domain_key of a domain: never a part of one
    sender = models.CharField(max_length=320, unique=True)
    kind = models.CharField(max_length=5, choices=Kind)
    #: why, for those who read the list later
    note = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.kind} {self.sender}"
