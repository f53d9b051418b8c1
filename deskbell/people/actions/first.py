"""The first administrator of a new desk."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM
from deskbell.events.publish import publish
from deskbell.people import events, permissions
from deskbell.people.actions.accounts import create_user
from deskbell.people.actions.errors import FirstLinkGone
from deskbell.people.actions.tokens import token_digest
from deskbell.people.models import (
    FirstLink,
    Grant,
    User,
)

FIRST_LINK_LASTS = timedelta(hours=24)


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
