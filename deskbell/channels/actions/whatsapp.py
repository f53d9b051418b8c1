"""WhatsApp numbers and their settings."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import IntegrityError, transaction

from deskbell.channels import events
from deskbell.channels.actions.access import BadChannel, require_setup
from deskbell.channels.actions.mailboxes import is_on, queue_named
from deskbell.channels.models import (
    Channel,
    WhatsAppNumber,
)
from deskbell.channels.whatsapp import account
from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.kit import http
from deskbell.kit.secrets import seal, unseal
from deskbell.outbox.actions import try_now
from deskbell.people.models import User
from deskbell.tickets.models import Queue

SECRETS = ("token", "app_secret", "verify_token")
#: what is given → the form it has
ID, WORD = re.compile(r"[0-9]{1,40}"), re.compile(r"[!-~]{1,500}")
VERSION, HEADER = re.compile(r"v[0-9]{1,3}\.[0-9]{1,3}"), re.compile(r"[A-Za-z][A-Za-z0-9-]{0,59}")


@dataclass(frozen=True)
class Given:
    """What an administrator says of a number. An empty secret keeps the one that is stored."""

    number_id: str
    waba_id: str
    token: str = field(default="", repr=False)
    app_secret: str = field(default="", repr=False)
    verify_token: str = field(default="", repr=False)
    base_url: str = account.BASE_URL
    version: str = account.VERSION
    auth_header: str = account.BEARER
    greets: bool = True
    asks: bool = True
    reads: bool = True
    most_at_once: int = 30
    tells_hours: bool = True


@transaction.atomic
def add_whatsapp(
    name: str, given: Given, *, queue: Queue | None = None, by: Actor | User = SYSTEM
) -> Channel:
    """A business number at the Cloud API. Makes a verify token where none is given. Raises BadChannel."""
    require_setup(by)
    _check(given)
    sealed = _secrets(given, {"verify_token": secrets.token_urlsafe(24)})
    channel = Channel(
        kind=Channel.Kind.WHATSAPP_CLOUD,
        name=name.strip() or given.number_id,
        address=given.number_id,
        queue=queue,
        secrets=seal({"whatsapp": sealed}),
    )
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError as error:
        raise BadChannel(f"{given.number_id} is a channel already") from error
    WhatsAppNumber.objects.create(channel=channel, **_settings(given))
    publish(events.ChannelAdded(channel_kind=channel.kind, name=channel.name), about=channel, by=by)
    return channel


@transaction.atomic
def change_whatsapp(
    channel: Channel, name: str, given: Given, *, queue: Queue | None, by: Actor | User
) -> None:
    """As an administrator says. A new token lets a number that was down try again. Raises BadChannel."""
    require_setup(by)
    _check(given)
    rows = Channel.objects.select_for_update(no_key=True, of=("self",)).select_related("whatsapp")
    stored = rows.get(pk=channel.pk)
    before = _stored_secrets(stored)
    after = _secrets(given, before)
    if given.base_url.rstrip("/") != stored.whatsapp.base_url and not given.token:
        raise BadChannel("A token is for the server it was made for: give the new one with the new address")
    changed = [key for key in SECRETS if after.get(key) != before.get(key)]
    new: dict[str, Any] = {
        "name": name.strip() or given.number_id,
        "queue": queue,
        "address": given.number_id,
    }
    changed += [each for each, value in new.items() if getattr(stored, each) != value]
    changed += [each for each, value in _settings(given).items() if getattr(stored.whatsapp, each) != value]
    if not changed:
        return
    for each, value in new.items():
        setattr(stored, each, value)
    stored.secrets = seal({"whatsapp": after})
    if stored.state == Channel.State.DOWN:
        stored.state, stored.last_error = Channel.State.OK, ""
    try:
        with transaction.atomic():
            stored.save()
    except IntegrityError as error:
        raise BadChannel(f"{given.number_id} is a channel already") from error
    WhatsAppNumber.objects.filter(channel=stored).update(**_settings(given))
    publish(events.ChannelChanged(name=stored.name, fields=sorted(set(changed))), about=stored, by=by)
    try_now(stored.pk)


def _settings(given: Given) -> dict[str, Any]:
    return {
        "waba_id": given.waba_id,
        "base_url": given.base_url.rstrip("/"),
        "version": given.version,
        "auth_header": given.auth_header,
        "greets": given.greets,
        "asks": given.asks,
        "reads": given.reads,
        "most_at_once": given.most_at_once,
        "tells_hours": given.tells_hours,
    }


def _stored_secrets(channel: Channel) -> dict[str, str]:
    """None when they were sealed with keys this desk lacks."""
    try:
        stored = unseal(bytes(channel.secrets)) if channel.secrets else {}
    except InvalidToken:
        return {}
    return dict(stored.get("whatsapp", {}))


def _secrets(given: Given, before: dict[str, str]) -> dict[str, str]:
    after = {key: getattr(given, key) or before.get(key, "") for key in SECRETS}
    if not (after["token"] and after["app_secret"]):
        raise BadChannel("A WhatsApp number needs its access_token and its app_secret")
    return after


def _check(given: Given) -> None:
    for name, value in (("phone_number_id", given.number_id), ("waba_id", given.waba_id)):
        if not ID.fullmatch(value):
            raise BadChannel(f"{name} must be digits, not {value!r}")
    for name in SECRETS:  # the value itself is not for the screen
        if getattr(given, name) and not WORD.fullmatch(getattr(given, name)):
            raise BadChannel(f"{'access_token' if name == 'token' else name} must be one word")
    if not VERSION.fullmatch(given.version):
        raise BadChannel(f"version must be such as {account.VERSION}, not {given.version!r}")
    if not HEADER.fullmatch(given.auth_header):
        raise BadChannel(f"auth_header must be the name of a header, not {given.auth_header!r}")
    try:
        parts = http.checked(given.base_url)
    except http.BadAddress as error:
        raise BadChannel(str(error).rstrip(".")) from None
    if parts.query or parts.fragment or len(given.base_url) > 300:
        raise BadChannel("base_url must be an address without ? and #")


#: what a number does unless it is told otherwise
SWITCHES = ("greets", "asks", "reads", "tells_hours")
#: key of the command line → field of Given
_WORDS = {
    "phone_number_id": "number_id",
    "waba_id": "waba_id",
    "access_token": "token",
    "app_secret": "app_secret",
    "verify_token": "verify_token",
    "base_url": "base_url",
    "version": "version",
    "auth_header": "auth_header",
}


def add_from_words(name: str, words: Mapping[str, str], *, by: Actor | User = SYSTEM) -> Channel:
    """As `add_whatsapp`, from the `key=value` of the command line; `queue` is the name of one."""
    known: dict[str, Any] = {_WORDS[key]: value for key, value in words.items() if key in _WORDS}
    if unknown := sorted(set(words) - {*_WORDS, "queue", *SWITCHES}):
        raise BadChannel(f"Unknown setting: {', '.join(unknown)}")
    if missing := [
        key for key in ("phone_number_id", "waba_id", "access_token", "app_secret") if not words.get(key)
    ]:
        raise BadChannel(f"A WhatsApp number needs {', '.join(missing)}")
    switches: dict[str, Any] = {key: is_on(words.get(key, "yes")) for key in SWITCHES}
    given = Given(**known, **switches)
    return add_whatsapp(name, given, queue=queue_named(words.get("queue", "")), by=by)
