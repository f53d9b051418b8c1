"""Roles given and taken back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import events, permissions, rules
from deskbell.people.actions.errors import NotAllowed
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

    A read-only role of a customer takes the place of those that write, and the other way round.
    Raises NotAllowed: only an owner makes owners, and nobody hands out what he does not have.
    """
    given = Role.objects.get(slug=role)
    may_hand_out(given, by)
    return _put(user, given, team, by)


def _put(user: User, given: Role, team: Team | None, by: Actor | User) -> Grant:
    row, made = Grant.objects.get_or_create(user=user, role=given, team=team)
    if made:
        _rights_changed(user, by, added=[given.slug], removed=_take_contrary(user, given))
    return row


def _take_contrary(user: User, given: Role) -> list[str]:
    """A person either writes as a customer or reads only: the later role counts."""
    if given.scope not in Role.CUSTOMER_SCOPES:
        return []
    writes = Q(role__permissions__contains=[permissions.CUSTOMER_WRITE])
    others = Grant.objects.filter(user=user, role__scope__in=Role.CUSTOMER_SCOPES)
    contrary = others.filter(~writes if permissions.CUSTOMER_WRITE in given.permissions else writes)
    gone = sorted(contrary.values_list("role__slug", flat=True))
    contrary.delete()
    return gone


@transaction.atomic
def set_level(person: User, level: str, *, by: User) -> None:
    """A customer manager says what a colleague may do: one of CUSTOMER_LEVELS. Raises NotAllowed."""
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if level not in permissions.CUSTOMER_LEVELS or not rules.may_set_level(by, person):
        raise NotAllowed("set_level")
    given = Role.objects.get(slug=level)
    same = Grant.objects.filter(user=person, role__scope__in=Role.CUSTOMER_SCOPES)
    others = same.exclude(role=given)
    removed = sorted(others.values_list("role__slug", flat=True))
    added = [] if same.filter(role=given).exists() else [given.slug]
    others.delete()
    Grant.objects.get_or_create(user=person, role=given, team=None)
    if added or removed:
        _rights_changed(person, by, added=added, removed=removed)


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
