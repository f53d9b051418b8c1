"""Roles made, changed and removed; given and taken back."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.text import slugify

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import events, rules
from deskbell.people import permissions as known
from deskbell.people.actions.errors import (
    LastOwner,
    NotAllowed,
    OwnerEverywhere,
    RoleChangedSince,
    RoleFixed,
    RoleInUse,
    RoleNameTaken,
)
from deskbell.people.actions.guard import hold, keep_an_owner, may_hand_out, may_shape, may_touch
from deskbell.people.models import (
    CUSTOMER_SCOPES,
    Grant,
    Invitation,
    Role,
    Team,
    User,
)

# --- given and taken back -----------------------------------------------------------------------


@transaction.atomic
def grant(user: User, role: str, *, team: Team | None = None, by: Actor | User = SYSTEM) -> Grant:
    """Give `user` a role, everywhere or in one team. Twice does nothing.

    A read-only role of a customer takes the place of those that write, and the other way round.
    Raises NotAllowed: only an owner makes owners, and nobody hands out what he does not have. Raises
    OwnerEverywhere for an owner of a team, RoleGone.
    """
    given = hold(role, team)
    may_hand_out(given, by, team)
    refuse_owner_of_a_team(given, team)
    return put_grant(user, given, team, by)


def put_grant(user: User, given: Role, team: Team | None, by: Actor | User) -> Grant:
    """As `grant`, for whoever has checked already that it may be given.

    Raises NotAllowed: who was anonymised gets none.
    """
    if user.anonymised_at is not None or user.merged_into_id is not None:
        raise NotAllowed("anonymised")
    row, made = Grant.objects.get_or_create(user=user, role=given, team=team)
    if made:
        rights_changed(user, by, added=[given.slug], removed=_take_contrary(user, given))
    return row


def _take_contrary(user: User, given: Role) -> list[str]:
    """A person either writes as a customer or reads only: the later role counts."""
    if given.scope not in CUSTOMER_SCOPES:
        return []
    writes = Q(role__permissions__contains=[known.CUSTOMER_WRITE])
    others = Grant.objects.filter(user=user, role__scope__in=CUSTOMER_SCOPES)
    contrary = others.filter(~writes if known.CUSTOMER_WRITE in given.permissions else writes)
    gone = sorted(contrary.values_list("role__slug", flat=True))
    contrary.delete()
    return gone


@transaction.atomic
def set_level(person: User, level: str, *, by: User) -> None:
    """A customer manager says what a colleague may do: one of CUSTOMER_LEVELS. Raises NotAllowed."""
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if level not in known.CUSTOMER_LEVELS or not rules.may_set_level(by, person):
        raise NotAllowed("set_level")
    given = Role.objects.get(slug=level)
    same = Grant.objects.filter(user=person, role__scope__in=CUSTOMER_SCOPES)
    others = same.exclude(role=given)
    removed = sorted(others.values_list("role__slug", flat=True))
    added = [] if same.filter(role=given).exists() else [given.slug]
    others.delete()
    Grant.objects.get_or_create(user=person, role=given, team=None)
    if added or removed:
        rights_changed(person, by, added=added, removed=removed)


@transaction.atomic
def revoke(row: Grant, *, by: Actor | User) -> None:
    """Take a grant back. Raises NotAllowed, LastOwner."""
    may_hand_out(row.role, by, row.team)
    may_touch(row.user, by)
    if row.role.slug == known.OWNER and row.team_id is None:
        keep_an_owner(without=row.user)
    row.delete()
    rights_changed(row.user, by, removed=[row.role.slug])


def refuse_owner_of_a_team(role: Role, team: Team | None) -> None:
    if team is not None and role.slug == known.OWNER:
        raise OwnerEverywhere


def rights_changed(
    user: User, by: Actor | User, *, added: list[str] | None = None, removed: list[str] | None = None
) -> None:
    """Grants of `user` were written or deleted."""
    user.__dict__.pop("_rights", None)
    publish(events.RightsChanged(added=added or [], removed=removed or []), about=user, by=by)


# --- made, changed and removed ------------------------------------------------------------------


@transaction.atomic
def create_role(
    name: str,
    *,
    scope: str,
    permissions: Iterable[str] = (),
    needs_second_factor: bool = False,
    by: Actor | User,
    copied_from: str = "",
) -> Role:
    """A new role, with what its permissions are of no use without. Raises NotAllowed, RoleNameTaken.

    ValueError for permissions in a scope of customers, and for a permission that cannot be given.
    """
    chosen = _chosen(scope, permissions)
    may_shape(chosen, by)
    role = Role(
        slug=_slug(name),
        name=clean_name(name),
        scope=scope,
        permissions=chosen,
        needs_second_factor=needs_second_factor,
    )
    _save(role)
    publish(
        events.RoleAdded(
            name=role.name,
            scope=scope,
            permissions=chosen,
            second_factor=needs_second_factor,
            copied_from=copied_from,
        ),
        about=role,
        by=by,
    )
    return role


def copy_role(role: Role, name: str, *, by: Actor | User) -> Role:
    """A new role that may do the same, but for owning the desk; nobody has it yet. As `create_role`."""
    return create_role(
        name,
        scope=role.scope,
        permissions=[each for each in role.permissions if each != known.OWN],
        needs_second_factor=role.needs_second_factor,
        by=by,
        copied_from=role.name,
    )


@transaction.atomic
def change_role(
    role: Role,
    *,
    name: str,
    scope: str,
    permissions: Iterable[str] = (),
    needs_second_factor: bool,
    version: int,
    by: Actor | User,
) -> Role:
    """Make the role so, for everybody who has it, from his next request on.

    `version` is the one the writer saw: raises RoleChangedSince when somebody changed the role meanwhile.
    Raises NotAllowed (nobody shapes what goes beyond himself, before or after), RoleFixed, RoleNameTaken,
    LastOwner when nobody could run the desk any more; ValueError as `create_role`.
    """
    role = Role.objects.select_for_update(no_key=True).get(pk=role.pk)
    if role.version != version:
        raise RoleChangedSince(role)
    before = set(role.permissions)
    name = clean_name(name)
    if role.slug == known.OWNER:
        if (name, scope, before) != (role.name, role.scope, set(permissions)):
            raise RoleFixed
        chosen = role.permissions
    else:
        chosen = _chosen(scope, permissions)
    if (scope in CUSTOMER_SCOPES) != role.for_customers or (role.slug in known.KEPT and scope != role.scope):
        raise RoleFixed
    may_shape(before | set(chosen), by)
    runs = _somebody_runs_the_desk()
    event = events.RoleChanged(
        name=role.name,
        after=name if name != role.name else None,
        added=[each for each in chosen if each not in before],
        removed=[each for each in role.permissions if each not in chosen],
        scope=scope if scope != role.scope else None,
        second_factor=needs_second_factor if needs_second_factor != role.needs_second_factor else None,
        people=role.grants.values("user").distinct().count(),
    )
    if not (event.after or event.added or event.removed or event.scope) and event.second_factor is None:
        return role
    role.name, role.scope, role.permissions = name, scope, chosen
    role.needs_second_factor = needs_second_factor
    role.version += 1
    _save(role)
    if runs and not _somebody_runs_the_desk():
        raise LastOwner
    publish(event, about=role, by=by)
    return role


@transaction.atomic
def remove_role(role: Role, *, to: Role | None = None, by: Actor | User) -> None:
    """Remove the role; everybody who has it, or was invited to it, gets `to` in the same team instead.

    Raises NotAllowed, RoleFixed (also for a `to` of the other kind, and for making everybody an owner),
    RoleInUse without `to` when somebody has it, LastOwner.
    """
    role = Role.objects.select_for_update().get(pk=role.pk)
    if role.slug in known.KEPT:
        raise RoleFixed
    may_shape(role.permissions, by)
    people = role.grants.values("user").distinct().count()
    invitations = Invitation.objects.filter(role=role)
    if to is None and (people or invitations.exists()):
        raise RoleInUse(role.name)
    runs = _somebody_runs_the_desk()
    if to is not None:
        if to.pk == role.pk or to.slug == known.OWNER or to.for_customers != role.for_customers:
            raise RoleFixed
        may_hand_out(to, by)
        same = Grant.objects.filter(user=OuterRef("user"), role=to, team__isnull=True)
        in_team = Grant.objects.filter(user=OuterRef("user"), role=to, team=OuterRef("team"))
        role.grants.filter(Exists(in_team)).delete()
        role.grants.filter(Exists(same), team=None).delete()
        role.grants.update(role=to)
        invitations.update(role=to)
    if runs and not _somebody_runs_the_desk():
        raise LastOwner
    publish(events.RoleRemoved(name=role.name, to=to.name if to else "", people=people), about=role, by=by)
    role.delete()


#: who has these runs the desk
_RUNS = [known.SETUP, known.PEOPLE_INVITE, known.ROLES]


def clean_name(given: str) -> str:
    return " ".join(given.replace("\0", "").split())[:100]


def _chosen(scope: str, wanted: Iterable[str]) -> list[str]:
    chosen = set(wanted)
    if scope in CUSTOMER_SCOPES:
        if chosen.difference(known.OFFERED_TO_CUSTOMERS):
            raise ValueError("a role of customers permits nothing at the desk")
        return sorted(chosen)
    if unknown := chosen.difference(known.OFFERED):
        raise ValueError(f"no role can be given {sorted(unknown)[0]}")
    return known.complete(chosen)


def _slug(name: str) -> str:
    """From the name, and one that no role has."""
    base = slugify(name)[:40] or "role"
    taken = set(Role.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return base if base not in taken else next(s for n in count(2) if (s := f"{base}-{n}") not in taken)


def _save(role: Role) -> None:
    try:
        with transaction.atomic():
            role.save()
    except IntegrityError as error:
        raise RoleNameTaken(role.name) from error


def _somebody_runs_the_desk() -> bool:
    """Whether anybody who can sign in may set up the desk, its people and its roles, all of them."""
    runs = Grant.objects.filter(role__permissions__contains=_RUNS, user__is_active=True)
    return runs.exists()
