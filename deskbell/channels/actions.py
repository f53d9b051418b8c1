"""Every write about channels and the inbound ledger, but for the decision itself (channels.inbound)."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from deskbell.channels import events
from deskbell.channels.email import references
from deskbell.channels.models import Channel, InboundFile, InboundItem
from deskbell.channels.webform.sent import FormSent
from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.kit.secrets import seal
from deskbell.outbox.results import Accepted, Result
from deskbell.people import permissions
from deskbell.people.addresses import email_key, is_email
from deskbell.people.models import User
from deskbell.people.rights import rights_of
from deskbell.tickets.content import NewFile
from deskbell.tickets.models import Queue

NOTED_EVERY = timedelta(seconds=10)


class NotAllowed(Exception):
    """Channels and the ledger are for administrators."""


class BadChannel(ValueError):
    """The channel cannot be made like this; the message is for people."""


class NoMailbox(Exception):
    """No mailbox that is on has this address."""


class FormClosed(Exception):
    """An administrator has switched the web form off."""


class NotQuarantined(Exception):
    """Only a quarantined item can be replayed."""


def _require_setup(by: Actor | User) -> None:
    if isinstance(by, User) and not rights_of(by).has(permissions.SETUP):
        raise NotAllowed(permissions.SETUP)


@transaction.atomic
def add_channel(
    kind: str,
    *,
    name: str,
    address: str = "",
    queue: str = "",
    plus_addresses: bool | str = False,
    authserv_id: str = "",
    by: Actor | User = SYSTEM,
    **secrets: str,
) -> Channel:
    """A mailbox or the web form. `queue` is the name of the queue of its new tickets; `authserv_id`
    how its mail server signs what it found out about senders; `secrets` are kept encrypted.

    Raises BadChannel for an unknown kind or queue, a bad address or authserv-id, an address that is one
    already, and a second web form.
    """
    _require_setup(by)
    if kind not in Channel.Kind.values:
        raise BadChannel(f"Unknown kind of channel: {kind}. Known: {', '.join(Channel.Kind.values)}")
    if kind == Channel.Kind.WEBFORM:
        if address:
            raise BadChannel("The web form has no address")
    elif not is_email(address):
        raise BadChannel(f"address must be an e-mail address, not {address!r}")
    if len(authserv_id) > 255 or len(authserv_id.split()) > 1:
        raise BadChannel(f"authserv_id must be one word, not {authserv_id!r}")
    channel = Channel(
        kind=kind,
        name=name.strip() or address,
        address=email_key(address) if address else "",
        queue=_queue(queue),
        authserv_id=authserv_id.strip(),
        plus_addresses=plus_addresses is True or str(plus_addresses).lower() in ("1", "yes", "true", "on"),
        secrets=seal(secrets) if secrets else None,
    )
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError as error:
        raise BadChannel(f"{address or 'The web form'} is a channel already") from error
    publish(events.ChannelAdded(channel_kind=kind, name=channel.name), about=channel, by=by)
    return channel


def _queue(name: str) -> Queue | None:
    if not name:
        return None
    queue = Queue.objects.filter(name__iexact=name).first()
    if queue is None:
        raise BadChannel(f"There is no queue {name!r}")
    return queue


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
    _think_about(item)
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
    _think_about(item)
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
    _require_setup(by)
    item = InboundItem.objects.select_for_update(no_key=True).defer("raw").get(pk=item_id)
    if item.state != InboundItem.State.QUARANTINED:
        raise NotQuarantined(item.state)
    item.state, item.reason, item.reason_text = InboundItem.State.RECEIVED, "", ""
    item.attempts, item.decided_at, item.external_id = 0, None, None
    item.save(update_fields=["state", "reason", "reason_text", "attempts", "decided_at", "external_id"])
    publish(events.Replayed(), about=item, by=by)
    _think_about(item)
    return item


def _think_about(item: InboundItem) -> None:
    """Give it a job that commits with the caller."""
    from deskbell.channels.jobs import receive  # app-ready: the job application exists only after set-up

    receive.defer(item_id=item.pk)


def note_sent(channel_id: int | None, result: Result) -> None:
    """Remember on the channel that a mail left, or why not."""
    if channel_id is None:
        return
    if isinstance(result, Accepted):
        Channel.objects.filter(pk=channel_id).update(last_out_at=timezone.now(), last_error="")
    else:
        Channel.objects.filter(pk=channel_id).update(last_error=f"{result.code} {result.text}"[:500])


def note_received(channel_id: int) -> None:
    """Remember on the channel that something came in, at most every ten seconds: mails come in crowds."""
    now = timezone.now()
    Channel.objects.filter(Q(last_in_at=None) | Q(last_in_at__lt=now - NOTED_EVERY), pk=channel_id).update(
        last_in_at=now
    )
