"""Who comes in by a door that others keep, an identity provider or a directory: whom it means, and with
which roles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM
from deskbell.events.publish import publish
from deskbell.people import events, permissions
from deskbell.people.actions.addresses import person_for_email, verify_identity
from deskbell.people.actions.errors import LastOwner, NotLetIn
from deskbell.people.actions.guard import keep_an_owner
from deskbell.people.actions.roles import put_grant, rights_changed
from deskbell.people.addresses import email_key, is_email
from deskbell.people.models import (
    Directory,
    DirectoryRole,
    Grant,
    Identity,
    IdentityProvider,
    ProviderRole,
    Role,
    Team,
    User,
)
from deskbell.people.rights import rights_of

Door = IdentityProvider | Directory
Row = ProviderRole | DirectoryRole


@dataclass(frozen=True)
class Known:
    """Whom a door means. `subject` is its own name for the person, which never changes; `emails` are proven;
    by `values` it gives roles; `how` says by what kind of door somebody came (provider, directory).
    """

    subject: str = field(repr=False)
    emails: tuple[str, ...] = field(repr=False)
    name: str = field(repr=False)
    values: frozenset[str]
    how: str


def save_table(door: Door, roles: Iterable[tuple[str, Role, Team | None]]) -> bool:
    """Which value gives which role, as it is to be; whether that is other than before."""
    before = {(row.value, row.role_id, row.team_id): row for row in door.roles.all()}
    wanted = {(value, role.pk, team.pk if team else None) for value, role, team in roles}
    for key, row in before.items():
        if key not in wanted:
            row.delete()
    for value, role, team in sorted(wanted - before.keys(), key=str):
        door.roles.create(value=value, role_id=role, team_id=team)
    return wanted != before.keys()


def enter(door: Door, known: Known) -> User:
    """The person whom the door means, with the roles it gives him. Raises NotLetIn: then nothing has changed,
    but that roles are gone which it gives him no more. A closed account is given as it is: it signs in
    nowhere.
    """
    user, refused = _enter(door, known)
    if refused:
        raise NotLetIn(refused)
    return user


@transaction.atomic
def _enter(door: Door, known: Known) -> tuple[User, str]:
    """With why somebody it knew before is not let in; raises NotLetIn for others."""
    type(door)._default_manager.select_for_update(no_key=True).get(pk=door.pk)
    link = door.links.select_related("user").filter(subject=known.subject).first()
    user = link.user if link else _by_address(door, known)
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not user.is_active:
        return user, ""
    give_roles(door, user, known.values)
    refused = _unwelcome(door, user)
    if link is None:
        if refused:
            raise NotLetIn(refused)
        if isinstance(door, Directory):  # an account that was made anew there takes the place of the old one
            door.links.filter(user=user).delete()
        link = door.links.create(user=user, subject=known.subject)
        publish(events.ProviderLinked(provider=door.name), about=user, by=user)
    door.links.filter(pk=link.pk).update(last_used_at=timezone.now())
    return user, refused


def _unwelcome(door: Door, user: User) -> str:
    staff = rights_of(user).any
    welcome = door.for_staff if staff else door.for_customers
    return "" if welcome else "staff" if staff else "customer"


def _by_address(door: Door, known: Known) -> User:
    """By an address the door says is proven, and by nothing else. Raises NotLetIn."""
    emails = [email for email in known.emails if is_email(email)]
    if not emails:
        raise NotLetIn("unverified")
    identity = identity_of(emails)
    if identity is None:
        if not door.makes_accounts:
            raise NotLetIn("unknown")
        user, _made = person_for_email(emails[0], name=known.name, how=known.how)
        identity = user.identities.get(kind=Identity.Kind.EMAIL, key=email_key(emails[0]))
    elif not identity.user.is_active:
        return identity.user
    verify_identity(identity, how=known.how, by=SYSTEM)
    return identity.user


def identity_of(emails: Iterable[str]) -> Identity | None:
    """Of the first address that somebody here has."""
    rows = Identity.objects.select_related("user").filter(kind=Identity.Kind.EMAIL, scope="")
    found = (rows.filter(key=email_key(email)).first() for email in emails)
    return next((each for each in found if each is not None), None)


def rows_given(door: Door, values: frozenset[str]) -> tuple[list[Row], list[Row]]:
    """Of the table of the door: all rows that count, and those that `values` give.

    Roles of the desk's own people come only from a door that is for them.
    """
    table = cast("list[Row]", list(door.roles.select_related("role", "team"))) if door.gives_roles else []
    table = [row for row in table if door.for_staff or row.role.for_customers]
    return table, [row for row in table if row.is_given_by(values)]


def give_roles(door: Door, user: User, values: frozenset[str]) -> None:
    """The roles of the table are as the door says, at each sign-in; all others stay as they are. The last
    owner stays one.
    """
    table, given = rows_given(door, values)
    wanted = {(row.role_id, row.team_id) for row in given}
    managed = {(row.role_id, row.team_id) for row in table}
    removed = []
    for grant in Grant.objects.filter(user=user).select_related("role"):
        held = (grant.role_id, grant.team_id)
        if held in managed and held not in wanted and _may_go(grant):
            grant.delete()
            removed.append(grant.role.slug)
    if removed:
        rights_changed(user, SYSTEM, removed=sorted(removed))
    for row in given:
        put_grant(user, row.role, row.team, SYSTEM)
    user.__dict__.pop("_rights", None)


def _may_go(grant: Grant) -> bool:
    if grant.role.slug != permissions.OWNER or grant.team_id is not None:
        return True
    try:
        keep_an_owner(without=grant.user)
    except LastOwner:
        return False
    return True
