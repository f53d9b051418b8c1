"""What an administrator may shape: statuses, queues, types, tags."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from deskbell.people.models import Team


class Category(models.TextChoices):
    """The fixed meaning behind a status; labels are free, categories are not."""

    NEW = "new", _("New")
    OPEN = "open", _("Open")
    SCHEDULED = "scheduled", _("Scheduled")
    PENDING = "pending", _("Waiting for customer")
    ON_HOLD = "on_hold", _("On hold")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", _("Closed")


#: categories in which somebody still has to do something
ACTIVE_CATEGORIES = (
    Category.NEW,
    Category.OPEN,
    Category.SCHEDULED,
    Category.PENDING,
    Category.ON_HOLD,
)
ENDED_CATEGORIES = (Category.RESOLVED, Category.CLOSED)


class Status(models.Model):
    """A label in a category. The default one of a category is what the system sets."""

    slug = models.SlugField(unique=True)
    label = models.CharField(max_length=60)
    category = models.CharField(max_length=10, choices=Category)
    position = models.PositiveSmallIntegerField(default=0)
    default = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "statuses"
        constraints = [
            models.UniqueConstraint(
                fields=["category"], condition=models.Q(default=True), name="status_default_of_category"
            )
        ]

    def __str__(self) -> str:
        return self.label


class Queue(models.Model):
    """A department a customer may choose."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    public = models.BooleanField(default=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="queues")
    #: the address customers write to; replies leave from there
    address = models.EmailField(blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="queue_name"),
            models.UniqueConstraint(Lower("address"), condition=~models.Q(address=""), name="queue_address"),
        ]

    def __str__(self) -> str:
        return self.name


class TicketType(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="tag_name")]

    def __str__(self) -> str:
        return self.name
