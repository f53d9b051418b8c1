"""Single sign-on: identity providers set up, and whom they let in (see entering)."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.kit.secrets import seal
from deskbell.people import events, permissions
from deskbell.people.actions.entering import Known, enter, save_table
from deskbell.people.actions.errors import NotAllowed, ProviderNameTaken
from deskbell.people.actions.guard import require
from deskbell.people.models import (
    IdentityProvider,
    ProviderLink,
    Role,
    Team,
    User,
)
from deskbell.people.openid import Found

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
    if save_table(stored, given.roles):
        changed.append("roles")
    if provider is None:
        publish(events.IdentityProviderAdded(name=stored.name), about=stored, by=by)
    elif changed:
        publish(events.IdentityProviderChanged(name=stored.name, fields=sorted(changed)), about=stored, by=by)
    return stored


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
    emails = (found.email,) if found.email else ()
    return enter(provider, Known(found.subject, emails, found.name, found.values, how="provider"))


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
