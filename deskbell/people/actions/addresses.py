"""Persons and their addresses. `User.email` and the sign-in library's rows are projections made here."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.kinds import Happened
from deskbell.events.publish import publish, publish_all
from deskbell.people import events
from deskbell.people.actions.errors import AddressTaken, SignInAddress
from deskbell.people.actions.guard import require_edit
from deskbell.people.actions.membership import join_by_domain
from deskbell.people.addresses import BadAddress, email_key, is_email, phone_key
from deskbell.people.models import Identity, User


def person_for_email(
    email: str, *, name: str = "", how: str, heard: bool = False, by: Actor | User = SYSTEM
) -> tuple[User, bool]:
    """The person with this address, made without a password when nobody has it; and whether it was made.

    `how` says by what door the person came (mail, web, phone, api, made); `heard`, that something came in
    from the address just now. Raises BadAddress.
    """
    key = email_key(email)  # a refusal is no reason to roll back what the caller has written
    with transaction.atomic(savepoint=False):  # what is written stands in a savepoint of its own below
        return _person_for("email", key, email.strip(), name, how, by, heard=heard)


def person_for_phone(phone: str, *, name: str = "", how: str, by: Actor | User = SYSTEM) -> tuple[User, bool]:
    """As `person_for_email`, for a phone number written with its country code."""
    key = phone_key(phone)
    with transaction.atomic(savepoint=False):
        return _person_for("phone", key, phone.strip(), name, how, by)


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


def _person_for(
    kind: str, key: str, given: str, name: str, how: str, by: Actor | User, *, heard: bool = False
) -> tuple[User, bool]:
    if known := _identity(kind, key):
        if heard:
            heard_from(known)
        return known.user, False
    try:
        with transaction.atomic():
            return _new_person(name, how, by, Identity(kind=kind, key=key, given=given, primary=True)), True
    except IntegrityError:  # somebody else was quicker with the same address
        if owner := _owner(kind, key):
            return owner, False
        raise


def _identity(kind: str, key: str) -> Identity | None:
    return Identity.objects.select_related("user").filter(kind=kind, scope="", key=key).first()


def _owner(kind: str, key: str) -> User | None:
    identity = _identity(kind, key)
    return identity.user if identity else None


def _new_person(name: str, how: str, by: Actor | User, address: Identity | None = None) -> User:
    """In few statements: many mails come from people who write for the first time."""
    email = address.key if address and address.kind == Identity.Kind.EMAIL else None
    user = User(name=name.strip()[:200], email=email)
    user.set_unusable_password()
    user.save(force_insert=True)
    happened: list[tuple[Happened, Model]] = [(events.PersonAdded(how=how), user)]
    if address:
        address.user = user
        address.save(force_insert=True)
        added = events.IdentityAdded(identity_kind=address.kind, verified_how="", given=address.given)
        happened.append((added, user))
    publish_all(happened, by=by)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into people_grant (user_id, role_id) "
            "select %s, id from people_role where slug = 'customer'",
            [user.pk],
        )
    if email:
        EmailAddress.objects.bulk_create([EmailAddress(user=user, email=email, verified=False, primary=True)])
        join_by_domain(user, email)
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
    # who came by a chat alone has told of himself all that we know; of this nobody knows whether it is his
    came = Identity.objects.filter(user=user, proven_how=Identity.Proof.CAME)
    if not came.filter(key=key.removeprefix("+")).exists():
        came.update(proven_at=None, proven_how="")
    publish(events.IdentityAdded(identity_kind=kind, verified_how="", given=given), about=user, by=by)
    if kind == "email":
        join_by_domain(user, key)
        _project(user)
    return identity


@transaction.atomic
def add_address(user: User, given: str, *, by: Actor | User) -> Identity:
    """Give a person an e-mail address or a phone number with its country code; one he has is left as it is.

    It counts as unverified until he shows that it is his. Raises NotAllowed, BadAddress, AddressTaken.
    """
    require_edit(user, by)
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
    require_edit(user, by)
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


@transaction.atomic
def mark_undeliverable(address: str, *, by: Actor | User = SYSTEM) -> None:
    """Mails to `address` come back: nobody is there. Twice does nothing, and nothing for an unknown one."""
    identity = Identity.objects.select_related("user").filter(kind="email", key=email_key(address)).first()
    if identity is None or identity.undeliverable_at:
        return
    _set_undeliverable(identity, timezone.now(), by)


@transaction.atomic
def heard_from(identity: Identity, *, by: Actor | User = SYSTEM) -> None:
    """Something came in from the address: somebody is there after all."""
    if identity.undeliverable_at:
        _set_undeliverable(identity, None, by)


def _set_undeliverable(identity: Identity, since: datetime | None, by: Actor | User) -> None:
    identity.undeliverable_at = since
    identity.save(update_fields=["undeliverable_at"])
    happened = events.IdentityUndeliverable(given=identity.given, undeliverable=since is not None)
    publish(happened, about=identity.user, by=by)


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
