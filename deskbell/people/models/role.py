from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now


class Team(models.Model):
    """People who work together. A person is in a team through a grant."""

    name = models.CharField(max_length=100)
    address = models.EmailField(blank=True, default="")
    #: an inactive one keeps its people and tickets, and is offered no more
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="team_name")]

    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """Permissions, and how far they reach.

    A grant may name a team: then "all", "team" and "queue" reach that team alone. One that names none gives
    "team" and "queue" in every team the person works in.
    """

    class Scope(models.TextChoices):
        ALL = "all"
        TEAM = "team"
        QUEUE = "queue"
        ASSIGNED = "assigned"
        #: customers: every ticket of their organisation, or only their own
        ORGANIZATION = "organization"
        OWN = "own"

    #: of roles for customers, who are in no team
    CUSTOMER_SCOPES = (Scope.ORGANIZATION, Scope.OWN)

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    permissions = ArrayField(models.CharField(max_length=40), default=list)
    scope = models.CharField(max_length=12, choices=Scope)
    #: whoever has the role signs in with a second factor
    needs_second_factor = models.BooleanField(default=False, db_default=False)
    #: rises with each change, so that a form that was opened before one is known to be stale
    version = models.PositiveIntegerField(default=1, db_default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="role_name"),
            models.CheckConstraint(
                condition=~models.Q(scope__in=["organization", "own"])
                | models.Q(permissions__contained_by=["customer.write"]),
                name="role_of_customers_writes_at_most",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def for_customers(self) -> bool:
        return self.scope in CUSTOMER_SCOPES


#: scopes of roles for customers, who are in no team and permitted nothing at the desk
CUSTOMER_SCOPES = frozenset({Role.Scope.OWN, Role.Scope.ORGANIZATION})


class Grant(models.Model):
    """`user` has `role`: everywhere the role's scope reaches or, with a team, in that team's tickets."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="grants")
    role = models.ForeignKey(Role, models.PROTECT, related_name="grants")
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="grants")
    granted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "team"], name="grant_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role_id}"
