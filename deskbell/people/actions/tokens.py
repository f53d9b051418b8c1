"""API tokens."""

from __future__ import annotations

import hashlib
import secrets

from django.db import transaction

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import events
from deskbell.people.models import (
    ApiToken,
    User,
)

TOKEN_PREFIX = "desk_"  # noqa: S105  not a secret: it lets scanners recognise one


@transaction.atomic
def create_token(user: User, *, name: str, read_only: bool = False, by: Actor | User = SYSTEM) -> str:
    """A new API token of `user`; the text is returned once and kept as a digest."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(user=user, name=name, digest=token_digest(token), read_only=read_only)
    publish(events.TokenCreated(name=name, read_only=read_only), about=row, by=by)
    return token


def token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
