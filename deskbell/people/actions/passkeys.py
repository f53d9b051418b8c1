"""Passkeys: added, named, used and removed."""

from __future__ import annotations

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.people import events, second_factor
from deskbell.people.actions.errors import SecondFactorNeeded, TooManyPasskeys
from deskbell.people.models import User
from deskbell.people.passkeys import NewPasskey, WrongPasskey, rows_of
from deskbell.people.second_factor import Authenticator

#: of one person
MOST_PASSKEYS = 20


@transaction.atomic
def add_passkey(user: User, new: NewPasskey, *, name: str, by: Actor | User) -> bool:
    """From now on signing in takes a passkey or another second factor. Whether recovery codes were made for
    it. Raises WrongPasskey for one that somebody has already, TooManyPasskeys.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN, data__key=new.key).exists():
        raise WrongPasskey
    if rows_of(user).count() >= MOST_PASSKEYS:
        raise TooManyPasskeys
    data = {
        "name": name,
        "key": new.key,
        "credential": new.credential,
        "count": new.count,
        "verified": new.verified,
    }
    Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)
    first_codes = second_factor.recovery_codes(user) is None
    if first_codes:
        RecoveryCodes.activate(user)
    publish(events.PasskeyAdded(name=name), about=user, by=by)
    return first_codes


@transaction.atomic
def use_passkey(row: Authenticator, count: int) -> None:
    """Note that `row` was used. Raises WrongPasskey where it counts and counts no further: then there are two
    of it (WebAuthn §6.1.1).
    """
    row = Authenticator.objects.select_for_update().filter(pk=row.pk).first()
    if row is None or ((count or row.data["count"]) and count <= row.data["count"]):
        raise WrongPasskey
    row.data["count"] = count
    row.last_used_at = timezone.now()
    row.save(update_fields=["data", "last_used_at"])


@transaction.atomic
def rename_passkey(user: User, pk: int, *, name: str, by: Actor | User) -> None:
    """One that is gone stays gone."""
    row = rows_of(user).select_for_update().filter(pk=pk).first()
    if row is not None and row.data["name"] != name:
        row.data["name"] = name
        row.save(update_fields=["data"])
        publish(events.PasskeyRenamed(name=name), about=user, by=by)


@transaction.atomic
def remove_passkey(user: User, pk: int, *, by: Actor | User) -> None:
    """Raises SecondFactorNeeded for the last second factor of somebody whose role asks for one. With the last
    go the recovery codes.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    row = rows_of(user).filter(pk=pk).first()
    if row is None:
        return
    last = not second_factor.factors_of(user).exclude(pk=pk).exists()
    if last and second_factor.is_needed(user):
        raise SecondFactorNeeded
    name = row.data["name"]
    row.delete()
    if last:
        Authenticator.objects.filter(user_id=user.pk).delete()
    publish(events.PasskeyRemoved(name=name), about=user, by=by)
