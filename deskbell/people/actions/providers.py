"""Single sign-on: identity providers set up, and whom they let in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.kit.secrets import seal
from deskbell.people import events, permissions
from deskbell.people.actions.addresses import person_for_email, verify_identity
from deskbell.people.actions.errors import LastOwner, NotAllowed, NotLetIn, ProviderNameTaken
from deskbell.people.actions.guard import keep_an_owner, require
from deskbell.people.actions.roles import put_grant, rights_changed
from deskbell.people.addresses import email_key, is_email
from deskbell.people.models import (
    Grant,
    Identity,
    IdentityProvider,
    ProviderLink,
    ProviderRole,
    Role,
    Team,
    User,
)
from deskbell.people.openid import Found
from deskbell.people.rights import rights_of

_PLAIN = (
    "name",
    "issuer",
    "client_id",
    "scopes",
    "active",
    "for_staff",
    "for_customers",
    "makes_accounts",
    "role_claim",
)


@dataclass(frozen=True)
class ProviderGiven:
    """A provider as it is to be. An empty secret keeps the stored one. `roles`: value, role, team or none."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: str = "openid email profile"
    active: bool = False
    for_staff: bool = True
    for_customers: bool = False
    makes_accounts: bool = False
    role_claim: str = ""
    roles: tuple[tuple[str, Role, Team | None], ...] = ()


# --- set up ---------------------------------------------------------------------------------------


@transaction.atomic
def save_identity_provider(
    given: ProviderGiven, *, provider: IdentityProvider | None = None, by: Actor | User
) -> IdentityProvider:
    """Add a provider, or change `provider`. Raises NotAllowed, ProviderNameTaken.

    With another issuer or client the stored secret is forgotten, for it would be shown to somebody else; with
    another issuer whom it knew as well, for its names of people mean nothing there.
    """
    require(by, permissions.OWN)
    stored = (
        IdentityProvider.objects.select_for_update().get(pk=provider.pk) if provider else IdentityProvider()
    )
    changed = [name for name in _PLAIN if getattr(stored, name) != getattr(given, name)]
    for name in _PLAIN:
        setattr(stored, name, getattr(given, name))
    if given.client_secret:
        stored.client_secret = seal(given.client_secret)
        changed.append("client_secret")
    elif provider and {"issuer", "client_id"} & set(changed):
        stored.client_secret = None
    try:
        with transaction.atomic():
            stored.save()
    except IntegrityError:
        raise ProviderNameTaken from None
    if provider and "issuer" in changed:
        stored.links.all().delete()
    if _save_roles(stored, given.roles):
        changed.append("roles")
    if provider is None:
        publish(events.IdentityProviderAdded(name=stored.name), about=stored, by=by)
    elif changed:
        publish(events.IdentityProviderChanged(name=stored.name, fields=sorted(changed)), about=stored, by=by)
    return stored


def _save_roles(provider: IdentityProvider, roles: Iterable[tuple[str, Role, Team | None]]) -> bool:
    """Whether they are others than before."""
    before = {(row.value, row.role_id, row.team_id): row for row in provider.roles.all()}
    wanted = {(value, role.pk, team.pk if team else None) for value, role, team in roles}
    for key, row in before.items():
        if key not in wanted:
            row.delete()
    ProviderRole.objects.bulk_create(
        ProviderRole(provider=provider, value=value, role_id=role, team_id=team)
        for value, role, team in sorted(wanted - before.keys(), key=str)
    )
    return wanted != before.keys()


@transaction.atomic
def remove_identity_provider(provider: IdentityProvider, *, by: Actor | User) -> None:
    """Nobody comes in by it any more; people stay, and so do the roles it gave them. Raises NotAllowed."""
    require(by, permissions.OWN)
    row = IdentityProvider.objects.select_for_update().filter(pk=provider.pk).first()
    if row is not None:
        publish(events.IdentityProviderRemoved(name=row.name), about=row, by=by)
        row.delete()


# --- coming in ------------------------------------------------------------------------------------


def enter_by_provider(provider: IdentityProvider, found: Found) -> User:
    """The person whom the provider means, with the roles it gives him. Raises NotLetIn: then nothing has
    changed, but that roles are gone which the provider gives him no more. A closed account is given as it is:
    it signs in nowhere.
    """
    user, refused = _enter(provider, found)
    if refused:
        raise NotLetIn(refused)
    return user


@transaction.atomic
def _enter(provider: IdentityProvider, found: Found) -> tuple[User, str]:
    """With why somebody it knew before is not let in; raises NotLetIn for others."""
    IdentityProvider.objects.select_for_update(no_key=True).get(pk=provider.pk)
    links = ProviderLink.objects.select_related("user").filter(provider=provider)
    link = links.filter(subject=found.subject).first()
    user = link.user if link else _by_address(provider, found)
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not user.is_active:
        return user, ""
    _give_roles(provider, user, found.values)
    staff = rights_of(user).any
    welcome = provider.for_staff if staff else provider.for_customers
    refused = "" if welcome else "staff" if staff else "customer"
    if link is None:
        if refused:
            raise NotLetIn(refused)
        link = ProviderLink.objects.create(user=user, provider=provider, subject=found.subject)
        publish(events.ProviderLinked(provider=provider.name), about=user, by=user)
    ProviderLink.objects.filter(pk=link.pk).update(last_used_at=timezone.now())
    return user, refused


def _by_address(provider: IdentityProvider, found: Found) -> User:
    """By an address the provider says is verified, and by nothing else. Raises NotLetIn."""
    if not is_email(found.email):
        raise NotLetIn("unverified")
    known = Identity.objects.select_related("user").filter(
        kind=Identity.Kind.EMAIL, scope="", key=email_key(found.email)
    )
    identity = known.first()
    if identity is None:
        if not provider.makes_accounts:
            raise NotLetIn("unknown")
        user, _made = person_for_email(found.email, name=found.name, how="provider")
        identity = user.identities.get(kind=Identity.Kind.EMAIL, key=email_key(found.email))
    elif not identity.user.is_active:
        return identity.user
    verify_identity(identity, how="provider", by=SYSTEM)
    return identity.user


def _give_roles(provider: IdentityProvider, user: User, values: frozenset[str]) -> None:
    """The roles of the provider's table are as its claim says, at each sign-in; all others stay as they are.

    Roles of the desk's own people come only from a provider that is for them. The last owner stays one.
    """
    table = list(provider.roles.select_related("role", "team")) if provider.role_claim else []
    table = [row for row in table if provider.for_staff or row.role.for_customers]
    wanted = {(row.role_id, row.team_id) for row in table if row.value in values}
    managed = {(row.role_id, row.team_id) for row in table}
    removed = []
    for grant in Grant.objects.filter(user=user).select_related("role"):
        held = (grant.role_id, grant.team_id)
        if held in managed and held not in wanted and _may_go(grant):
            grant.delete()
            removed.append(grant.role.slug)
    if removed:
        rights_changed(user, SYSTEM, removed=sorted(removed))
    for row in table:
        if row.value in values:
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


@transaction.atomic
def unlink_provider(user: User, pk: int, *, by: User) -> None:
    """The provider is no way in for `user` any more, until he comes by it with his address again. Raises
    NotAllowed. One that is gone is gone.
    """
    if user != by:
        raise NotAllowed("unlink")
    link = ProviderLink.objects.select_related("provider").filter(user=user, pk=pk).first()
    if link is not None:
        link.delete()
        publish(events.ProviderUnlinked(provider=link.provider.name), about=user, by=by)
