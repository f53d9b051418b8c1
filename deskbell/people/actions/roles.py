"""Roles given and taken back."""

from __future__ import annotations

from django.db import transaction

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import events
from deskbell.people.actions.guard import keep_an_owner, may_hand_out, may_touch
from deskbell.people.models import (
    Grant,
    Role,
    Team,
    User,
)


@transaction.atomic
def grant(user: User, role: str, *, team: Team | None = None, by: Actor | User = SYSTEM) -> Grant:
    """Give `user` a role, everywhere or in one team. Twice does nothing.

    Raises NotAllowed: only an owner makes owners, and nobody hands out what he does not have.
    """
    given = Role.objects.get(slug=role)
    may_hand_out(given, by)
    row, made = Grant.objects.get_or_create(user=user, role=given, team=team)
    if made:
        _rights_changed(user, by, added=[given.slug])
    return row


@transaction.atomic
def revoke(row: Grant, *, by: Actor | User) -> None:
    """Take a grant back. Raises NotAllowed, LastOwner."""
    may_hand_out(row.role, by)
    may_touch(row.user, by)
    if row.role.slug == "owner":
        keep_an_owner(without=row.user)
    row.delete()
    _rights_changed(row.user, by, removed=[row.role.slug])


def _rights_changed(
    user: User, by: Actor | User, *, added: list[str] | None = None, removed: list[str] | None = None
) -> None:
    user.__dict__.pop("_rights", None)
    publish(events.RightsChanged(added=added or [], removed=removed or []), about=user, by=by)
