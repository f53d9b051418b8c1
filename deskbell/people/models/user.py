from __future__ import annotations

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Value
from django.db.models.functions import Coalesce, Lower, Now, NullIf

from deskbell.files.models import Blob
from deskbell.kit import anonymised
from deskbell.people.models.organization import Organization, Site

#: by what the people page sorts: the name or, without one, the address
LISTED_AS = Lower(Coalesce(NullIf("name", Value("")), "email", Value(""), output_field=models.CharField()))


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=username)


class User(AbstractBaseUser):
    """One person, staff or customer. May have no password (a mail sender) and no address at all."""

    name = models.CharField(max_length=200, blank=True, default="")
    #: a projection of the primary e-mail identity, written by people.actions alone
    email = models.EmailField(max_length=320, unique=True, null=True)  # noqa: DJ001  many have none
    organization = models.ForeignKey(Organization, models.SET_NULL, null=True, related_name="people")
    site = models.ForeignKey(Site, models.SET_NULL, null=True, related_name="+")
    language = models.CharField(max_length=12, blank=True, default="")
    time_zone = models.CharField(max_length=64, blank=True, default="")
    notes = models.TextField(blank=True, default="")
    #: Markdown below one's public replies that leave by mail
    signature = models.TextField(blank=True, default="")
    #: a square picture; only people at the desk see it
    photo = models.ForeignKey(Blob, models.PROTECT, null=True, related_name="+")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    #: since when nobody can tell who it was (actions.anonymise)
    anonymised_at = models.DateTimeField(null=True)
    #: the person he has become part of: what comes to him goes there (people.pointers)
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, related_name="merged", db_index=False)

    #: who looks at the desk as this person in this request (people.viewing)
    viewed_by: User | None = None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    objects = UserManager()

    class Meta:
        indexes = [
            GinIndex(fields=["name"], name="user_name_trgm", opclasses=["gin_trgm_ops"]),
            models.Index(LISTED_AS, "id", name="user_listed"),
            models.Index(
                fields=["merged_into"],
                name="user_merged",
                condition=models.Q(merged_into__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name, else the address, else a number: never empty."""
        if self.anonymised_at is not None:
            return anonymised.name_of(self.pk)
        return self.name or self.email or f"#{self.pk}"

    def get_short_name(self) -> str:
        return self.display_name

    def get_full_name(self) -> str:
        return self.display_name


class Identity(models.Model):
    """The only truth about addresses: `key` is how we compare, `given` how it was written."""

    class Kind(models.TextChoices):
        EMAIL = "email"
        PHONE = "phone"
        WA_ID = "wa_id"
        WA_BSUID = "wa_bsuid"
        WA_LID = "wa_lid"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=10, choices=Kind)
    #: narrows ids that are only unique within an account of the provider
    scope = models.CharField(max_length=80, blank=True, default="")
    key = models.CharField(max_length=320)
    given = models.CharField(max_length=320)
    primary = models.BooleanField(default=False)
    verified_at = models.DateTimeField(null=True)
    verified_how = models.CharField(max_length=20, blank=True, default="")
    #: since when mails to it come back for good; none again when something comes in from it
    undeliverable_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "scope", "key"], name="identity_key"),
            models.UniqueConstraint(
                fields=["user", "kind"], condition=models.Q(primary=True), name="identity_primary"
            ),
        ]
        indexes = [GinIndex(fields=["key"], name="identity_key_trgm", opclasses=["gin_trgm_ops"])]

    def __str__(self) -> str:
        return self.given
