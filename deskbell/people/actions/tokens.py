"""API tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import events, permissions
from deskbell.people.actions.guard import may_touch, require
from deskbell.people.models import (
    ApiToken,
    User,
)

TOKEN_PREFIX = "desk_"  # noqa: S105  not a secret: it lets scanners recognise one


@transaction.atomic
def create_token(
    user: User,
    *,
    name: str,
    read_only: bool = False,
    expires_at: datetime | None = None,
    by: Actor | User = SYSTEM,
) -> str:
    """A new API token of `user`; the text is returned once and kept as a digest."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        user=user, name=name, digest=token_digest(token), read_only=read_only, expires_at=expires_at
    )
    publish(events.TokenCreated(name=name, read_only=read_only), about=row, by=by)
    return token


@transaction.atomic
def revoke_token(token: ApiToken, *, by: User) -> None:
    """It opens nothing any more: one's own, or another's by who may close his account. Raises NotAllowed."""
    if by.pk != token.user_id:
        require(by, permissions.PEOPLE_INVITE)
        may_touch(token.user, by)
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        publish(events.TokenRevoked(name=token.name), about=token, by=by)


def token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
