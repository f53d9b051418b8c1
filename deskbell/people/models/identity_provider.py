from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower, Now

from deskbell.people.models.role import Role, Team


class IdentityProvider(models.Model):
    """Where people sign in instead of here (OpenID Connect), and how the desk is known there.

    Whoever sets one up can sign in as everybody it lets in: only the owner does.
    """

    #: as its button says
    name = models.CharField(max_length=60)
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=300)
    #: encrypted JSON string
    client_secret = models.BinaryField(null=True)
    scopes = models.CharField(max_length=300, default="openid email profile")
    active = models.BooleanField(default=False)
    for_staff = models.BooleanField(default=True)
    for_customers = models.BooleanField(default=False)
    #: people it knows and we do not get an account
    makes_accounts = models.BooleanField(default=False)
    #: claim whose values give roles; empty: none does
    role_claim = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="identity_provider_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def gives_roles(self) -> bool:
        return bool(self.role_claim)


class ProviderRole(models.Model):
    """Whoever has `value` in the provider's claim has `role`, everywhere or in a team."""

    provider = models.ForeignKey(IdentityProvider, models.CASCADE, related_name="roles")
    value = models.CharField(max_length=200)
    role = models.ForeignKey(Role, models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "value", "role", "team"], name="provider_role_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.value}: {self.role_id}"

    def is_given_by(self, values: frozenset[str]) -> bool:
        return self.value in values


class ProviderLink(models.Model):
    """`user` is whom the provider calls `subject`: addresses change, this does not."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="provider_links")
    provider = models.ForeignKey(IdentityProvider, models.CASCADE, related_name="links")
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "subject"], name="provider_link_subject")]

    def __str__(self) -> str:
        return f"{self.user_id} by {self.provider_id}"
