"""Numbers that are linked devices (WhatsApp Web, unofficial): added, linked, paused, unlinked."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.utils import timezone

from deskbell.channels import events
from deskbell.channels.actions.access import BadChannel, require_setup
from deskbell.channels.actions.mailboxes import is_on, queue_named, switch
from deskbell.channels.models import Channel, LinkedDevice, WhatsAppNumber
from deskbell.channels.whatsapp_web import device as states
from deskbell.channels.whatsapp_web import words
from deskbell.channels.whatsapp_web.gateway import Gateway, GatewayError, Session
from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.kit import http
from deskbell.kit.secrets import seal
from deskbell.outbox.actions import try_now
from deskbell.people.models import User
from deskbell.tickets.models import Queue

T = TypeVar("T")
#: digits with the country code, as E.164 allows
PHONE = re.compile(r"[1-9][0-9]{6,14}")
_SPACES = re.compile(r"[\s()./+-]")
#: where gateways of this machine listen: the first free one from here
FIRST_PORT = 8730
#: setting of the form and of the command line → least, most
LIMITS = {"reply_days": (1, 90), "people_per_hour": (1, 200), "messages_per_day": (1, 2000)}


class NotAccepted(Exception):
    """Nobody has taken upon the company that the number may be blocked."""


class GatewaySilent(Exception):
    """The gateway does not answer, or would not; the message is a sentence for people."""


@dataclass(frozen=True)
class Given:
    """What an administrator says of a number; an empty gateway is the desk's own one."""

    phone: str
    gateway: str = ""
    greets: bool = True
    reply_days: int = 30
    people_per_hour: int = 30
    messages_per_day: int = 200


def digits(phone: str) -> str:
    """A phone number as WhatsApp writes it. Raises BadChannel."""
    found = _SPACES.sub("", phone)
    if not PHONE.fullmatch(found):
        raise BadChannel(f"phone must be a number with its country code, such as +4930123456, not {phone!r}")
    return found


@transaction.atomic
def add_linked(name: str, given: Given, *, queue: Queue | None = None, by: Actor | User = SYSTEM) -> Channel:
    """A number that is switched off until somebody accepts the risk (`accept_risk`). Raises BadChannel."""
    require_setup(by)
    phone = digits(given.phone)
    _check(given)
    channel = Channel(
        kind=Channel.Kind.WHATSAPP_WEB,
        name=name.strip() or f"+{phone}",
        address=phone,
        queue=queue,
        state=Channel.State.OFF,
        secrets=seal({"gateway": secrets.token_urlsafe(32)}),
    )
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError as error:
        raise BadChannel(f"+{phone} is a channel already") from error
    # what all numbers of WhatsApp have; there is no account and no API behind this one
    WhatsAppNumber.objects.create(
        channel=channel, waba_id="", display_number=f"+{phone}", base_url="", version="", auth_header="",
        greets=given.greets, asks=False, reads=False,
    )  # fmt: skip
    LinkedDevice.objects.create(
        channel=channel,
        gateway=given.gateway.rstrip("/"),
        port=_free_port(),
        **{name: getattr(given, name) for name in LIMITS},
    )
    publish(events.ChannelAdded(channel_kind=channel.kind, name=channel.name), about=channel, by=by)
    return channel


@transaction.atomic
def change_linked(
    channel: Channel, name: str, given: Given, *, queue: Queue | None, by: Actor | User
) -> None:
    """As an administrator says; its phone number stays. Raises BadChannel."""
    require_setup(by)
    _check(given)
    stored = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    device = LinkedDevice.objects.select_for_update(no_key=True).get(channel=stored)
    number = WhatsAppNumber.objects.get(channel=stored)
    gateway = given.gateway.rstrip("/")
    changed = []
    for row, values in (
        (stored, {"name": name.strip() or f"+{stored.address}", "queue": queue}),
        (number, {"greets": given.greets}),
        (device, {"gateway": gateway, **{each: getattr(given, each) for each in LIMITS}}),
    ):
        for each, value in values.items():
            if getattr(row, each) != value:
                setattr(row, each, value)
                changed.append(each)
        row.save()
    if changed:
        publish(events.ChannelChanged(name=stored.name, fields=sorted(changed)), about=stored, by=by)


@transaction.atomic
def accept_risk(channel: Channel, *, by: User) -> None:
    """Somebody who runs the desk has read the warning and takes it upon the company: the number goes on."""
    require_setup(by)
    device = LinkedDevice.objects.select_for_update(no_key=True).get(channel=channel)
    if device.accepted_at is None:
        device.accepted_by, device.accepted_at = by, timezone.now()
        device.save(update_fields=["accepted_by", "accepted_at"])
        publish(events.RiskAccepted(name=channel.name), about=channel, by=by)
    switch(channel, on=True, by=by)


def switch_linked(channel: Channel, *, on: bool, by: User) -> None:
    """Raises NotAccepted when it is to be on and nobody has accepted the risk."""
    require_setup(by)
    if on and not LinkedDevice.objects.filter(channel=channel, accepted_at__isnull=False).exists():
        raise NotAccepted
    switch(channel, on=on, by=by)


@transaction.atomic
def pause(channel: Channel, *, paused: bool, by: User) -> None:
    """Stop what leaves by it, or let it go on; what comes in is not touched."""
    require_setup(by)
    device = LinkedDevice.objects.select_for_update(no_key=True).get(channel=channel)
    if paused == (device.send_state == LinkedDevice.SendState.PAUSED):
        return
    device.send_state = LinkedDevice.SendState.PAUSED if paused else LinkedDevice.SendState.OK
    device.save(update_fields=["send_state"])
    publish(events.SendingPaused(name=channel.name, paused=paused), about=channel, by=by)
    if not paused:
        try_now(channel.pk)


# --- with the gateway -----------------------------------------------------------------------------


def look(channel: Channel) -> Session:
    """How it is now. Changes nothing. Raises GatewaySilent."""
    return _asked(lambda: Gateway(channel).look())


def connect(channel: Channel, *, by: User) -> Session:
    """Start it; without keys it shows a QR code then. Raises NotAccepted, GatewaySilent."""
    require_setup(by)
    if not channel.device.accepted_at or channel.state == Channel.State.OFF:
        raise NotAccepted
    session = _asked(lambda: Gateway(channel).start())
    states.noted(channel, session)
    return session


def pair_code(channel: Channel, *, by: User) -> str:
    """The code that is typed into the phone; shown once, kept nowhere. Raises as `connect`."""
    connect(channel, by=by)
    return _asked(lambda: Gateway(channel).pair_code(channel.address))


def unlink(channel: Channel, *, by: User) -> None:
    """Log it out at WhatsApp, and let the gateway delete its keys. Raises GatewaySilent."""
    require_setup(by)
    session = _asked(lambda: Gateway(channel).log_out())
    states.noted(channel, session)


def _asked(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except GatewayError as error:
        said = words.REFUSED if error.status == 401 else words.of(error.code)
        raise GatewaySilent(said) from None
    except (http.NoAnswer, http.BadAddress):
        raise GatewaySilent(words.NO_GATEWAY) from None


def _free_port() -> int:
    taken = set(LinkedDevice.objects.values_list("port", flat=True))
    return next(port for port in range(FIRST_PORT, FIRST_PORT + 1000) if port not in taken)


def _check(given: Given) -> None:
    for name, (least, most) in LIMITS.items():
        if not least <= getattr(given, name) <= most:
            raise BadChannel(f"{name} must be between {least} and {most}")
    if given.gateway:
        try:
            parts = http.checked(given.gateway, to_loopback=True)
        except http.BadAddress as error:
            raise BadChannel(str(error).rstrip(".")) from None
        if parts.query or parts.fragment or len(given.gateway) > 200:
            raise BadChannel("gateway must be an address without ? and #")


def add_from_words(name: str, given: Mapping[str, str], *, by: Actor | User = SYSTEM) -> Channel:
    """As `add_linked`, from the `key=value` of the command line; `queue` is the name of one."""
    if unknown := sorted(set(given) - {"phone", "gateway", "queue", "greets", *LIMITS}):
        raise BadChannel(f"Unknown setting: {', '.join(unknown)}")
    if not given.get("phone"):
        raise BadChannel("A WhatsApp Web number needs phone")
    try:
        limits = {each: int(given[each]) for each in LIMITS if each in given}
    except ValueError as error:
        raise BadChannel(f"{', '.join(LIMITS)} are whole numbers") from error
    whole = Given(given["phone"], given.get("gateway", ""), is_on(given.get("greets", "yes")), **limits)
    return add_linked(name, whole, queue=queue_named(given.get("queue", "")), by=by)
