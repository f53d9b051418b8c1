"""Who may write about whom: asked by every action of people."""

from __future__ import annotations

from collections.abc import Iterable

from deskbell.events.actor import Actor
from deskbell.people import permissions, rules
from deskbell.people.actions.errors import LastOwner, NotAllowed, RoleGone
from deskbell.people.models import (
    Grant,
    Role,
    Team,
    User,
)
from deskbell.people.rights import rights_of


def require(by: Actor | User, permission: str) -> None:
    if isinstance(by, User) and not rights_of(by).has(permission):
        raise NotAllowed(permission)


def require_edit(user: User, by: Actor | User) -> None:
    if isinstance(by, User) and not rules.may_edit(by, user):
        raise NotAllowed(permissions.PEOPLE_EDIT)


def may_hand_out(role: Role, by: Actor | User, team: Team | None = None) -> None:
    """Nobody hands out, in a team or everywhere, what he does not have there. Raises NotAllowed."""
    if not isinstance(by, User):
        return
    require(by, permissions.PEOPLE_INVITE)
    if missing := rules.beyond(by, role, team):
        raise NotAllowed(missing)


def may_shape(chosen: Iterable[str], by: Actor | User) -> None:
    """A role is for the whole desk, so who shapes one has all of it everywhere. Raises NotAllowed."""
    if not isinstance(by, User):
        return
    require(by, permissions.ROLES)
    for permission in chosen:
        if not rights_of(by).everywhere(permission):
            raise NotAllowed(permission)


def may_touch(user: User, by: Actor | User) -> None:
    """Nobody changes the account of somebody who runs more of the desk than himself."""
    if isinstance(by, User) and rules.outranked(by, user):
        raise NotAllowed(permissions.OWN)


def hold(role: Role | str, team: Team | None = None) -> Role:
    """The role (or the one of that slug) as it is now; until the transaction ends nobody removes it or the
    team. Raises RoleGone. Any number of transactions may hold the same ones.
    """
    slug = role if isinstance(role, str) else role.slug
    held = list(Role.objects.raw("select * from people_role where slug = %s for key share", [slug]))
    if not held:
        raise RoleGone(slug)
    if team is not None and not list(
        Team.objects.raw("select * from people_team where id = %s for key share", [team.pk])
    ):
        raise RoleGone(team.name)
    return held[0]


def keep_an_owner(*, without: User) -> None:
    owners = Grant.objects.select_for_update().filter(
        role__slug=permissions.OWNER, team=None, user__is_active=True
    )
    holders = {row.user_id for row in owners}
    if holders == {without.pk}:
        raise LastOwner
