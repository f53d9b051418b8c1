"""Passkeys (https://www.w3.org/TR/webauthn-3/): what a browser is asked, and whether its answer is right.

A passkey is bound to the host name of the desk. The sign-in library keeps the row; its own code for passkeys
is not used, for that keeps the whole answer of the browser and no counter.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet

from deskbell.people.models import User

if TYPE_CHECKING:
    from fido2.server import Fido2Server
    from fido2.webauthn import AttestedCredentialData

State = dict[str, Any]
#: what reading an answer of a stranger may come to
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    NotImplementedError,
    RecursionError,
    OverflowError,
    struct.error,
)


class WrongPasskey(Exception):
    """The answer is not that of a passkey of this person to what was asked."""


@dataclass(frozen=True)
class Place:
    """Where the desk is opened: https, and desk.example or desk.example:8443. `name` is the company's."""

    scheme: str
    host: str
    name: str

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def domain(self) -> str:
        return urlsplit(self.origin).hostname or ""


@dataclass(frozen=True)
class NewPasskey:
    """`verified`: it asked for a finger, a face or a PIN, so that it may stand in for the password, too."""

    key: str
    credential: str
    count: int
    verified: bool


@dataclass(frozen=True)
class Passkey:
    """One of a person's, to be shown."""

    pk: int
    name: str
    alone: bool
    created_at: datetime
    last_used_at: datetime | None


def rows_of(user: User) -> QuerySet[Authenticator]:
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.WEBAUTHN).order_by("pk")


def passkeys_of(user: User) -> list[Passkey]:
    return [
        Passkey(row.pk, row.data["name"], row.data["verified"], row.created_at, row.last_used_at)
        for row in rows_of(user)
    ]


def ask_to_make(place: Place, user: User) -> tuple[dict[str, Any], State]:
    """Options for `navigator.credentials.create`, and what `made` needs to know of them."""
    options, state = _server(place).register_begin(
        {"id": _handle(user), "name": user.email or user.display_name, "displayName": user.display_name},  # type: ignore[arg-type]
        credentials=_credentials(user),
        resident_key_requirement="preferred",  # type: ignore[arg-type]
        user_verification="preferred",  # type: ignore[arg-type]
    )
    return dict(options), state


def made(place: Place, state: State, answer: Any) -> NewPasskey:
    """What the browser made. Raises WrongPasskey."""
    from fido2.utils import websafe_encode  # slow: reads the list of public suffixes

    try:
        found = _server(place).register_complete(state, answer)
        assert found.credential_data is not None
        return NewPasskey(
            key=websafe_encode(found.credential_data.credential_id),
            credential=websafe_encode(found.credential_data),
            count=found.counter,
            verified=bool(found.is_user_verified()),
        )
    except UNREADABLE as error:
        raise WrongPasskey from error


def ask_for(place: Place, user: User | None) -> tuple[dict[str, Any], State]:
    """Options for `navigator.credentials.get`: one of `user`, or whichever somebody has for this desk.

    In the second case it is all he shows, so it has to ask him for a finger, a face or a PIN.
    """
    options, state = _server(place).authenticate_begin(
        credentials=_credentials(user) if user else None,
        user_verification="preferred" if user else "required",  # type: ignore[arg-type]
    )
    return dict(options), state


def used(place: Place, state: State, answer: Any, *, user: User | None) -> tuple[Authenticator, int]:
    """The row of the passkey that answered, and how often it says it was used. Raises WrongPasskey."""
    from fido2.webauthn import AuthenticationResponse  # slow: reads the list of public suffixes

    try:
        read = AuthenticationResponse.from_dict(answer)
        person = user.pk if user else int((read.response.user_handle or b"").decode("ascii"))
        row = Authenticator.objects.filter(
            user_id=person, type=Authenticator.Type.WEBAUTHN, data__key=answer["rawId"]
        ).first()
        if row is None:
            raise WrongPasskey
        _server(place).authenticate_complete(state, [_credential(row)], answer)
        return row, read.response.authenticator_data.counter
    except UNREADABLE as error:
        raise WrongPasskey from error


def _server(place: Place) -> Fido2Server:
    from fido2.server import Fido2Server  # slow: reads the list of public suffixes

    party = {"id": place.domain, "name": place.name}
    return Fido2Server(party, verify_origin=lambda origin: origin == place.origin)  # type: ignore[arg-type]


def _handle(user: User) -> bytes:
    """What a passkey says whose it is: a number, which tells nobody anything."""
    return str(user.pk).encode()


def _credentials(user: User) -> list[AttestedCredentialData]:
    return [_credential(row) for row in rows_of(user)]


def _credential(row: Authenticator) -> AttestedCredentialData:
    from fido2.utils import websafe_decode  # slow: reads the list of public suffixes
    from fido2.webauthn import AttestedCredentialData

    return AttestedCredentialData(websafe_decode(row.data["credential"]))
