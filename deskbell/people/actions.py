"""Every write about people. `User.email` and the sign-in library's address rows are projections made here."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.core import signing
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.files.models import Blob
from deskbell.people import companies, events, permissions, pictures, rules
from deskbell.people.addresses import BadAddress, domain_key, email_key, is_email, phone_key
from deskbell.people.models import (
    ApiToken,
    Company,
    FirstLink,
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
from deskbell.people.pictures import Picture
from deskbell.people.rights import rights_of

INVITATION_LASTS = timedelta(days=7)
FIRST_LINK_LASTS = timedelta(hours=24)
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


class RegistrationClosed(Exception):
    """Who has this address may not sign up by himself."""


class FirstLinkGone(Exception):
    """The link was never made, was used, is too old, or somebody runs this desk already."""


class SignInAddress(Exception):
    """The person signs in with this address and has no other verified one."""


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


@transaction.atomic
def person_described(*, name: str, email: str, phone: str, how: str, by: Actor | User) -> User:
    """Whom a form describes: known by the address or the phone, else made now; a new phone is noted.

    Raises BadAddress, AddressTaken when the phone is somebody else's.
    """
    if not email:
        if phone:
            return person_for_phone(phone, name=name, how=how, by=by)[0]
        return create_person(name=name, how=how, by=by)
    found, _made = person_for_email(email, name=name, how=how, by=by)
    if phone and not found.identities.filter(kind=Identity.Kind.PHONE, key=phone_key(phone)).exists():
        add_identity(found, "phone", phone, by=by)
    return found


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


@transaction.atomic
def add_address(user: User, given: str, *, by: Actor | User) -> Identity:
    """Give a person an e-mail address or a phone number with its country code; one he has is left as it is.

    It counts as unverified until he shows that it is his. Raises NotAllowed, BadAddress, AddressTaken.
    """
    _require_edit(user, by)
    kind = "email" if "@" in given else "phone"
    if kind == "email" and not is_email(given):
        raise BadAddress(f"{given!r} is not an e-mail address")
    key = email_key(given) if kind == "email" else phone_key(given)
    known = user.identities.filter(kind=kind, scope="", key=key).first()
    return known or add_identity(user, kind, given, by=by)


@transaction.atomic
def remove_address(identity: Identity, *, by: Actor | User) -> None:
    """Take an address from its person; another one of the kind becomes the primary. Twice does nothing.

    Raises NotAllowed, SignInAddress.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=identity.user_id)
    _require_edit(user, by)
    removed = user.identities.filter(pk=identity.pk).first()
    if removed is None:
        return
    others = user.identities.filter(kind=removed.kind).exclude(pk=removed.pk).order_by("verified_at", "pk")
    signs_in = removed.kind == Identity.Kind.EMAIL and removed.verified_at and user.has_usable_password()
    if signs_in and not others.filter(verified_at__isnull=False).exists():
        raise SignInAddress(removed.given)
    removed.delete()
    if removed.primary and (heir := others.first()):
        heir.primary = True
        heir.save(update_fields=["primary"])
    given = events.IdentityRemoved(identity_kind=removed.kind, given=removed.given)
    publish(given, about=user, by=by)
    if removed.kind == Identity.Kind.EMAIL:
        _project(user)


def _require_edit(user: User, by: Actor | User) -> None:
    if isinstance(by, User) and not rules.may_edit(by, user):
        raise NotAllowed(permissions.PEOPLE_EDIT)


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
    """Change name, language, time_zone, notes, signature, organization or site.

    One's own, or by `rules.may_edit`. Raises NotAllowed.
    """
    if by != user:
        _require_edit(user, by)
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
def send_invitation_again(invitation: Invitation, *, by: User) -> None:
    """The same link by mail, good for another INVITATION_LASTS. Raises NotAllowed, InvitationGone."""
    invitation = (
        Invitation.objects.select_for_update(of=("self",)).select_related("role").get(pk=invitation.pk)
    )
    _may_hand_out(invitation.role, by)
    if invitation.accepted_at or invitation.withdrawn_at:
        raise InvitationGone("used" if invitation.accepted_at else "withdrawn")
    invitation.expires_at = timezone.now() + INVITATION_LASTS
    invitation.save(update_fields=["expires_at"])
    publish(events.InvitedAgain(), about=invitation, by=by)


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
    publish(events.SiteAdded(name=name), about=organization, by=by)
    return site


@transaction.atomic
def create_team(name: str, *, address: str = "", by: Actor | User = SYSTEM) -> Team:
    _require(by, permissions.SETUP)
    team = Team.objects.create(name=name, address=address)
    publish(events.TeamAdded(name=name), about=team, by=by)
    return team


# --- the company --------------------------------------------------------------------------------


@transaction.atomic
def change_company(*, by: Actor | User, **values: Any) -> Company:
    """Change fields of the company; what is as it was is left alone. Takes over the first values.

    `logo` and `icon` are a `pictures.Picture`, or None to remove it. Raises NotAllowed.
    """
    _require(by, permissions.SETUP)
    row = _own_company()
    changed = _put_pictures(row, values)
    changed += [name for name, value in values.items() if getattr(row, name) != value]
    for name, value in values.items():
        setattr(row, name, value)
    if changed:
        row.version += 1
        row.save()
        publish(events.CompanyChanged(fields=sorted(set(changed))), about=row, by=by)
        companies.forget()
        transaction.on_commit(companies.forget)
    return row


def _own_company() -> Company:
    """The row, locked; made of the first values where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('people.company', 0))")
    return Company.objects.select_for_update(no_key=True).first() or companies.first_values()


def _put_pictures(row: Company, values: dict[str, Any]) -> list[str]:
    """Move logo and icon out of `values` into `row`; the icon follows the logo unless one is given."""
    before = row.logo_id, row.icon_id
    if "logo" in values:
        logo: Picture | None = values.pop("logo")
        row.logo = logo.blob if logo else None
        row.logo_width, row.logo_height = (logo.width, logo.height) if logo else (0, 0)
        if not row.icon_given:
            row.icon = logo.icon if logo else None
    if "icon" in values:
        icon: Picture | None = values.pop("icon")
        row.icon_given = icon is not None
        row.icon = icon.icon if icon else _icon_of_logo(row)
    after = row.logo_id, row.icon_id
    return [name for name, old, new in zip(("logo", "icon"), before, after, strict=True) if old != new]


def _icon_of_logo(row: Company) -> Blob | None:
    return pictures.icon_of(row.logo) if row.logo else None


# --- the first administrator --------------------------------------------------------------------


def is_set_up() -> bool:
    """Whether somebody active may set this desk up."""
    runs = Grant.objects.filter(role__permissions__contains=[permissions.SETUP], user__is_active=True)
    return runs.exists()


@transaction.atomic
def make_first_link() -> str | None:
    """The secret part of a new link for the first administrator; older ones die. None once there is one."""
    if is_set_up():
        return None
    FirstLink.objects.filter(used_at=None).delete()
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + FIRST_LINK_LASTS
    row = FirstLink.objects.create(digest=token_digest(token), expires_at=expires_at)
    publish(events.FirstLinkMade(), about=row, by=SYSTEM)
    return token


def open_first_link(token: str) -> FirstLink:
    """The link behind `token` while it works. Raises FirstLinkGone."""
    row = FirstLink.objects.filter(
        digest=token_digest(token), used_at=None, expires_at__gt=timezone.now()
    ).first()
    if row is None or is_set_up():
        raise FirstLinkGone
    return row


@transaction.atomic
def become_first(token: str, *, email: str, name: str, password: str) -> User:
    """Make the owner of a new desk. The link proves that he started it, so his address counts as verified.

    Raises FirstLinkGone, BadAddress, and AddressTaken when somebody signed up with the address before.
    """
    row = FirstLink.objects.select_for_update().get(pk=open_first_link(token).pk)
    if row.used_at:
        raise FirstLinkGone
    user = create_user(email, name=name, role="owner", password=password)
    row.used_at = timezone.now()
    row.save(update_fields=["used_at"])
    publish(events.FirstLinkUsed(user_id=user.pk), about=row, by=user)
    return user
