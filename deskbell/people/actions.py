"""Every write about people. `User.email` and the sign-in library's address rows are projections made here."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import events, permissions
from deskbell.people.addresses import BadAddress, domain_key, email_key, is_email, phone_key
from deskbell.people.models import (
    ApiToken,
    Grant,
    Identity,
    Invitation,
    Organization,
    OrganizationDomain,
    Role,
    Site,
    Team,
    User,
)
from deskbell.people.rights import rights_of

INVITATION_LASTS = timedelta(days=7)
TOKEN_PREFIX = "desk_"  # noqa: S105  not a secret: it lets scanners recognise one


class NotAllowed(Exception):
    """The person may not do this."""


class AddressTaken(Exception):
    """Another person has this address."""


class InvitationGone(Exception):
    """The invitation was used, withdrawn or is too old; `reason` is one of those words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LastOwner(Exception):
    """A desk keeps at least one owner who can sign in."""


def _require(by: Actor | User, permission: str) -> None:
    if isinstance(by, User) and not rights_of(by).has(permission):
        raise NotAllowed(permission)


# --- people and addresses -----------------------------------------------------------------------


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
    _require(by, permissions.PEOPLE_INVITE)
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
def person_for_email(email: str, *, name: str = "", how: str, by: Actor | User = SYSTEM) -> tuple[User, bool]:
    """The person with this address, made without a password when nobody has it; and whether it was made.

    `how` says by what door the person came (mail, web, phone, api, made). Raises BadAddress.
    """
    return _person_for("email", email_key(email), email.strip(), name, how, by)


@transaction.atomic
def person_for_phone(phone: str, *, name: str = "", how: str, by: Actor | User = SYSTEM) -> tuple[User, bool]:
    """As `person_for_email`, for a phone number written with its country code."""
    return _person_for("phone", phone_key(phone), phone.strip(), name, how, by)


@transaction.atomic
def create_person(*, name: str, how: str, by: Actor | User) -> User:
    """A person of whom only the name is known (a walk-in)."""
    return _new_person(name, how, by)


def _person_for(kind: str, key: str, given: str, name: str, how: str, by: Actor | User) -> tuple[User, bool]:
    if known := _owner(kind, key):
        return known, False
    try:
        with transaction.atomic():
            user = _new_person(name, how, by)
            _add_identity(user, kind, key, given, by=by)
            return user, True
    except IntegrityError:  # somebody else was quicker with the same address
        if known := _owner(kind, key):
            return known, False
        raise


def _owner(kind: str, key: str) -> User | None:
    identity = Identity.objects.select_related("user").filter(kind=kind, scope="", key=key).first()
    return identity.user if identity else None


def _new_person(name: str, how: str, by: Actor | User) -> User:
    user = User(name=name.strip()[:200])
    user.set_unusable_password()
    user.save()
    publish(events.PersonAdded(how=how), about=user, by=by)
    Grant.objects.create(user=user, role=Role.objects.get(slug="customer"))
    return user


@transaction.atomic
def add_identity(user: User, kind: str, given: str, *, by: Actor | User) -> Identity:
    """Give a person another address, unverified. Raises BadAddress, AddressTaken."""
    key = email_key(given) if kind == "email" else phone_key(given)
    if (owner := _owner(kind, key)) and owner != user:
        raise AddressTaken(given)
    try:
        with transaction.atomic():
            return _add_identity(user, kind, key, given.strip(), by=by)
    except IntegrityError as error:
        raise AddressTaken(given) from error


def _add_identity(user: User, kind: str, key: str, given: str, *, by: Actor | User) -> Identity:
    first = not Identity.objects.filter(user=user, kind=kind).exists()
    identity = Identity.objects.create(user=user, kind=kind, key=key, given=given, primary=first)
    publish(events.IdentityAdded(identity_kind=kind, verified_how="", given=given), about=user, by=by)
    if kind == "email":
        _join_organization(user, key)
        _project(user)
    return identity


def _join_organization(user: User, key: str) -> None:
    domain = OrganizationDomain.objects.filter(domain=key.rpartition("@")[2]).first()
    if domain and user.organization_id is None:
        user.organization_id = domain.organization_id
        user.save(update_fields=["organization"])


@transaction.atomic
def verify_identity(identity: Identity, *, how: str, by: Actor | User) -> None:
    """The person has shown that the address is his (`how`: code, link, admin). Twice does nothing."""
    if identity.verified_at:
        return
    identity.verified_at, identity.verified_how = timezone.now(), how
    identity.save(update_fields=["verified_at", "verified_how"])
    publish(events.IdentityVerified(identity_id=identity.pk, how=how), about=identity.user, by=by)
    if identity.kind == Identity.Kind.EMAIL:
        _project(identity.user)


def _project(user: User) -> None:
    """Make `User.email` and the sign-in library's rows say what the identities say."""
    identity = user.identities.filter(kind="email", primary=True).first()
    email = identity.key if identity else None
    if user.email != email:
        user.email = email
        user.save(update_fields=["email"])
    rows = EmailAddress.objects.filter(user=user)
    rows.exclude(email=email or "").delete()
    if identity:
        EmailAddress.objects.update_or_create(
            user=user, email=identity.key, defaults={"verified": bool(identity.verified_at), "primary": True}
        )


@transaction.atomic
def set_password(user: User, password: str, *, how: str, by: Actor | User) -> None:
    """Set the password (already validated by a form). `how`: sign_up, reset, invitation, change, made."""
    user.set_password(password)
    user.save(update_fields=["password"])
    publish(events.PasswordSet(how=how), about=user, by=by)


@transaction.atomic
def set_password_hash(user: User, encoded: str, *, how: str, by: Actor | User) -> None:
    """As `set_password`, with a hash made earlier (a sign-up that waited for its code)."""
    user.password = encoded
    user.save(update_fields=["password"])
    publish(events.PasswordSet(how=how), about=user, by=by)


@transaction.atomic
def sign_up(email: str, *, name: str, password_hash: str) -> User:
    """Make the person whose code proved `email`, or give the one we know by it his first password.

    Raises BadAddress, and AddressTaken when the person has a password already or was deactivated.
    """
    user, _ = person_for_email(email, name=name, how="sign_up")
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if user.has_usable_password() or not user.is_active:
        raise AddressTaken(email)
    verify_identity(user.identities.get(kind="email", key=email_key(email)), how="code", by=user)
    change_person(user, by=user, name=name.strip() or user.name)
    set_password_hash(user, password_hash, how="sign_up", by=user)
    return user


@transaction.atomic
def change_person(user: User, *, by: Actor | User, **values: object) -> None:
    """Change name, language, time_zone, notes, organization or site: one's own, or by permission."""
    if isinstance(by, User) and by != user:
        _require(by, permissions.PEOPLE_EDIT)
    changed = [field for field, value in values.items() if getattr(user, field) != value]
    for field in changed:
        setattr(user, field, values[field])
    if changed:
        user.save(update_fields=changed)
        publish(events.PersonChanged(fields=sorted(changed)), about=user, by=by)


@transaction.atomic
def deactivate(user: User, *, by: Actor | User) -> None:
    """Close the account: no sign-in, no token, no rights. Raises LastOwner."""
    _require(by, permissions.PEOPLE_INVITE)
    _may_touch(user, by)
    if not user.is_active:
        return
    _keep_an_owner(without=user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    publish(events.Deactivated(), about=user, by=by)


@transaction.atomic
def reactivate(user: User, *, by: Actor | User) -> None:
    _require(by, permissions.PEOPLE_INVITE)
    _may_touch(user, by)
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        publish(events.Reactivated(), about=user, by=by)


# --- roles --------------------------------------------------------------------------------------


@transaction.atomic
def grant(user: User, role: str, *, team: Team | None = None, by: Actor | User = SYSTEM) -> Grant:
    """Give `user` a role, everywhere or in one team. Twice does nothing.

    Raises NotAllowed: only an owner makes owners, and nobody hands out what he does not have.
    """
    given = Role.objects.get(slug=role)
    _may_hand_out(given, by)
    row, made = Grant.objects.get_or_create(user=user, role=given, team=team)
    if made:
        _rights_changed(user, by, added=[given.slug])
    return row


@transaction.atomic
def revoke(row: Grant, *, by: Actor | User) -> None:
    """Take a grant back. Raises NotAllowed, LastOwner."""
    _may_hand_out(row.role, by)
    _may_touch(row.user, by)
    if row.role.slug == "owner":
        _keep_an_owner(without=row.user)
    row.delete()
    _rights_changed(row.user, by, removed=[row.role.slug])


def _rights_changed(
    user: User, by: Actor | User, *, added: list[str] | None = None, removed: list[str] | None = None
) -> None:
    user.__dict__.pop("_rights", None)
    publish(events.RightsChanged(added=added or [], removed=removed or []), about=user, by=by)


def _may_hand_out(role: Role, by: Actor | User) -> None:
    if not isinstance(by, User):
        return
    mine = rights_of(by)
    if not mine.has(permissions.PEOPLE_INVITE):
        raise NotAllowed(permissions.PEOPLE_INVITE)
    if missing := [p for p in role.permissions if not mine.has(p)]:
        raise NotAllowed(missing[0])


def _may_touch(user: User, by: Actor | User) -> None:
    """Nobody changes the account of somebody who may do more than himself."""
    if (
        isinstance(by, User)
        and rights_of(user).has(permissions.OWN)
        and not rights_of(by).has(permissions.OWN)
    ):
        raise NotAllowed(permissions.OWN)


def _keep_an_owner(*, without: User) -> None:
    owners = Grant.objects.select_for_update().filter(role__slug="owner", user__is_active=True)
    holders = {row.user_id for row in owners}
    if holders == {without.pk}:
        raise LastOwner


# --- invitations --------------------------------------------------------------------------------


@transaction.atomic
def invite(email: str, *, name: str = "", role: str, team: Team | None = None, by: User) -> Invitation:
    """Offer a role by mail. Raises BadAddress, NotAllowed."""
    if not is_email(email):
        raise BadAddress(f"{email!r} is not an e-mail address")
    offered = Role.objects.get(slug=role)
    _may_hand_out(offered, by)
    invitation = Invitation.objects.create(
        email=email.strip(),
        name=name.strip(),
        role=offered,
        team=team,
        invited_by=by,
        expires_at=timezone.now() + INVITATION_LASTS,
    )
    publish(
        events.Invited(role=role, team_id=team.pk if team else None, email=invitation.email),
        about=invitation,
        by=by,
    )
    return invitation


def invitation_token(invitation: Invitation) -> str:
    """The signed part of the invitation's link."""
    return signing.dumps(invitation.pk, salt="people.invitation")


def open_invitation(token: str) -> Invitation:
    """The invitation behind a link. Raises InvitationGone."""
    try:
        pk = signing.loads(token, salt="people.invitation")
    except signing.BadSignature as error:
        raise InvitationGone("unknown") from error
    invitation = Invitation.objects.select_related("role", "team", "invited_by").filter(pk=pk).first()
    if invitation is None:
        raise InvitationGone("unknown")
    if invitation.accepted_at:
        raise InvitationGone("used")
    if invitation.withdrawn_at:
        raise InvitationGone("withdrawn")
    if invitation.expires_at < timezone.now():
        raise InvitationGone("expired")
    return invitation


@transaction.atomic
def accept_invitation(token: str, *, name: str, password: str | None) -> User:
    """Make the invited person (or give the role to the one who has the address) and close the invitation.

    The link proves the address. A password is set only on a person who has none. Raises InvitationGone.
    """
    invitation = open_invitation(token)
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at:
        raise InvitationGone("used")
    user, _ = person_for_email(invitation.email, name=name, how="invitation")
    if not user.is_active:
        raise InvitationGone("withdrawn")
    verify_identity(user.identities.get(kind="email", key=email_key(invitation.email)), how="link", by=user)
    change_person(user, by=user, name=name.strip() or user.name)
    if password and not user.has_usable_password():
        set_password(user, password, how="invitation", by=user)
    grant(user, invitation.role.slug, team=invitation.team)
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    publish(events.InvitationAccepted(user_id=user.pk), about=invitation, by=user)
    return user


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, by: User) -> None:
    _require(by, permissions.PEOPLE_INVITE)
    if invitation.accepted_at is None and invitation.withdrawn_at is None:
        invitation.withdrawn_at = timezone.now()
        invitation.save(update_fields=["withdrawn_at"])
        publish(events.InvitationWithdrawn(), about=invitation, by=by)


# --- tokens -------------------------------------------------------------------------------------


@transaction.atomic
def create_token(user: User, *, name: str, read_only: bool = False, by: Actor | User = SYSTEM) -> str:
    """A new API token of `user`; the text is returned once and kept as a digest."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(user=user, name=name, digest=token_digest(token), read_only=read_only)
    publish(events.TokenCreated(name=name, read_only=read_only), about=row, by=by)
    return token


def token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# --- organisations ------------------------------------------------------------------------------


@transaction.atomic
def create_organization(
    name: str, *, domains: list[str] | None = None, notes: str = "", by: Actor | User = SYSTEM
) -> Organization:
    """Raises BadAddress for a domain that is none, AddressTaken for one that another organisation has."""
    _require(by, permissions.PEOPLE_EDIT)
    organization = Organization.objects.create(name=name.strip(), notes=notes)
    publish(events.OrganizationAdded(), about=organization, by=by)
    for domain in domains or []:
        add_domain(organization, domain, by=by)
    return organization


@transaction.atomic
def add_domain(organization: Organization, domain: str, *, by: Actor | User = SYSTEM) -> OrganizationDomain:
    """People with an address there belong to the organisation from now on. Raises AddressTaken."""
    _require(by, permissions.PEOPLE_EDIT)
    key = domain_key(domain)
    if OrganizationDomain.objects.filter(domain=key).exclude(organization=organization).exists():
        raise AddressTaken(domain)
    row, _ = OrganizationDomain.objects.get_or_create(organization=organization, domain=key)
    publish(events.OrganizationChanged(fields=["domains"]), about=organization, by=by)
    return row


@transaction.atomic
def create_site(
    organization: Organization,
    name: str,
    *,
    address: str = "",
    access_notes: str = "",
    by: Actor | User = SYSTEM,
) -> Site:
    _require(by, permissions.PEOPLE_EDIT)
    site = Site.objects.create(
        organization=organization, name=name, address=address, access_notes=access_notes
    )
    publish(events.OrganizationChanged(fields=["sites"]), about=organization, by=by)
    return site


@transaction.atomic
def create_team(name: str, *, address: str = "", by: Actor | User = SYSTEM) -> Team:
    _require(by, permissions.SETUP)
    return Team.objects.create(name=name, address=address)
