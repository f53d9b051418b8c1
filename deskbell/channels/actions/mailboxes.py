"""Every write about channels: mailboxes, their servers, the web form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from deskbell.channels import events
from deskbell.channels.actions.access import require_setup
from deskbell.channels.email.accounts import Account, BadAccount, stored_password
from deskbell.channels.models import Channel, InboundItem, IncomingServer, OutgoingServer, Server
from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.kit.secrets import seal
from deskbell.outbox.results import Accepted, Result
from deskbell.people.addresses import email_key, is_email
from deskbell.people.models import User
from deskbell.tickets.models import Queue


class BadChannel(ValueError):
    """The channel cannot be like this; the message is for people."""


class InUse(Exception):
    """Something came in by the channel: it can be switched off, not removed."""


@dataclass(frozen=True)
class Fetching:
    """From where a mailbox fetches, and what it does there afterwards."""

    account: Account
    folder: str = "INBOX"
    after: str = IncomingServer.After.SEEN
    moved_to: str = "Processed"
    #: days; None fetches everything that lies there
    days_back: int | None = 14


@transaction.atomic
def add_channel(
    kind: str,
    *,
    name: str,
    address: str = "",
    queue: str | Queue | None = "",
    plus_addresses: bool | str = False,
    imap: str = "",
    pop3: str = "",
    smtp: str = "",
    authserv_id: str = "",
    by: Actor | User = SYSTEM,
    **unknown: str,
) -> Channel:
    """A mailbox or the web form. `queue` is the queue of its new tickets, or its name; `imap` or `pop3` is
    the URL it fetches from, `smtp` that by which its answers leave (email.accounts.Account.from_url);
    `authserv_id` the name under which its own server says who was verified (RFC 8601).

    Raises BadChannel for an unknown kind, key or queue, a bad address, URL or authserv-id, an address that
    is one already, and a second web form.
    """
    require_setup(by)
    if kind not in Channel.Kind.values:
        raise BadChannel(f"Unknown kind of channel: {kind}. Known: {', '.join(Channel.Kind.values)}")
    if unknown:
        raise BadChannel(f"Unknown setting: {', '.join(sorted(unknown))}")
    if kind == Channel.Kind.WEBFORM:
        if address or imap or pop3 or smtp:
            raise BadChannel("The web form has no address and no server")
    elif not is_email(address):
        raise BadChannel(f"address must be an e-mail address, not {address!r}")
    if imap and pop3:
        raise BadChannel("A mailbox fetches by imap or by pop3, not by both")
    channel = Channel(
        kind=kind,
        name=name.strip() or address,
        address=email_key(address) if address else "",
        queue=_queue(queue) if isinstance(queue, str) else queue,
        authserv_id=clean_authserv_id(authserv_id),
        plus_addresses=plus_addresses is True or str(plus_addresses).lower() in ("1", "yes", "true", "on"),
    )
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError as error:
        raise BadChannel(f"{address or 'The web form'} is a channel already") from error
    publish(events.ChannelAdded(channel_kind=kind, name=channel.name), about=channel, by=by)
    if imap or pop3:
        account, folder = _account(imap or pop3, channel, {"imap"} if imap else {"pop3"})
        set_incoming(channel, Fetching(account, folder or "INBOX"), by=by)
    if smtp:
        set_outgoing(channel, _account(smtp, channel, {"smtp"})[0], by=by)
    return channel


def clean_authserv_id(given: str) -> str:
    """One word, or none. Raises BadChannel."""
    if len(given) > 255 or len(given.split()) > 1:
        raise BadChannel(f"authserv_id must be one word, not {given!r}")
    return given.strip()


def _queue(name: str) -> Queue | None:
    if not name:
        return None
    queue = Queue.objects.filter(name__iexact=name).first()
    if queue is None:
        raise BadChannel(f"There is no queue {name!r}")
    return queue


def _account(url: str, channel: Channel, protocols: set[str]) -> tuple[Account, str]:
    try:
        account, folder = Account.from_url(url, username=channel.address)
    except BadAccount as error:
        raise BadChannel(f"The server’s URL cannot be read: {error}") from None
    if account.protocol not in protocols:
        raise BadChannel(f"{account.protocol}:// is no address of this kind of server")
    return account, folder


@transaction.atomic
def change_mailbox(
    channel: Channel,
    *,
    by: Actor | User,
    name: str,
    queue: Queue | None,
    plus_addresses: bool,
    authserv_id: str = "",
) -> None:
    """Rename a mailbox, give it another queue, or say what its server knows. Raises BadChannel."""
    require_setup(by)
    stored = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    new: dict[str, Any] = {
        "name": name.strip() or stored.address,
        "queue": queue,
        "plus_addresses": plus_addresses,
        "authserv_id": clean_authserv_id(authserv_id),
    }
    changed = [each for each, value in new.items() if getattr(stored, each) != value]
    if not changed:
        return
    for each in changed:
        setattr(stored, each, new[each])
    stored.save(update_fields=changed)
    publish(events.ChannelChanged(name=stored.name, fields=changed), about=stored, by=by)


@transaction.atomic
def switch(channel: Channel, *, on: bool, by: Actor | User) -> None:
    """Switch a channel off, so that it takes nothing in and fetches nothing, or on again."""
    require_setup(by)
    stored = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    if (stored.state != Channel.State.OFF) == on:
        return
    stored.state = Channel.State.OK if on else Channel.State.OFF
    stored.save(update_fields=["state"])
    publish(events.ChannelSwitched(name=stored.name, on=on), about=stored, by=by)


@transaction.atomic
def remove_mailbox(channel: Channel, *, by: Actor | User) -> None:
    """Remove a mailbox by which nothing ever came in. Raises InUse for any other."""
    require_setup(by)
    stored = Channel.objects.select_for_update().get(pk=channel.pk)
    if InboundItem.objects.filter(channel=stored).exists():
        raise InUse
    publish(events.ChannelRemoved(name=stored.name, address=stored.address), about=stored, by=by)
    stored.delete()


@transaction.atomic
def set_incoming(channel: Channel, fetching: Fetching | None, *, by: Actor | User) -> None:
    """Say where a mailbox fetches, or with None that it does not.

    An empty password keeps the stored one. Another server or folder begins from the start: what was
    fetched there before stays known.
    """
    require_setup(by)
    Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    stored = IncomingServer.objects.filter(channel=channel).first()
    if fetching is None:
        if stored:
            stored.delete()
            _publish_change(channel, ["incoming"], by)
        return
    server = stored or IncomingServer(channel=channel)
    account = fetching.account
    moved = (server.host, server.username, server.folder, server.protocol) != (
        account.host,
        account.username,
        fetching.folder,
        account.protocol,
    )
    changed = _write_account(server, account)
    for name in ("folder", "after", "moved_to", "days_back"):
        changed |= getattr(server, name) != getattr(fetching, name)
        setattr(server, name, getattr(fetching, name))
    if server.protocol != account.protocol:
        server.protocol, changed = account.protocol, True
    if stored and not changed:
        return
    if moved:
        server.uidvalidity, server.last_uid = None, 0
    server.version = server.version + 1 if stored else 1
    server.error, server.failing_since = "", None
    server.save()
    _publish_change(channel, ["incoming"], by)


@transaction.atomic
def set_outgoing(channel: Channel, account: Account | None, *, by: Actor | User) -> None:
    """Say by which server answers from a mailbox leave; None takes that of EMAIL_URL.

    An empty password keeps the stored one.
    """
    require_setup(by)
    Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    stored = OutgoingServer.objects.filter(channel=channel).first()
    if account is None:
        if stored:
            stored.delete()
            _publish_change(channel, ["outgoing"], by)
        return
    server = stored or OutgoingServer(channel=channel)
    if _write_account(server, account) or not stored:
        server.save()
        _publish_change(channel, ["outgoing"], by)


def _write_account(server: Server, account: Account) -> bool:
    """Put `account` into `server`; whether anything is another than before.

    A stored password belongs to its host: who may change settings must not lead it to another one.
    """
    if account.host != server.host:
        server.password = None
    new: dict[str, Any] = {name: getattr(account, name) for name in ("host", "port", "security", "username")}
    changed = any(getattr(server, name) != value for name, value in new.items())
    for name, value in new.items():
        setattr(server, name, value)
    if account.password and account.password != stored_password(server):
        server.password, changed = seal(account.password), True
    return changed


def _publish_change(channel: Channel, fields: list[str], by: Actor | User) -> None:
    publish(events.ChannelChanged(name=channel.name, fields=fields), about=channel, by=by)


def note_sent(channel_id: int | None, result: Result) -> None:
    """Remember on the channel that a mail left, or why not."""
    if channel_id is None:
        return
    if isinstance(result, Accepted):
        Channel.objects.filter(pk=channel_id).update(last_out_at=timezone.now(), last_error="")
    else:
        Channel.objects.filter(pk=channel_id).update(last_error=f"{result.code} {result.text}"[:500])
