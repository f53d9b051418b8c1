from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from deskbell.people.models import Team

if TYPE_CHECKING:
    from deskbell.people.models import User


class SavedReplyQuerySet(models.QuerySet["SavedReply"]):
    def visible_to(self, user: User) -> SavedReplyQuerySet:
        """One's own, those of one's teams, and everyone's; whoever sets the desk up sees every team's."""
        from deskbell.tickets.replies import visible  # reads rights, which build on these models

        return self.filter(visible(user))


class SavedReply(models.Model):
    """Words used again and again, with variables (tickets/variables.py). Personal with an `owner`, a team's
    with a `team`, everyone's with neither.
    """

    class Scope(models.TextChoices):
        PERSONAL = "personal", _("Only me")
        TEAM = "team", _("A team")
        EVERYONE = "everyone", _("Everyone")

    class Then(models.TextChoices):
        """The status that is offered beside "Send" once the reply is inserted."""

        KEEP = "", _("Leave the choice as it is")
        PENDING = "pending", _("Waiting for customer")
        RESOLVED = "resolved", _("Resolved")

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="+")
    name = models.CharField(max_length=100)
    text = models.TextField()
    then = models.CharField(max_length=10, choices=Then, blank=True, default=Then.KEEP)
    #: how often it was inserted
    used = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    objects = SavedReplyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(owner__isnull=True) | Q(team__isnull=True), name="saved_reply_scope"
            ),
            models.UniqueConstraint(
                Lower("name"), "owner", "team", name="saved_reply_name", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> str:
        if self.owner_id:
            return self.Scope.PERSONAL
        return self.Scope.TEAM if self.team_id else self.Scope.EVERYONE
