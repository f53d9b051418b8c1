"""A sign-up that waits for its code. It lives in the visitor's session alone.

Nothing is written about a person before the code is right: not a row, not a password. So nobody can plant a
password on somebody else's address, and a person we know from his mails stays as he is until he proves it.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from allauth.account.adapter import get_adapter
from allauth.core.internal.cryptokit import compare_user_code
from allauth.core.ratelimit import consume
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from deskbell.account import mail
from deskbell.people.addresses import email_key
from deskbell.people.models import User
from deskbell.people.queries import may_register

SESSION_KEY = "sign_up"
#: seconds
LASTS = 15 * 60
TRIES = 3
RESENDS = 2


class Closed(Exception):
    """The company does not let people with this address sign up by themselves."""


class TooSoon(Exception):
    """A code was sent to this address a moment ago."""


@dataclass
class SignUp:
    email: str
    name: str
    password_hash: str
    next: str
    #: seconds since the epoch
    began: float
    code: str = ""
    failed: int = 0
    resent: int = 0

    @property
    def can_resend(self) -> bool:
        return self.resent < RESENDS


def begin(request: HttpRequest, *, email: str, name: str, password: str, next: str) -> SignUp:
    """Remember the sign-up and mail its code. Raises TooSoon, Closed.

    Somebody who has a password already gets a mail that says so; the answer to the browser is the same. The
    company's rule looks at the address alone, so it tells nobody who is known here.
    """
    if not may_register(email):
        raise Closed(email)
    sign_up = SignUp(email, name, make_password(password), next, time.time())
    _send(request, sign_up)
    _save(request, sign_up)
    return sign_up


def current(request: HttpRequest) -> SignUp | None:
    """The sign-up of this session, unless there is none or it is too old."""
    stored = request.session.get(SESSION_KEY)
    if stored is None:
        return None
    sign_up = SignUp(**stored)
    if time.time() - sign_up.began > LASTS:
        end(request)
        return None
    return sign_up


def is_right(request: HttpRequest, sign_up: SignUp, code: str) -> bool:
    """Whether `code` is the one that was mailed. The last wrong try ends the sign-up."""
    if compare_user_code(actual=code, expected=sign_up.code):
        return True
    sign_up.failed += 1
    if sign_up.failed >= TRIES:
        end(request)
    else:
        _save(request, sign_up)
    return False


def resend(request: HttpRequest, sign_up: SignUp) -> None:
    """Mail a new code; the old one is void. Raises TooSoon."""
    if sign_up.can_resend:
        _send(request, sign_up)
        sign_up.resent += 1
        _save(request, sign_up)


def end(request: HttpRequest) -> None:
    request.session.pop(SESSION_KEY, None)


def _save(request: HttpRequest, sign_up: SignUp) -> None:
    request.session[SESSION_KEY] = asdict(sign_up)


def _send(request: HttpRequest, sign_up: SignUp) -> None:
    key = email_key(sign_up.email)
    if not consume(request, action="confirm_email", key=key):
        raise TooSoon
    # made in any case, so that a code that nobody was told cannot be told from one that was mailed
    sign_up.code = get_adapter().generate_email_verification_code()
    if _has_account(key):
        mail.put("account_already_exists", sign_up.email)
    else:
        mail.put("sign_up_code", sign_up.email, code=sign_up.code)


def _has_account(key: str) -> bool:
    owner = User.objects.filter(identities__kind="email", identities__key=key).first()
    return owner is not None and (owner.has_usable_password() or not owner.is_active)
