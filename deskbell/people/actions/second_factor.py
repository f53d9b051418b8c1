"""The second factor: switched on and off, used, reset, and the link for somebody who is locked out."""

from __future__ import annotations

import secrets
from datetime import timedelta

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import events, permissions, second_factor
from deskbell.people.actions.accounts import set_password
from deskbell.people.actions.errors import NotAllowed, RecoveryLinkGone, SecondFactorNeeded, WrongCode
from deskbell.people.actions.guard import may_touch, require
from deskbell.people.actions.tokens import token_digest
from deskbell.people.models import DirectoryLink, RecoveryLink, User
from deskbell.people.passkeys import rows_of
from deskbell.people.rights import rights_of
from deskbell.people.second_factor import Authenticator

RECOVERY_LINK_LASTS = timedelta(hours=1)


@transaction.atomic
def switch_on_second_factor(user: User, secret: str, *, code: str, by: Actor | User) -> None:
    """Take `secret` into use, in place of an older one, with new recovery codes. `code` shows that the app
    has it, and counts as used. Raises WrongCode.
    """
    step = second_factor.step_of(secret, code)
    if step is None:
        raise WrongCode
    _lock(user)
    replaced, _ = _app_of(user).delete()
    Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES).delete()
    row = TOTP.activate(user, secret).instance
    row.data["step"] = step
    row.save(update_fields=["data"])
    RecoveryCodes.activate(user)
    publish(events.SecondFactorOn(replaced=bool(replaced)), about=user, by=by)


@transaction.atomic
def switch_off_second_factor(user: User, *, by: Actor | User) -> None:
    """Sign in without the app from now on. Raises SecondFactorNeeded when a role asks for a second factor and
    no passkey is left; recovery codes stay as long as one is.
    """
    _lock(user)
    passkeys = rows_of(user).exists()
    if second_factor.is_needed(user) and not passkeys:
        raise SecondFactorNeeded
    if _app_of(user).delete()[0] if passkeys else _remove(user):
        publish(events.SecondFactorOff(), about=user, by=by)


@transaction.atomic
def reset_second_factor(user: User, *, by: User) -> None:
    """Take away the lost second factor of somebody else. Raises NotAllowed: not of one who may do more."""
    may_reset_second_factor(user, by)
    if _remove(user):
        publish(events.SecondFactorReset(), about=user, by=by)


def may_reset_second_factor(user: User, by: User) -> None:
    """Raises NotAllowed."""
    require(by, permissions.PEOPLE_INVITE)
    may_touch(user, by)
    mine = rights_of(by)
    for grant in rights_of(user).grants:
        if missing := [each for each in grant.role.permissions if not mine.has(each)]:
            raise NotAllowed(missing[0])
    if user == by:  # one's own is switched off with a code or the password
        raise NotAllowed("self")


@transaction.atomic
def use_second_factor(user: User, code: str) -> str:
    """Accept `code` once: "totp", or "recovery_code" which is an event. Raises WrongCode."""
    _lock(user)
    rows = {row.type: row for row in Authenticator.objects.filter(user_id=user.pk)}
    if _use_totp(rows.get(Authenticator.Type.TOTP), code):
        return "totp"
    row = rows.get(Authenticator.Type.RECOVERY_CODES)
    if row is not None and RecoveryCodes(row).validate_code(code):
        left = len(RecoveryCodes(Authenticator.objects.get(pk=row.pk)).get_unused_codes())
        publish(events.RecoveryCodeUsed(left=left), about=user, by=user)
        return "recovery_code"
    raise WrongCode


def _use_totp(row: Authenticator | None, code: str) -> bool:
    """A step that was used, or an earlier one, counts no more (RFC 6238 §5.2)."""
    if row is None:
        return False
    step = second_factor.step_of(decrypt(row.data["secret"]), code)
    if step is None or step <= row.data.get("step", 0):
        return False
    row.data["step"] = step
    row.last_used_at = timezone.now()
    row.save(update_fields=["data", "last_used_at"])
    return True


@transaction.atomic
def renew_recovery_codes(user: User, *, by: Actor | User) -> None:
    """New codes; the old ones are void. Nothing without a second factor."""
    _lock(user)
    if second_factor.has(user):
        Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES).delete()
        RecoveryCodes.activate(user)
        publish(events.RecoveryCodesMade(), about=user, by=by)


def _app_of(user: User) -> QuerySet[Authenticator]:
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP)


def _lock(user: User) -> None:
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _remove(user: User) -> bool:
    """Whether there was one."""
    _lock(user)
    return bool(Authenticator.objects.filter(user_id=user.pk).delete()[0])


# --- locked out ---------------------------------------------------------------------------------


@transaction.atomic
def make_recovery_link(user: User) -> str:
    """The secret part of a link with which `user` gets in again; older ones die. For the command line."""
    RecoveryLink.objects.filter(user=user, used_at=None).delete()
    token = secrets.token_urlsafe(32)
    RecoveryLink.objects.create(
        user=user, digest=token_digest(token), expires_at=timezone.now() + RECOVERY_LINK_LASTS
    )
    publish(events.RecoveryLinkMade(), about=user, by=SYSTEM)
    return token


def open_recovery_link(token: str) -> RecoveryLink:
    """The link behind `token` while it works. Raises RecoveryLinkGone."""
    row = (
        RecoveryLink.objects.select_related("user")
        .filter(digest=token_digest(token), used_at=None, expires_at__gt=timezone.now(), user__is_active=True)
        .first()
    )
    if row is None:
        raise RecoveryLinkGone
    return row


@transaction.atomic
def recover(token: str, *, password: str) -> User:
    """Set the password and take the second factor away, once; no directory keeps the password any more until
    the person comes by it again. Raises RecoveryLinkGone.
    """
    row = RecoveryLink.objects.select_for_update().get(pk=open_recovery_link(token).pk)
    if row.used_at:
        raise RecoveryLinkGone
    row.used_at = timezone.now()
    row.save(update_fields=["used_at"])
    _remove(row.user)
    DirectoryLink.objects.filter(user=row.user).delete()
    set_password(row.user, password, how="recovery", by=row.user)
    publish(events.Recovered(), about=row.user, by=row.user)
    return row.user
