from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from deskbell.people.models.organization import Organization
from deskbell.people.models.role import Role, Team


class ApiToken(models.Model):
    """Acts as its user. Only a digest is kept; the token is shown once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    read_only = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)
    #: works until then; null: until it is revoked
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """An offer by mail to become a user with a role. Its link is signed, so no secret is kept."""

    email = models.EmailField(max_length=320)
    name = models.CharField(max_length=200, blank=True, default="")
    role = models.ForeignKey(Role, models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="+")
    #: to which a customer manager invites a colleague
    organization = models.ForeignKey(Organization, models.CASCADE, null=True, related_name="+")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return self.email


class FirstLink(models.Model):
    """The way in for the first administrator, printed where the desk was started. Only a digest is kept."""

    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"first link of {self.created_at}"


class RecoveryLink(models.Model):
    """The way in for somebody locked out, printed by `deskbell user recover`. Only a digest is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"recovery link of {self.created_at}"
