from __future__ import annotations

from typing import TypedDict

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from deskbell.files.models import Blob
from deskbell.kit.time import DATE_FORMS


class FooterLink(TypedDict):
    """`address` begins with http://, https:// or mailto:."""

    label: str
    address: str


class Company(models.Model):
    """The company whose desk this is: one row, made when something is stored for the first time.

    Read it through `people.queries.company()`, which gives the first values of the settings before that.
    """

    class Registration(models.TextChoices):
        """Who may make an account for himself."""

        ANYONE = "anyone", _("Anyone")
        DOMAINS = "domains", _("People of known organisations")
        INVITED = "invited", _("Only invited people")

    DATE_FORMATS = (("", _("As the language has it")), *((form, form) for form in DATE_FORMS))
    LINKS = 6

    id = models.SmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=80)
    logo = models.ForeignKey(Blob, models.PROTECT, null=True, related_name="+")
    #: pixels of the stored logo, so that a page does not jump when it has loaded
    logo_width = models.PositiveSmallIntegerField(default=0)
    logo_height = models.PositiveSmallIntegerField(default=0)
    #: given, or derived from the logo
    icon = models.ForeignKey(Blob, models.PROTECT, null=True, related_name="+")
    icon_given = models.BooleanField(default=False)
    #: `#rrggbb` as it was picked; empty: the colour Deskbell comes with. Pages use the shades of kit.colour
    accent = models.CharField(max_length=7, blank=True, default="")
    support_address = models.EmailField(max_length=254)
    support_phone = models.CharField(max_length=40, blank=True, default="")
    time_zone = models.CharField(max_length=64)
    date_format = models.CharField(max_length=10, choices=DATE_FORMATS, blank=True, default="")
    language = models.CharField(max_length=12)
    #: list of FooterLink, at most LINKS
    footer_links = models.JSONField(default=list, blank=True)
    #: Markdown, below that of the agent in replies by mail
    signature = models.TextField(blank=True, default="", db_default="")
    #: Markdown
    announcement = models.TextField(blank=True, default="")
    announced_until = models.DateTimeField(null=True)
    registration = models.CharField(max_length=10, choices=Registration, default=Registration.ANYONE)
    #: whether people without an account may open tickets
    guests = models.BooleanField(default=True)
    #: whether people may sign in by a code by WhatsApp, where a number can send one
    whatsapp_codes = models.BooleanField(default=True, db_default=True)
    #: how long an engineer stays signed in on the phone
    phone_days = models.PositiveSmallIntegerField(default=30, db_default=30)
    #: days for which the link in a mail opens its ticket without a sign-in; 0: mails carry no such links
    ticket_link_days = models.PositiveSmallIntegerField(default=30, db_default=30)
    #: new tickets by mail that one sender may open within an hour before his mails are held back; 0: any
    tickets_per_sender = models.PositiveSmallIntegerField(default=60, db_default=60)
    #: seconds for which a reply may be taken back before it leaves; 0: it leaves at once
    undo_seconds = models.PositiveSmallIntegerField(default=10, db_default=10)
    #: first steps somebody chose to leave out
    skipped_steps = ArrayField(models.CharField(max_length=20), default=list)
    #: made by `--demo`: such data never mixes with that of a real desk
    demo = models.BooleanField(default=False)
    #: rises with each change; in the addresses of logo, icon and colours
    #: see people.hours; empty where none are set
    hours = models.JSONField(default=dict, blank=True, db_default=Value({}, models.JSONField()))
    version = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "companies"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="company_is_one")]

    def __str__(self) -> str:
        return self.name

    @property
    def stored(self) -> bool:
        return self.version > 0

    @property
    def wide_logo(self) -> bool:
        """A logo that holds the name itself; a square one stands beside it."""
        return self.logo_width > 1.8 * self.logo_height

    @property
    def shown_announcement(self) -> str:
        """The announcement while it is to be shown, else empty."""
        over = self.announced_until is not None and self.announced_until <= timezone.now()
        return "" if over else self.announcement

    @property
    def open_to_new_people(self) -> bool:
        """Whether somebody who was not invited may sign up at all."""
        return self.registration != self.Registration.INVITED
