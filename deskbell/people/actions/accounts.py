"""Accounts: made, signed up, changed, closed."""

from __future__ import annotations

from django.db import transaction

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import companies, events, permissions
from deskbell.people.actions.addresses import person_for_email, verify_identity
from deskbell.people.actions.devices import revoke_devices
from deskbell.people.actions.errors import AddressTaken, NotAllowed, RegistrationClosed
from deskbell.people.actions.guard import keep_an_owner, may_touch, require, require_edit
from deskbell.people.actions.membership import settle_requests
from deskbell.people.actions.roles import grant
from deskbell.people.addresses import BadAddress, email_key, is_email
from deskbell.people.models import (
    Company,
    OrganizationDomain,
    Team,
    User,
)


@transaction.atomic
def create_user(
    email: str,
    *,
    name: str,
    role: str,
    team: Team | None = None,
    password: str | None = None,
    by: Actor | User = SYSTEM,
) -> User:
    """A person whose address counts as verified, with a role. Gives the role to a person already known.

    Raises BadAddress, Role.DoesNotExist, and AddressTaken when somebody with a password has the address.
    """
    require(by, permissions.PEOPLE_INVITE)
    if not is_email(email):
        raise BadAddress(f"{email!r} is not an e-mail address")
    user, _ = person_for_email(email, name=name, how="made", by=by)
    if user.has_usable_password():
        raise AddressTaken(email)
    if name and user.name != name:
        user.name = name
        user.save(update_fields=["name"])
    verify_identity(user.identities.get(kind="email", key=email_key(email)), how="admin", by=by)
    grant(user, role, team=team, by=by)
    if password:
        set_password(user, password, how="made", by=by)
    return user


@transaction.atomic
def set_password(user: User, password: str, *, how: str, by: Actor | User, keep: int | None = None) -> None:
    """Set the password (already validated by a form). `how`: sign_up, reset, invitation, change, made.

    Every device is signed out but the one numbered `keep`.
    """
    user.set_password(password)
    user.save(update_fields=["password"])
    publish(events.PasswordSet(how=how), about=user, by=by)
    revoke_devices(user, why="password", keep=keep)


@transaction.atomic
def set_password_hash(user: User, encoded: str, *, how: str, by: Actor | User) -> None:
    """As `set_password`, with a hash made earlier (a sign-up that waited for its code)."""
    user.password = encoded
    user.save(update_fields=["password"])
    publish(events.PasswordSet(how=how), about=user, by=by)


@transaction.atomic
def sign_up(email: str, *, name: str, password_hash: str) -> User:
    """Make the person whose code proved `email`, or give the one we know by it his first password.

    Raises BadAddress, RegistrationClosed, and AddressTaken when the person has a password already or was
    deactivated.
    """
    if not may_register(email):
        raise RegistrationClosed(email)
    user, _ = person_for_email(email, name=name, how="sign_up")
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if user.has_usable_password() or not user.is_active:
        raise AddressTaken(email)
    verify_identity(user.identities.get(kind="email", key=email_key(email)), how="code", by=user)
    change_person(user, by=user, name=name.strip() or user.name)
    set_password_hash(user, password_hash, how="sign_up", by=user)
    return user


def may_register(email: str) -> bool:
    """Whether the company lets somebody with this address sign up by himself. Raises BadAddress."""
    policy = companies.company().registration
    if policy == Company.Registration.DOMAINS:
        domain = email_key(email).rpartition("@")[2]
        return OrganizationDomain.objects.filter(domain=domain).exists()
    return policy == Company.Registration.ANYONE


@transaction.atomic
def change_person(user: User, *, by: Actor | User, **values: object) -> None:
    """Change name, language, time_zone, notes, signature, photo, organization or site.

    One's own, or by `rules.may_edit`. Raises NotAllowed.
    """
    if by != user:
        require_edit(user, by)
    changed = [field for field, value in values.items() if getattr(user, field) != value]
    for field in changed:
        setattr(user, field, values[field])
    if changed:
        user.save(update_fields=changed)
        publish(events.PersonChanged(fields=sorted(changed)), about=user, by=by)
    if "organization" in changed:
        settle_requests(user, by=by)


@transaction.atomic
def note_export(user: User, *, by: User) -> None:
    """`by` fetches everything the desk keeps about `user`: himself. Raises NotAllowed."""
    if by.pk != user.pk:
        raise NotAllowed("export")
    publish(events.DataExported(), about=user, by=by)


@transaction.atomic
def deactivate(user: User, *, by: Actor | User) -> None:
    """Close the account: no sign-in, no token, no rights. Raises LastOwner."""
    require(by, permissions.PEOPLE_INVITE)
    may_touch(user, by)
    if not user.is_active:
        return
    keep_an_owner(without=user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    publish(events.Deactivated(), about=user, by=by)
    revoke_devices(user, why="closed")


@transaction.atomic
def reactivate(user: User, *, by: Actor | User) -> None:
    require(by, permissions.PEOPLE_INVITE)
    may_touch(user, by)
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if user.anonymised_at is not None or user.merged_into_id is not None:
        raise NotAllowed("reactivate")
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        publish(events.Reactivated(), about=user, by=by)
