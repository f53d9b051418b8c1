"""Every write about channels: mailboxes, their servers, the web form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from deskbell.channels import events, reasons
from deskbell.channels.actions.access import BadChannel, InUse, require_setup
from deskbell.channels.actions.sign_ins import set_sign_in
from deskbell.channels.email.accounts import PORTS, Account, BadAccount, stored_password
from deskbell.channels.email.providers import MAIL, require_safe_for_tokens
from deskbell.channels.models import (
    Channel,
    InboundItem,
    IncomingServer,
    MailboxSignIn,
    OutgoingServer,
    Server,
    SignInProvider,
    Webhook,
)
from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.kit.secrets import seal
from deskbell.outbox.actions import try_now
from deskbell.outbox.results import Accepted, Result
from deskbell.people.addresses import email_key, is_email
from deskbell.people.models import User
from deskbell.tickets.models import Queue


@dataclass(frozen=True)
class Fetching:
    """From where a mailbox fetches, and what it does there afterwards."""

    account: Account
    folder: str = "INBOX"
    after: str = IncomingServer.After.SEEN
    moved_to: str = "Processed"
    #: days; None fetches everything that lies there
    days_back: int | None = 14
    #: whether what people wrote is put into a folder there after it has left; empty: the marked one
    copy_sent: bool = False
    sent_folder: str = ""


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
    oauth: str = "",
    authserv_id: str = "",
    by: Actor | User = SYSTEM,
    **unknown: str,
) -> Channel:
    """A mailbox or the web form. `queue` is the queue of its new tickets, or its name; `imap` or `pop3` is
    the URL it fetches from, `smtp` that by which its answers leave (email.accounts.Account.from_url);
    `oauth` the sign-in provider, by kind or name, for servers whose URL has no password: those of Microsoft
    and Google need no URL; `authserv_id` the name under which its own server says who was verified
    (RFC 8601).

    Raises BadChannel for an unknown kind, key or queue, a bad address, URL or authserv-id, an address that
    is one already, and a second web form.
    """
    require_setup(by)
    if kind not in Channel.Kind.values:
        raise BadChannel(f"Unknown kind of channel: {kind}. Known: {', '.join(Channel.Kind.values)}")
    if kind in (Channel.Kind.WHATSAPP_CLOUD, Channel.Kind.WHATSAPP_WEB):
        raise BadChannel(
            "A WhatsApp number has settings of its own: it is added by add_whatsapp or add_linked"
        )
    if unknown:
        raise BadChannel(f"Unknown setting: {', '.join(sorted(unknown))}")
    if kind == Channel.Kind.WEBFORM:
        if address or imap or pop3 or smtp or oauth:
            raise BadChannel("The web form has no address and no server")
    elif not is_email(address):
        raise BadChannel(f"address must be an e-mail address, not {address!r}")
    if imap and pop3:
        raise BadChannel("A mailbox fetches by imap or by pop3, not by both")
    channel = Channel(
        kind=kind,
        name=name.strip() or address,
        address=email_key(address) if address else "",
        queue=queue_named(queue) if isinstance(queue, str) else queue,
        authserv_id=clean_authserv_id(authserv_id),
        plus_addresses=plus_addresses is True or is_on(str(plus_addresses)),
    )
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError as error:
        raise BadChannel(f"{address or 'The web form'} is a channel already") from error
    publish(events.ChannelAdded(channel_kind=kind, name=channel.name), about=channel, by=by)
    provider = _provider(oauth) if oauth else None
    set_sign_in(channel, provider, by=by)
    if imap or pop3:
        account, folder = _account(imap or pop3, channel, {"imap"} if imap else {"pop3"})
        set_incoming(channel, Fetching(_by_token(account, provider, channel), folder or "INBOX"), by=by)
    elif provider and (usual := _usual(provider, "imap", channel)):
        set_incoming(channel, Fetching(usual), by=by)
    if smtp:
        account, _folder = _account(smtp, channel, {"smtp"})
        set_outgoing(channel, _by_token(account, provider, channel), by=by)
    elif provider and (usual := _usual(provider, "smtp", channel)):
        set_outgoing(channel, usual, by=by)
    return channel


def _provider(name: str) -> SignInProvider:
    """By its kind, or by its own name."""
    by_kind = list(SignInProvider.objects.filter(kind=name).exclude(kind=SignInProvider.Kind.OTHER)[:2])
    if len(by_kind) == 1:
        return by_kind[0]
    if found := SignInProvider.objects.filter(name__iexact=name).first():
        return found
    if by_kind:
        raise BadChannel(f"There are several sign-in providers of the kind {name}: give the name of one")
    raise BadChannel(f"There is no sign-in provider {name!r}: add it under Setup, Sign-in providers")


def _by_token(account: Account, provider: SignInProvider | None, channel: Channel) -> Account:
    if provider is None or account.password or account.protocol == "pop3":
        return account
    return replace(account, username=account.username or channel.address, with_token=True)


def _usual(provider: SignInProvider, protocol: str, channel: Channel) -> Account | None:
    """The provider's own mail server, where it has one."""
    servers = MAIL.get(SignInProvider.Kind(provider.kind))
    if servers is None:
        return None
    security = "tls" if protocol == "imap" else "starttls"
    port = PORTS[protocol, security]
    return Account(protocol, getattr(servers, protocol), port, security, channel.address, with_token=True)


def clean_authserv_id(given: str) -> str:
    """One word, or none. Raises BadChannel."""
    if len(given) > 255 or len(given.split()) > 1:
        raise BadChannel(f"authserv_id must be one word, not {given!r}")
    return given.strip()


def is_on(word: str) -> bool:
    return word.lower() in ("1", "yes", "true", "on")


def queue_named(name: str) -> Queue | None:
    """None for an empty name. Raises BadChannel for one that no queue has."""
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
    if on and MailboxSignIn.objects.filter(channel=stored, needed_since__isnull=False).exists():
        stored.state, stored.last_error = Channel.State.DOWN, reasons.SIGN_IN_NEEDED
    stored.save(update_fields=["state", "last_error"])
    publish(events.ChannelSwitched(name=stored.name, on=on), about=stored, by=by)


@transaction.atomic
def remove_channel(channel: Channel, *, by: Actor | User) -> None:
    """Remove a channel by which nothing ever came in. Raises InUse for any other."""
    require_setup(by)
    stored = Channel.objects.select_for_update().get(pk=channel.pk)
    if is_used(stored):
        raise InUse
    publish(events.ChannelRemoved(name=stored.name, address=stored.address), about=stored, by=by)
    stored.delete()


def is_used(channel: Channel) -> bool:
    """Whether anything came in by it, or is about to: a webhook that nobody has read yet."""
    waiting = Webhook.objects.filter(channel=channel, handled_at=None)
    return InboundItem.objects.filter(channel=channel).exists() or waiting.exists()


@transaction.atomic
def set_incoming(channel: Channel, fetching: Fetching | None, *, by: Actor | User) -> None:
    """Say where a mailbox fetches, or with None that it does not.

    An empty password keeps the stored one. Another server or folder begins from the start: what was
    fetched there before stays known. Raises BadChannel for a server to which no token may go.
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
    _require_sign_in(channel, account)
    moved = (server.host, server.username, server.folder, server.protocol) != (
        account.host,
        account.username,
        fetching.folder,
        account.protocol,
    )
    changed = _write_account(server, account)
    for name in ("folder", "after", "moved_to", "days_back", "copy_sent", "sent_folder"):
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

    An empty password keeps the stored one. Raises BadChannel for a server to which no token may go.
    """
    require_setup(by)
    Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    stored = OutgoingServer.objects.filter(channel=channel).first()
    if account is None:
        if stored:
            stored.delete()
            _publish_change(channel, ["outgoing"], by)
            try_now(channel.pk)
        return
    _require_sign_in(channel, account)
    server = stored or OutgoingServer(channel=channel)
    if _write_account(server, account) or not stored:
        server.save()
        _publish_change(channel, ["outgoing"], by)
        try_now(channel.pk)


def _require_sign_in(channel: Channel, account: Account) -> None:
    """A token goes only where its provider is for."""
    if not account.with_token:
        return
    sign_in = MailboxSignIn.objects.select_related("provider").filter(channel=channel).first()
    if sign_in is None:
        raise BadChannel("There is no sign-in provider for it")
    try:
        require_safe_for_tokens(account, sign_in.provider)
    except BadAccount as error:
        raise BadChannel(str(error).rstrip(".")) from None


def _write_account(server: Server, account: Account) -> bool:
    """Put `account` into `server`; whether anything is another than before.

    A stored password belongs to its host: who may change settings must not lead it to another one.
    """
    if account.host != server.host or account.with_token:
        server.password = None
    names = ("host", "port", "security", "username", "with_token")
    new: dict[str, Any] = {name: getattr(account, name) for name in names}
    changed = any(getattr(server, name) != value for name, value in new.items())
    for name, value in new.items():
        setattr(server, name, value)
    if account.password and account.password != stored_password(server):
        server.password, changed = seal(account.password), True
    return changed


def _publish_change(channel: Channel, fields: list[str], by: Actor | User) -> None:
    publish(events.ChannelChanged(name=channel.name, fields=fields), about=channel, by=by)


def note_sent(channel_id: int | None, result: Result) -> None:
    """Remember on the channel that a mail left, or why not. One that is down says why it is."""
    if channel_id is None:
        return
    said = "" if isinstance(result, Accepted) else f"{result.code} {result.text}"[:500]
    Channel.objects.filter(pk=channel_id).exclude(state=Channel.State.DOWN).update(last_error=said)
    if isinstance(result, Accepted):
        Channel.objects.filter(pk=channel_id).update(last_out_at=timezone.now())
