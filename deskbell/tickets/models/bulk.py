from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from deskbell.tickets.models.ticket import Ticket

if TYPE_CHECKING:
    from deskbell.people.models import User

UNDO_FOR = timedelta(minutes=10)


class BulkChangeQuerySet(models.QuerySet["BulkChange"]):
    def visible_to(self, user: User) -> BulkChangeQuerySet:
        """Everybody sees his own."""
        return self.filter(user=user)


class BulkChange(models.Model):
    """One change asked for several tickets at once, worked off ticket by ticket by a job."""

    class Verb(models.TextChoices):
        ASSIGN = "assign"
        STATUS = "status"
        PRIORITY = "priority"
        TAG = "tag"
        SPAM = "spam"
        NO_SPAM = "no_spam"
        TRASH = "trash"
        RESTORE = "restore"
        #: to nobody in a team: somebody left
        HAND_OVER = "hand_over"

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        UNDOING = "undoing"
        UNDONE = "undone"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    verb = models.CharField(max_length=10, choices=Verb)
    #: id of the assignee, status or team, a priority, a tag's name; none where the verb says it all
    value = models.JSONField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    #: the events that each change and each undoing names as its cause
    event_id = models.BigIntegerField()
    undo_event_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)
    finished_at = models.DateTimeField(null=True)

    objects = BulkChangeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.verb} by {self.user_id}"

    @property
    def working(self) -> bool:
        return self.state in {self.State.RUNNING, self.State.UNDOING}

    def can_be_undone(self, now: datetime) -> bool:
        return (
            self.state == self.State.DONE
            and self.finished_at is not None
            and now < self.finished_at + UNDO_FOR
        )


class BulkItem(models.Model):
    """One ticket of a bulk change, and what became of it. Written in the transaction of its change."""

    class State(models.TextChoices):
        WAITING = "waiting"
        CHANGED = "changed"
        #: it was so already
        SAME = "same"
        REFUSED = "refused"
        UNDONE = "undone"
        #: changed, and not taken back
        KEPT = "kept"

    class Reason(models.TextChoices):
        NONE = ""
        NOT_ALLOWED = "not_allowed"
        BAD_MOVE = "bad_move"
        NOT_STAFF = "not_staff"
        CHANGED_SINCE = "changed_since"
        FAILED = "failed"

    bulk = models.ForeignKey(BulkChange, models.CASCADE, related_name="items")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=14, choices=Reason, blank=True, default=Reason.NONE)
    #: what was so before, by property; times as RFC 3339
    before = models.JSONField(default=dict)
    #: version and flags (spam, trash) after the change: undoing leaves a ticket alone that has others
    version = models.PositiveIntegerField(null=True)
    flags = models.CharField(max_length=10, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bulk", "ticket"], name="bulk_item_once")]

    def __str__(self) -> str:
        return f"{self.bulk_id}: {self.ticket_id} {self.state}"
