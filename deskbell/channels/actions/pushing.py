"""Mailboxes to which a mail service brings what came in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from cryptography.fernet import InvalidToken
from django.db import transaction

from deskbell.channels import events
from deskbell.channels.actions.access import require_setup
from deskbell.channels.actions.ledger import think_about
from deskbell.channels.email.push import SERVICES, Pushed
from deskbell.channels.models import Channel, InboundItem
from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.kit.secrets import seal, unseal
from deskbell.people.models import User


class BadPush(ValueError):
    """An unknown service, or one without the key it signs with."""


@dataclass(frozen=True)
class Push:
    """How a mail service proves to be itself: the token of the address it knows, and its signing key."""

    service: str
    token: str = field(repr=False)
    key: str = field(default="", repr=False)


def push_of(channel: Channel) -> Push | None:
    """None when nothing is pushed there, or when it was sealed with keys this desk lacks."""
    try:
        stored = unseal(bytes(channel.secrets)) if channel.secrets else {}
    except InvalidToken:
        return None
    return Push(**stored["push"]) if "push" in stored else None


@transaction.atomic
def set_push(channel: Channel, service: str, *, key: str = "", renew: bool = False, by: Actor | User) -> Push:
    """Let a mail service bring the mails of a mailbox.

    An empty key keeps the stored one of the same service. `renew` makes a new token: the old address is
    refused at once. Raises NotAllowed and BadPush.
    """
    require_setup(by)
    stored = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    before = push_of(stored)
    if service not in SERVICES:
        raise BadPush(service)
    if before and before.service == service:
        key = key or before.key
    if SERVICES[service].key and not key:
        raise BadPush(service)
    token = before.token if before and not renew else secrets.token_urlsafe(32)
    push = Push(service, token, key if SERVICES[service].key else "")
    if push != before:
        _store(stored, {"push": {"service": push.service, "token": push.token, "key": push.key}}, by)
    return push


@transaction.atomic
def end_push(channel: Channel, *, by: Actor | User) -> None:
    """Nothing is taken by the mailbox's address any more. Raises NotAllowed."""
    require_setup(by)
    stored = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    if stored.secrets:
        _store(stored, None, by)


def _store(channel: Channel, secret: dict[str, dict[str, str]] | None, by: Actor | User) -> None:
    channel.secrets = seal(secret) if secret else None
    channel.save(update_fields=["secrets"])
    publish(events.ChannelChanged(name=channel.name, fields=["push"]), about=channel, by=by)


@transaction.atomic
def take_pushed(channel: Channel, mails: list[Pushed]) -> list[int]:
    """Store mails that a service brought, each with its job; their ids in the ledger."""
    items = []
    for mail in mails:
        item = InboundItem.objects.create(
            channel=channel,
            raw=mail.raw,
            envelope_from=mail.sender.replace("\0", ""),
            envelope_to=mail.to.replace("\0", "") or channel.address,
        )
        think_about(item)
        items.append(item.pk)
    return items
