"""How a linked device is, as its gateway says; two states: linked, and allowed to send."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from deskbell.channels import events
from deskbell.channels.models import Channel, LinkedDevice, WhatsAppNumber
from deskbell.channels.whatsapp_web import words
from deskbell.channels.whatsapp_web.gateway import Session
from deskbell.events.actor import SYSTEM
from deskbell.events.publish import publish
from deskbell.gateway.protocol import ENDED, Code, Link, Sending
from deskbell.outbox.actions import WITHDRAWN, try_now
from deskbell.outbox.models import OutboxItem

#: a restriction whose end WhatsApp does not say
RESTRICTED_FOR = timedelta(hours=24)
#: people to whom nothing can be sent one after another before it is the number, not the people
REFUSED_PEOPLE = 2
#: states on the way from one to another, which nobody needs to look up later unless a link fell
PASSING = frozenset({Link.STARTING, Link.CONNECTING})


@transaction.atomic
def note(channel: Channel, data: dict[str, Any], at: Any) -> None:
    """What a gateway says of its session; one that is older than what we know says nothing new."""
    said_at = words.moment(at) or timezone.now()
    device = LinkedDevice.objects.select_for_update(no_key=True).get(channel=channel)
    if device.state_at and said_at < device.state_at:
        return
    _write(device, Session.of(data), said_at)


@transaction.atomic
def noted(channel: Channel, session: Session) -> LinkedDevice:
    """What its gateway answered just now."""
    device = LinkedDevice.objects.select_for_update(no_key=True).get(channel=channel)
    _write(device, session, timezone.now())
    return device


def _write(device: LinkedDevice, session: Session, at: datetime) -> None:
    before, until = device.link_state, words.moment(session.until)
    device.state_at = at
    device.link_state, device.detail = session.link_state, session.detail
    if session.link_state == Link.WORKING and before != Link.WORKING:
        device.linked_since = at
    if session.link_state in ENDED - {Link.BANNED}:
        device.linked_since = None
    if session.link_state == Link.BANNED:
        device.until = until
    if session.send_state == Sending.RESTRICTED and device.send_state != LinkedDevice.SendState.PAUSED:
        device.send_state, device.until = LinkedDevice.SendState.RESTRICTED, until
    for kind, count in session.ignored.items():
        device.ignored[kind] = max(int(device.ignored.get(kind, 0)), count)
    device.save()
    if session.phone or session.name:
        WhatsAppNumber.objects.filter(channel=device.channel_id).update(
            display_number=f"+{session.phone.lstrip('+')}"[:40] if session.phone else "",
            verified_name=session.name,
        )
    if session.link_state != before:
        _tell(device, before)


def _tell(device: LinkedDevice, before: str) -> None:
    """A link that has ended is a channel that is down, until it works again."""
    rows = Channel.objects.filter(pk=device.channel_id)
    on = rows.exclude(state=Channel.State.OFF)
    ended = device.link_state in ENDED
    if ended:
        on.update(state=Channel.State.DOWN, last_error=words.problem_of(device)[:500])
    elif device.link_state == Link.WORKING:
        on.update(state=Channel.State.OK, last_error="")
        try_now(device.channel_id)
    if device.link_state not in PASSING or before == Link.WORKING:
        channel = rows.get()
        happened = events.LinkChanged(name=channel.name, before=before, after=device.link_state)
        publish(happened, about=channel, by=SYSTEM)


@transaction.atomic
def restrict(channel: Channel, code: str, until: datetime | None) -> None:
    """WhatsApp refused a message in a way that may concern all: then nothing is tried until it is over."""
    if code == Code.REACHOUT_LOCKED and until is None and not _refuses_everybody(channel):
        return
    device = LinkedDevice.objects.select_for_update(no_key=True).get(channel=channel)
    if device.send_state == LinkedDevice.SendState.PAUSED or device.is_restricted:
        return
    device.send_state = LinkedDevice.SendState.RESTRICTED
    device.until = until or timezone.now() + RESTRICTED_FOR
    device.save(update_fields=["send_state", "until"])
    happened = events.SendingRestricted(name=channel.name, code=code, until=device.until.isoformat())
    publish(happened, about=channel, by=SYSTEM)


def _refuses_everybody(channel: Channel) -> bool:
    """Whether several people in a row could not be written to: one alone may lack a token of WhatsApp's."""
    hour = timezone.now() - timedelta(hours=1)
    rows = OutboxItem.objects.filter(channel_id=channel.pk, changed_at__gt=hour)
    tried = rows.filter(state__in=("sent", "delivered", "read", "failed")).exclude(error_code=WITHDRAWN)
    tried = tried.order_by("-changed_at")
    refused: set[str] = set()
    for recipient, code in tried.values_list("recipient", "error_code")[:20]:
        if code != Code.REACHOUT_LOCKED:
            break
        refused.add(recipient)
    # the one that is refused now is not written yet
    return len(refused) >= REFUSED_PEOPLE - 1


@transaction.atomic
def leave_alone(channel: Channel, counts: Mapping[str, Any], *, more: bool = False) -> None:
    """Count what was left alone: `counts` are whole sums, or with `more` so many more."""
    device = LinkedDevice.objects.select_for_update(no_key=True).get(channel=channel)
    for kind, count in list(counts.items())[:20]:
        if isinstance(count, int) and 0 <= count < 2**31:
            known = int(device.ignored.get(str(kind)[:20], 0))
            device.ignored[str(kind)[:20]] = known + count if more else max(known, count)
    device.save(update_fields=["ignored"])
