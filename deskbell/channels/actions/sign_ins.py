"""Every write about sign-ins by OAuth 2.0: providers, what a mailbox was given by one, and its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cryptography.fernet import InvalidToken
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.deletion import ProtectedError
from django.utils import timezone

from deskbell.channels import events, reasons
from deskbell.channels.actions.access import BadChannel, InUse, require_setup
from deskbell.channels.email import oauth
from deskbell.channels.email.accounts import BadAccount
from deskbell.channels.email.boxes import BoxError, SignInRefused
from deskbell.channels.email.providers import client_of, reach_of
from deskbell.channels.models import Channel, IncomingServer, MailboxSignIn, SignInProvider
from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.kit.secrets import seal, unseal
from deskbell.outbox.actions import try_now
from deskbell.people.models import User

#: a token that ends within this is not used any more
MARGIN = timedelta(minutes=2)
#: seconds before a provider that gave no token is asked again, and at most
FIRST_PAUSE, LONGEST_PAUSE = 5, 1800


class NoToken(BoxError):
    """The provider gave no token now; the message holds its own words."""


class SignInNeeded(SignInRefused):
    """Somebody has to sign in (again) before there is a token."""


@dataclass(frozen=True)
class ProviderGiven:
    """A provider as it is to be. An empty secret keeps the stored one."""

    name: str
    kind: str
    flow: str
    client_id: str
    tenant: str = ""
    client_secret: str = ""
    secret_expires_on: date | None = None
    authorize_url: str = ""
    token_url: str = ""
    scopes: str = ""
    mail_hosts: str = ""


_PLAIN = ("kind", "flow", "client_id", "tenant", "authorize_url", "token_url", "scopes", "mail_hosts")


@transaction.atomic
def save_provider(
    given: ProviderGiven, *, provider: SignInProvider | None = None, by: Actor | User
) -> SignInProvider:
    """Add a provider, or change `provider`. Raises BadChannel for a name that is taken.

    A stored secret and the tokens of its mailboxes belong to where they may go: with another address of
    tokens, other mail servers or another client they are forgotten, and everybody signs in anew.
    """
    require_setup(by)
    stored = SignInProvider.objects.select_for_update().get(pk=provider.pk) if provider else SignInProvider()
    before = reach_of(stored) if provider else None
    named = {"name": given.name.strip(), "secret_expires_on": given.secret_expires_on}
    new = {name: getattr(given, name) for name in _PLAIN} | named
    changed = [name for name, value in new.items() if getattr(stored, name) != value]
    for name, value in new.items():
        setattr(stored, name, value)
    moved = before is not None and before != reach_of(stored)
    if given.client_secret:
        stored.client_secret = seal(given.client_secret)
        changed.append("client_secret")
    elif moved:
        stored.client_secret = None
    if provider and not changed:
        return stored
    try:
        with transaction.atomic():
            stored.save()
    except IntegrityError:
        raise BadChannel(f"There is a sign-in provider {stored.name!r} already") from None
    if moved:
        for sign_in in stored.sign_ins.select_for_update().order_by("pk"):
            _forget(sign_in, stored)
    else:
        # what was wrong may be right now
        stored.sign_ins.update(retry_at=None, failures=0)
    happened = (
        events.ProviderChanged(name=stored.name, fields=sorted(changed))
        if provider
        else events.ProviderAdded(name=stored.name)
    )
    publish(happened, about=stored, by=by)
    return stored


@transaction.atomic
def remove_provider(provider: SignInProvider, *, by: Actor | User) -> None:
    """Raises InUse while a mailbox signs in by it."""
    require_setup(by)
    publish(events.ProviderRemoved(name=provider.name), about=provider, by=by)
    try:
        with transaction.atomic():
            SignInProvider.objects.get(pk=provider.pk).delete()
    except ProtectedError:
        raise InUse from None


@transaction.atomic
def set_sign_in(channel: Channel, provider: SignInProvider | None, *, by: Actor | User) -> None:
    """Let a mailbox sign in by `provider`; None: by none. With another one everything begins anew."""
    require_setup(by)
    stored = MailboxSignIn.objects.select_for_update().filter(channel=channel).first()
    if (stored.provider_id if stored else None) == (provider.pk if provider else None):
        return
    if stored:
        stored.delete()
    if provider:
        _forget(MailboxSignIn(channel=channel, provider=provider), provider)
    elif stored and stored.needed_since:
        _well_again(channel.pk)
    publish(events.ChannelChanged(name=channel.name, fields=["sign_in"]), about=channel, by=by)


def _forget(sign_in: MailboxSignIn, provider: SignInProvider) -> None:
    """Nothing was given yet: where it takes a person, somebody has to sign in first."""
    sign_in.refresh_token = sign_in.access_token = sign_in.expires_at = None
    sign_in.retry_at, sign_in.failures, sign_in.error = None, 0, ""
    by_person = provider.flow == SignInProvider.Flow.PERSON
    sign_in.needed_since = timezone.now() if by_person else None
    sign_in.save()
    if by_person:
        _mark_down(sign_in.channel_id)
    else:
        _well_again(sign_in.channel_id)


@transaction.atomic
def connect(sign_in: MailboxSignIn, tokens: oauth.Tokens, *, by: Actor | User) -> None:
    """Somebody has signed in for the mailbox: it goes on from here.

    Raises BadChannel without a lasting token, and when it signs in by another provider meanwhile.
    """
    require_setup(by)
    stored = _locked(sign_in.channel_id)
    if stored.provider_id != sign_in.provider_id:
        raise BadChannel("The mailbox signs in by another provider now")
    if not tokens.refresh:
        raise BadChannel("The provider gave no refresh token")
    _keep(stored, tokens)
    stored.signed_in_at = timezone.now()
    stored.save()
    channel = stored.channel
    _well_again(channel.pk)
    # its fetcher begins anew, at once
    IncomingServer.objects.filter(channel=channel).update(
        version=F("version") + 1, error="", failing_since=None
    )
    publish(events.ChannelSignedIn(name=channel.name), about=channel, by=by)


def fresh_token(channel_id: int, *, refused: str = "", at_once: bool = False) -> str:
    """A token that mail servers take now; another one than `refused`, which a server did not take.

    The row stays locked while the provider is asked: two processes that refresh at the same time would each
    get a token that makes the other's refresh token void. What the provider gave is committed before it is
    used. `at_once` asks although it failed a moment ago. Raises SignInNeeded, NoToken.
    """
    with transaction.atomic(durable=True):
        try:
            sign_in = _locked(channel_id)
        except MailboxSignIn.DoesNotExist:  # taken away a moment ago
            raise SignInNeeded(reasons.SIGN_IN_NEEDED) from None
        was_needed = sign_in.needed_since
        failure = _refresh(sign_in, refused=refused, at_once=at_once)
        token = "" if failure else str(unseal(bytes(sign_in.access_token or b"")))
    if sign_in.needed_since and not was_needed:
        _tell_of_refusal(sign_in)
    if failure:
        raise failure
    return token


def _locked(channel_id: int) -> MailboxSignIn:
    rows = MailboxSignIn.objects.select_for_update(of=("self",)).select_related("provider", "channel")
    return rows.get(channel_id=channel_id)


def _refresh(sign_in: MailboxSignIn, *, refused: str, at_once: bool) -> BoxError | None:
    """Leave a token in the row, or say why there is none."""
    now = timezone.now()
    if sign_in.needed_since:
        return SignInNeeded(reasons.SIGN_IN_NEEDED)
    try:
        if _holds(sign_in, refused, now + MARGIN):
            return None
        if sign_in.retry_at and sign_in.retry_at > now and not at_once:
            return NoToken(sign_in.error)
        tokens = _ask(sign_in)
    except (oauth.Refused, InvalidToken) as error:
        sign_in.needed_since, sign_in.error = now, str(error)[:500]
        sign_in.refresh_token = sign_in.access_token = None
        sign_in.save()
        return SignInNeeded(reasons.SIGN_IN_NEEDED)
    except (oauth.NotGranted, BadAccount) as error:
        pause = min(FIRST_PAUSE * 2**sign_in.failures, LONGEST_PAUSE)
        sign_in.failures = min(sign_in.failures + 1, 20)
        sign_in.retry_at, sign_in.error = now + timedelta(seconds=pause), str(error)[:500]
        sign_in.save()
        return NoToken(sign_in.error)
    _keep(sign_in, tokens)
    sign_in.save()
    return None


def _holds(sign_in: MailboxSignIn, refused: str, until: datetime) -> bool:
    if not sign_in.access_token or not sign_in.expires_at or sign_in.expires_at <= until:
        return False
    try:
        return unseal(bytes(sign_in.access_token)) != refused
    except InvalidToken:  # sealed with keys this desk lacks
        return False


def _ask(sign_in: MailboxSignIn) -> oauth.Tokens:
    client = client_of(sign_in.provider)
    if sign_in.provider.flow == SignInProvider.Flow.APPLICATION:
        return oauth.as_application(client)
    return oauth.refresh(client, unseal(bytes(sign_in.refresh_token or b"")))


def _keep(sign_in: MailboxSignIn, tokens: oauth.Tokens) -> None:
    sign_in.access_token = seal(tokens.access)
    sign_in.expires_at = timezone.now() + timedelta(seconds=tokens.lasts)
    if tokens.refresh:
        sign_in.refresh_token = seal(tokens.refresh)
    sign_in.needed_since = sign_in.retry_at = None
    sign_in.failures, sign_in.error = 0, ""


@transaction.atomic
def _tell_of_refusal(sign_in: MailboxSignIn) -> None:
    _mark_down(sign_in.channel_id)
    channel = sign_in.channel
    publish(events.ChannelSignInNeeded(name=channel.name, said=sign_in.error), about=channel, by=SYSTEM)


def _mark_down(channel_id: int) -> None:
    Channel.objects.filter(pk=channel_id).exclude(state=Channel.State.OFF).update(
        state=Channel.State.DOWN, last_error=reasons.SIGN_IN_NEEDED
    )


def _well_again(channel_id: int) -> None:
    down = Channel.objects.filter(pk=channel_id, state=Channel.State.DOWN)
    if down.update(state=Channel.State.OK, last_error=""):
        try_now(channel_id)
