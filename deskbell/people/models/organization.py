from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower, Now


class Organization(models.Model):
    """A customer company."""

    name = models.CharField(max_length=200)
    notes = models.TextField(blank=True, default="")
    #: whoever comes by one of its domains asks to belong to it; somebody decides
    needs_approval = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="organization_name")]

    def __str__(self) -> str:
        return self.name


class OrganizationDomain(models.Model):
    """A mail domain whose people belong to the organisation. Kept as an IDNA A-label in lower case."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="domains")
    domain = models.CharField(max_length=253, unique=True)

    def __str__(self) -> str:
        return self.domain


class Site(models.Model):
    """A place of an organisation where an engineer may have to go."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="sites")
    name = models.CharField(max_length=200)
    address = models.TextField(blank=True, default="")
    access_notes = models.TextField(blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    #: degrees, both or neither
    latitude = models.DecimalField(max_digits=8, decimal_places=6, null=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    #: an inactive one keeps its tickets, and is offered no more
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="site_name"),
            models.CheckConstraint(
                condition=models.Q(latitude__isnull=True, longitude__isnull=True)
                | models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="site_place",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MembershipRequest(models.Model):
    """Somebody with an address of the organisation's domain would belong to it; until then he does not."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="membership_requests")
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="membership_requests")
    created_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    approved = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "organization"], name="membership_asked_once"),
            models.CheckConstraint(
                condition=models.Q(decided_at__isnull=True, approved__isnull=True)
                | models.Q(decided_at__isnull=False, approved__isnull=False),
                name="membership_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organization_id}"
