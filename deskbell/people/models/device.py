from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class DeviceQuerySet(models.QuerySet["Device"]):
    def signed_in(self) -> DeviceQuerySet:
        """Those that are in at this moment: a session that ran out or was thrown away is a device no more."""
        alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=timezone.now())
        return self.filter(Exists(alive), ended_at=None)


class Device(models.Model):
    """A browser in which a person signed in: one row per session. Kept after its end, so that a browser is
    known again.
    """

    class Where(models.TextChoices):
        DESK = "desk", _("Desk")
        PORTAL = "portal", _("Portal")
        FIELD = "field", _("Phone page")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="devices")
    #: null once it is signed out
    session_key = models.CharField(max_length=40, unique=True, null=True)  # noqa: DJ001
    #: digest of the cookie by which the browser is known again
    mark = models.CharField(max_length=64, blank=True, default="")
    browser = models.CharField(max_length=40, blank=True, default="")
    system = models.CharField(max_length=40, blank=True, default="")
    address = models.CharField(max_length=45, blank=True, default="")
    #: password, code, sign_up, invitation, first_link, or a way the sign-in library names
    how = models.CharField(max_length=20, blank=True, default="")
    where = models.CharField(max_length=10, choices=Where, default=Where.DESK)
    signed_in_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    #: stays signed in until then; null: as long as any session
    trusted_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[DeviceQuerySet] = DeviceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(fields=["user", "-last_seen_at"], name="device_of_user"),
            models.Index(fields=["ended_at"], name="device_ended", condition=Q(ended_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        """Browser and system, as far as they are known: `Firefox on Windows`."""
        if self.browser and self.system:
            return str(_("%(browser)s on %(system)s")) % {"browser": self.browser, "system": self.system}
        return self.browser or self.system or str(_("Unknown browser"))

    @property
    def small(self) -> bool:
        return self.system in {"Android", "iPhone", "iPad"}
