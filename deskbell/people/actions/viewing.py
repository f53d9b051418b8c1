"""Looking at the desk as somebody else sees it."""

from __future__ import annotations

from django.db import transaction

from deskbell.events.publish import publish
from deskbell.people import events, rules
from deskbell.people.actions.errors import NotAllowed
from deskbell.people.models import User


@transaction.atomic
def begin_viewing(person: User, *, by: User, minutes: int) -> None:
    """`by` looks as `person` for a while, and changes nothing. Raises NotAllowed."""
    if not rules.may_view_as(by, person):
        raise NotAllowed("view_as")
    publish(events.ViewingBegun(minutes=minutes), about=person, by=by)


@transaction.atomic
def end_viewing(person: User, *, by: User, why: str) -> None:
    """`why`: ended (by himself), expired, rights (one of both lost or gained some)."""
    publish(events.ViewingEnded(why=why), about=person, by=by)
