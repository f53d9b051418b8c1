from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower, Now


class Organization(models.Model):
    """A customer company."""

    name = models.CharField(max_length=200)
    notes = models.TextField(blank=True, default="")
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
