"""The second factor of a person: a code of an app (TOTP, RFC 6238), a passkey, or a recovery code instead.

The rows are the sign-in library's, their secrets sealed by its adapter (account/adapter.py). Who has to have
one says `Role.needs_second_factor`.
"""

from __future__ import annotations

from datetime import datetime

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.db.models import QuerySet

from deskbell.people.models import User
from deskbell.people.rights import rights_of

new_secret = generate_totp_secret
#: recovery codes at a time
CODES = app_settings.RECOVERY_CODE_COUNT


def factors_of(user: User) -> QuerySet[Authenticator]:
    """His app and his passkeys: recovery codes are none by themselves."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return Authenticator.objects.filter(user_id=user.pk, type__in=kinds).order_by("pk")


def has(user: User) -> bool:
    return factors_of(user).exists()


def since(user: User) -> datetime | None:
    """When the first was set up; None without one."""
    row = factors_of(user).first()
    return row.created_at if row else None


def app_since(user: User) -> datetime | None:
    """When the app was set up; None without one."""
    row = factors_of(user).filter(type=Authenticator.Type.TOTP).first()
    return row.created_at if row else None


def is_needed(user: User) -> bool:
    """Whether a role of `user` asks for one."""
    return any(grant.role.needs_second_factor for grant in rights_of(user).grants)


def is_missing(user: User) -> bool:
    """Whether `user` has to set one up before anything else. No query unless a role asks for one."""
    return is_needed(user) and not has(user)


def step_of(secret: str, code: str) -> int | None:
    """The time step (30 s) whose code this is, among the present one and its neighbours: clocks differ."""
    for step in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            return step
    return None


def of_the_app(code: str) -> bool:
    """Whether it looks like a code of the app: a recovery code is longer."""
    return len("".join(code.split())) <= app_settings.TOTP_DIGITS


def recovery_codes(user: User) -> RecoveryCodes | None:
    row = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES).first()
    return RecoveryCodes(row) if row else None


def codes_left(user: User) -> int:
    """How many recovery codes were not used yet."""
    codes = recovery_codes(user)
    return len(codes.get_unused_codes()) if codes else 0
