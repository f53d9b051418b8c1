"""Every write about the inbound ledger, but for the decision itself (channels.inbound)."""

from __future__ import annotations

import time

from django.db import transaction
from django.utils import timezone

from deskbell.channels import events
from deskbell.channels.actions.access import require_setup
from deskbell.channels.actions.mailboxes import BadChannel, add_channel
from deskbell.channels.email import references
from deskbell.channels.models import Channel, InboundFile, InboundItem
from deskbell.channels.webform.sent import FormSent
from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people.addresses import email_key
from deskbell.people.models import User
from deskbell.tickets.content import NewFile

#: seconds
NOTED_EVERY = 10


class NoMailbox(Exception):
    """No mailbox that is on has this address."""


class FormClosed(Exception):
    """An administrator has switched the web form off."""


class NotQuarantined(Exception):
    """Only a quarantined item can be replayed."""


@transaction.atomic
def take_in(raw: bytes, *, to: str, sender: str) -> InboundItem:
    """Store one raw mail for the mailbox `to`, with its job, as `deskbell mail receive` does.

    `sender` is the envelope's. Raises NoMailbox.
    """
    address = email_key(to)
    names = [address, references.base_address(address)]
    mailboxes = Channel.objects.filter(kind=Channel.Kind.EMAIL, address__in=names)
    found = {each.address: each for each in mailboxes.exclude(state=Channel.State.OFF)}
    channel = found.get(names[0]) or found.get(names[1])
    if channel is None:
        raise NoMailbox(to)
    item = InboundItem.objects.create(channel=channel, raw=raw, envelope_from=sender, envelope_to=address)
    think_about(item)
    return item


@transaction.atomic
def receive_form(form: FormSent, files: list[NewFile]) -> InboundItem:
    """Store what was sent by the web form, with the job that will think about it. Raises FormClosed."""
    channel = _web_form()
    if channel.state == Channel.State.OFF:
        raise FormClosed
    item = InboundItem.objects.create(
        channel=channel, raw=form.raw(), envelope_from=form.email, external_id=form.reference
    )
    InboundFile.objects.bulk_create(
        InboundFile(item=item, blob=file.blob, filename=file.filename) for file in files
    )
    think_about(item)
    return item


def _web_form() -> Channel:
    """The channel of the web form, made when the first form is sent."""
    forms = Channel.objects.filter(kind=Channel.Kind.WEBFORM)
    if known := forms.first():
        return known
    try:
        with transaction.atomic():
            return add_channel(Channel.Kind.WEBFORM, name="Web form")
    except BadChannel:  # another guest was quicker
        return forms.get()


@transaction.atomic
def replay(item_id: int, *, by: Actor | User = SYSTEM) -> InboundItem:
    """Send a quarantined item through intake again, by a job that commits with this.

    Raises InboundItem.DoesNotExist, NotQuarantined.
    """
    require_setup(by)
    item = InboundItem.objects.select_for_update(no_key=True).defer("raw").get(pk=item_id)
    if item.state != InboundItem.State.QUARANTINED:
        raise NotQuarantined(item.state)
    item.state, item.reason, item.reason_text = InboundItem.State.RECEIVED, "", ""
    item.attempts, item.decided_at, item.external_id = 0, None, None
    item.save(update_fields=["state", "reason", "reason_text", "attempts", "decided_at", "external_id"])
    publish(events.Replayed(), about=item, by=by)
    think_about(item)
    return item


def think_about(item: InboundItem) -> None:
    """Give it a job that commits with the caller."""
    from deskbell.channels.jobs import receive  # app-ready: the job application exists only after set-up

    receive.defer(item_id=item.pk)


#: channel → when this process noted it last
_noted: dict[int, float] = {}


def note_received(channel_id: int) -> None:
    """Remember on the channel that something came in, at most every ten seconds: mails come in crowds."""
    if time.monotonic() - _noted.get(channel_id, -NOTED_EVERY) < NOTED_EVERY:
        return
    _noted[channel_id] = time.monotonic()
    Channel.objects.filter(pk=channel_id).update(last_in_at=timezone.now())
