from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deskbell.people.models import Organization, Site, Team
from deskbell.tickets.models.conversation import Conversation
from deskbell.tickets.models.settings import (
    ACTIVE_CATEGORIES,
    ENDED_CATEGORIES,
    Category,
    Queue,
    Status,
    Tag,
    TicketType,
)

if TYPE_CHECKING:
    from deskbell.people.models import User

NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class Priority(models.IntegerChoices):
    LOW = 1, _("Low")
    NORMAL = 2, _("Normal")
    HIGH = 3, _("High")
    URGENT = 4, _("Urgent")


class Source(models.TextChoices):
    """By what door the request came in."""

    WEB = "web", _("Web")
    MAIL = "mail", _("E-mail")
    PHONE = "phone", _("Phone")
    WALK_IN = "walk_in", _("Walk-in")
    API = "api", _("API")
    #: by somebody who did not sign in: nobody proved the requester's address
    WEBFORM = "webform", _("Web form")
    WHATSAPP = "whatsapp", "WhatsApp"


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, user: User, *, trashed: bool = False) -> TicketQuerySet:
        """The tickets `user` may see, in whatever capacity; trashed ones if asked for, to staff only."""
        from deskbell.tickets.reach import visible  # reach builds on these models

        return self.filter(visible(user, trashed=trashed))

    def with_row(self) -> TicketQuerySet:
        """With everything a list row or an API item shows, in one query."""
        return self.select_related(
            "status", "requester", "organization", "queue", "team", "assignee", "type", "last_author"
        )


class Ticket(models.Model):
    number = models.BigIntegerField(unique=True, db_default=RawSQL("nextval('tickets_number')", ()))
    subject = models.CharField(max_length=255)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    organization = models.ForeignKey(
        Organization, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    site = models.ForeignKey(Site, models.SET_NULL, null=True, related_name="+")
    queue = models.ForeignKey(Queue, models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="+", db_index=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    status = models.ForeignKey(Status, models.PROTECT, related_name="+")
    #: copied from the status, so that lists need no join
    category = models.CharField(max_length=10, choices=Category)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    type = models.ForeignKey(TicketType, models.PROTECT, null=True, related_name="+", db_index=False)
    source = models.CharField(max_length=10, choices=Source)
    #: how the customer is answered
    channel = models.CharField(max_length=20, default="web")
    #: the chat in which it is answered, when `channel` is one
    conversation = models.ForeignKey(
        Conversation, models.SET_NULL, null=True, related_name="tickets", db_index=False
    )
    tags = models.ManyToManyField(Tag, related_name="tickets")
    custom = models.JSONField(default=dict)
    #: the ticket that this one has become part of: what comes to this one goes there
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, related_name="merged", db_index=False)
    version = models.PositiveIntegerField(default=1)
    spam = models.BooleanField(default=False)
    trashed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    #: when its customers could last see something new: a public message, another state or subject
    public_at = models.DateTimeField(db_default=Now())
    first_responded_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    #: since when the customer waits for an answer; none when we wrote last
    waiting_since = models.DateTimeField(null=True)
    last_message_at = models.DateTimeField(null=True)
    last_message_id = models.BigIntegerField(null=True)
    last_author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    last_direction = models.CharField(max_length=3, default="in")
    #: the kind of the last message when it is internal, else nothing
    last_note = models.CharField(max_length=8, default="")

    active = models.GeneratedField(
        expression=models.ExpressionWrapper(
            Q(trashed_at__isnull=True, spam=False, category__in=ACTIVE_CATEGORIES),
            output_field=models.BooleanField(),
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    #: the one box in which a ticket lies: its category, or spam, or trash
    place = models.GeneratedField(
        expression=Case(
            When(trashed_at__isnull=False, then=Value("trash")),
            When(spam=True, then=Value("spam")),
            default=F("category"),
            output_field=models.CharField(max_length=10),
        ),
        output_field=models.CharField(max_length=10),
        db_persist=True,
    )
    #: due_at for sorting, with "no due date" last
    due_order = models.GeneratedField(
        expression=Coalesce("due_at", Value(NEVER)),
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    objects = TicketQuerySet.as_manager()

    class Meta:
        indexes = [
            # one per box and sort, for those who see everything and for those who see a team
            *(
                models.Index(*lead, *order, name=f"ticket_{name}_{by}", condition=condition)
                for name, lead, condition in (
                    ("active", (), Q(active=True)),
                    ("place", (F("place"),), None),
                    ("free", (), Q(active=True, assignee__isnull=True)),
                    ("team_active", (F("team_id"),), Q(active=True)),
                    ("team_place", (F("team_id"), F("place")), None),
                    ("mine_place", (F("assignee_id"), F("place")), None),
                )
                for by, order in (
                    ("upd", (F("updated_at").desc(), F("id").desc())),
                    ("new", (F("id").desc(),)),
                    ("due", (F("due_order"), F("id"))),
                    ("pri", (F("priority").desc(), F("updated_at").desc(), F("id").desc())),
                )
            ),
            models.Index(
                F("updated_at").desc(),
                F("id").desc(),
                name="ticket_all",
                condition=Q(trashed_at__isnull=True),
            ),
            models.Index(
                "waiting_since",
                "id",
                name="ticket_waiting",
                condition=Q(active=True, waiting_since__isnull=False),
            ),
            models.Index(
                "team_id",
                "waiting_since",
                "id",
                name="ticket_team_waiting",
                condition=Q(active=True, waiting_since__isnull=False),
            ),
            models.Index(
                F("assignee_id"),
                F("updated_at").desc(),
                F("id").desc(),
                name="ticket_mine",
                condition=Q(active=True),
            ),
            models.Index(
                "assignee_id",
                "waiting_since",
                "id",
                name="ticket_mine_waiting",
                condition=Q(active=True, waiting_since__isnull=False),
            ),
            models.Index(
                fields=["conversation"], name="ticket_conversation", condition=Q(conversation__isnull=False)
            ),
            models.Index(
                fields=["merged_into"], name="ticket_merged", condition=Q(merged_into__isnull=False)
            ),
            # what figures.py counts by day, with what it asks of each ticket
            models.Index(fields=["created_at"], name="ticket_created", include=["place", "team", "assignee"]),
            models.Index(
                fields=["resolved_at"],
                name="ticket_resolved",
                include=["place", "team", "assignee"],
                condition=Q(resolved_at__isnull=False),
            ),
            models.Index(
                fields=["first_responded_at"],
                name="ticket_answered",
                include=["created_at", "place", "team", "assignee"],
                condition=Q(first_responded_at__isnull=False),
            ),
            models.Index(F("requester_id"), F("updated_at").desc(), F("id").desc(), name="ticket_requester"),
            *(
                models.Index(
                    F(f"{owner}_id"),
                    F("public_at").desc(),
                    F("id").desc(),
                    name=f"ticket_{owner}_{state}",
                    condition=Q(category__in=categories, trashed_at__isnull=True),
                )
                for owner in ("requester", "organization")
                for state, categories in (("open", ACTIVE_CATEGORIES), ("ended", ENDED_CATEGORIES))
            ),
            models.Index(
                F("organization_id"), F("updated_at").desc(), F("id").desc(), name="ticket_organization"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("desk:ticket", args=[self.number])

    @property
    def trashed(self) -> bool:
        return self.trashed_at is not None


class TicketLink(models.Model):
    class Kind(models.TextChoices):
        FOLLOW_UP = "follow_up"
        RELATED = "related"
        #: began with messages of the older one
        SPLIT = "split"

    kind = models.CharField(max_length=10, choices=Kind)
    #: the newer ticket …
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="links")
    #: … and the one it came from
    target = models.ForeignKey(Ticket, models.CASCADE, related_name="linked_from")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "target", "kind"], name="ticket_link_once"),
            models.CheckConstraint(condition=~Q(ticket=F("target")), name="ticket_link_not_self"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind} {self.target_id}"
