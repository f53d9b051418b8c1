"""Directories (LDAP): set up, whom they let in, and who is gone there (see entering)."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.kit.secrets import seal
from deskbell.people import events, permissions
from deskbell.people.actions.devices import revoke_devices
from deskbell.people.actions.entering import (
    Known,
    Row,
    enter,
    give_roles,
    identity_of,
    rows_given,
    save_table,
)
from deskbell.people.actions.errors import DirectoryNameTaken
from deskbell.people.actions.guard import may_touch, require
from deskbell.people.directories import Found
from deskbell.people.models import Directory, DirectoryLink, Role, Team, User
from deskbell.people.rights import rights_of

#: fields of a directory that are kept as they are given
PLAIN = (
    "name",
    "urls",
    "ca_certificate",
    "bind_dn",
    "base",
    "user_filter",
    "id_attribute",
    "name_attribute",
    "mail_attribute",
    "group_attribute",
    "group_filter",
    "group_base",
    "patience",
    "active",
    "for_staff",
    "for_customers",
    "makes_accounts",
    "mail_is_proof",
)


@dataclass(frozen=True)
class DirectoryGiven:
    """A directory as it is to be. An empty secret keeps the stored one. `roles`: group, role, team."""

    name: str
    urls: str
    base: str
    user_filter: str
    ca_certificate: str = ""
    bind_dn: str = ""
    bind_secret: str = field(default="", repr=False)
    id_attribute: str = "entryUUID"
    name_attribute: str = "cn"
    mail_attribute: str = "mail"
    group_attribute: str = ""
    group_filter: str = ""
    group_base: str = ""
    patience: int = 5
    active: bool = False
    for_staff: bool = True
    for_customers: bool = False
    makes_accounts: bool = False
    mail_is_proof: bool = False
    roles: tuple[tuple[str, Role, Team | None], ...] = ()


# --- set up ---------------------------------------------------------------------------------------


@transaction.atomic
def save_directory(
    given: DirectoryGiven, *, directory: Directory | None = None, by: Actor | User
) -> Directory:
    """Add a directory, or change `directory`. Raises NotAllowed, DirectoryNameTaken.

    With other servers or another account the stored secret is forgotten, for it would be shown to somebody
    else; with another attribute that never changes, whom it knew as well, for its names of people differ.
    """
    require(by, permissions.OWN)
    stored = Directory.objects.select_for_update().get(pk=directory.pk) if directory else Directory()
    changed = [name for name in PLAIN if getattr(stored, name) != getattr(given, name)]
    for name in PLAIN:
        setattr(stored, name, getattr(given, name))
    if given.bind_secret:
        stored.bind_secret = seal(given.bind_secret)
        changed.append("bind_secret")
    elif directory and {"urls", "bind_dn", "ca_certificate"} & set(changed):
        stored.bind_secret = None
    try:
        with transaction.atomic():
            stored.save()
    except IntegrityError:
        raise DirectoryNameTaken from None
    if directory and "id_attribute" in changed:
        stored.links.all().delete()
    if save_table(stored, given.roles):
        changed.append("roles")
    if directory is None:
        publish(events.DirectoryAdded(name=stored.name), about=stored, by=by)
    elif changed:
        publish(events.DirectoryChanged(name=stored.name, fields=sorted(changed)), about=stored, by=by)
    return stored


@transaction.atomic
def remove_directory(directory: Directory, *, by: Actor | User) -> None:
    """Passwords are not checked there any more; people stay, and so do the roles it gave them. Raises
    NotAllowed.
    """
    require(by, permissions.OWN)
    row = Directory.objects.select_for_update().filter(pk=directory.pk).first()
    if row is not None:
        publish(events.DirectoryRemoved(name=row.name), about=row, by=by)
        row.delete()


# --- coming in ------------------------------------------------------------------------------------


def enter_by_directory(directory: Directory, found: Found) -> User:
    """The person whose password was right there, with the roles his groups give him. Raises NotLetIn. A
    closed account is given as it is: it signs in nowhere.
    """
    user = enter(directory, _known(directory, found))
    DirectoryLink.objects.filter(directory=directory, user=user, gone_at__isnull=False).update(gone_at=None)
    return user


def _known(directory: Directory, found: Found) -> Known:
    emails = found.emails if directory.mail_is_proof else ()
    return Known(found.subject, emails, found.name, found.groups, how="directory")


def binding_link(user: User) -> DirectoryLink | None:
    """By which directory the person's password is checked, and by it alone.

    The own password of an owner whom the desk made one counts beside it, so that a directory that is down or
    set up wrongly locks nobody out.
    """
    rows = DirectoryLink.objects.select_related("directory").filter(user=user, directory__active=True)
    link = rows.order_by("pk").first()
    if link is None or _owner_by_the_desk(user, link.directory):
        return None
    return link


def _owner_by_the_desk(user: User, directory: Directory) -> bool:
    if not rights_of(user).has(permissions.OWN):
        return False
    return not directory.roles.filter(role__slug=permissions.OWNER).exists()


@transaction.atomic
def refresh_by_directory(link: DirectoryLink, found: Found | None) -> bool:
    """Roles as the directory says now of somebody it knew before, and whether it still knows him. `found` is
    None when it does not: then he is signed out everywhere.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=link.user_id)
    if not user.is_active:
        return found is not None
    give_roles(link.directory, user, found.groups if found else frozenset())
    if found is not None:
        DirectoryLink.objects.filter(pk=link.pk, gone_at__isnull=False).update(gone_at=None)
        return True
    gone = DirectoryLink.objects.filter(pk=link.pk, gone_at=None).update(gone_at=timezone.now())
    if gone:
        publish(events.DirectoryLeft(provider=link.directory.name), about=user, by=SYSTEM)
    revoke_devices(user, why="directory")
    return False


@transaction.atomic
def unlink_directory(link: DirectoryLink, *, by: User) -> None:
    """The person's password is no more the directory's, until he comes by it again. Raises NotAllowed."""
    require(by, permissions.PEOPLE_INVITE)
    may_touch(link.user, by)
    if DirectoryLink.objects.filter(pk=link.pk).delete()[0]:
        publish(events.ProviderUnlinked(provider=link.directory.name), about=link.user, by=by)


# --- tried out ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Would:
    """What signing in would do: who it is here, if anybody; why it would be refused; which roles it gives."""

    user: User | None
    refused: str
    makes_account: bool
    roles: list[Row]


def would_enter(directory: Directory, found: Found) -> Would:
    """What `enter_by_directory` would do, without doing it."""
    link = directory.links.select_related("user").filter(subject=found.subject).first()
    identity = None if link else identity_of(found.emails)
    user = link.user if link else identity.user if identity else None
    table, given = rows_given(directory, found.groups)
    staff = any(not row.role.for_customers and row.role.permissions for row in given)
    if user is not None:
        managed = {(row.role_id, row.team_id) for row in table}
        kept = [each for each in rights_of(user).grants if (each.role_id, each.team_id) not in managed]
        staff = staff or any(each.role.permissions and not each.role.for_customers for each in kept)
    refused = ""
    if user is not None and not user.is_active:
        refused = "closed"
    elif user is None and not found.emails:
        refused = "unverified"
    elif user is None and not directory.makes_accounts:
        refused = "unknown"
    elif not (directory.for_staff if staff else directory.for_customers):
        refused = "staff" if staff else "customer"
    return Would(user, refused, user is None and not refused, given)
