"""Mailboxes that sign in by tokens (OAuth 2.0), at a real provider and a real mail server of this machine."""

from __future__ import annotations

import json
import socket
import threading
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.utils import timezone

from deskbell.channels import actions, inbound, reasons
from deskbell.channels.actions import BadChannel, InUse, NotAllowed
from deskbell.channels.actions.fetching import note_checked
from deskbell.channels.actions.sign_ins import NoToken, SignInNeeded, fresh_token
from deskbell.channels.email import oauth
from deskbell.channels.email.accounts import Account
from deskbell.channels.email.boxes import Box, BoxError, ImapBox, SignInRefused, open_box
from deskbell.channels.email.fetching import fetch
from deskbell.channels.email.providers import client_of
from deskbell.channels.email.sasl import Bearer
from deskbell.channels.email.tokens import signed_in
from deskbell.channels.models import (
    Channel,
    InboundItem,
    IncomingServer,
    MailboxSignIn,
    OutgoingServer,
    SignInProvider,
)
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.kit import http
from deskbell.people.actions import create_user
from deskbell.tickets.models import Ticket
from tests.channels.conftest import mail
from tests.support.mailserver import mail_server
from tests.support.oauthserver import SECRET
from tests.support.signins import connect, given, known
from tests.support.signins import dovecot as dovecot
from tests.support.signins import provider as provider
from tests.support.signins import simulators as simulators
from tests.support.waiting import until

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("tokens")]
_names = count(1)


@pytest.fixture
def address(provider) -> str:
    """A mailbox of its own for each test, whose owner signs in at the provider."""
    provider.user = f"box{next(_names)}@desk.example"
    return provider.user


@pytest.fixture
def channel(provider, dovecot, address, settings, tmp_path) -> Channel:
    settings.FILES_DIR = tmp_path / "files"
    known(provider)
    return actions.add_channel(
        "email", name="S", address=address, oauth="Simulated", imap=f"imap://127.0.0.1:{dovecot.imap}"
    )


def sign_in_of(channel: Channel) -> MailboxSignIn:
    return MailboxSignIn.objects.select_related("provider", "channel").get(channel=channel)


def opened(channel: Channel) -> Box:
    server = IncomingServer.objects.get(channel=channel)
    return signed_in(Account.of(server), channel.pk, lambda account: open_box(account, server.folder))


def take_in(channel: Channel) -> int:
    """One round of a fetcher that has just begun."""
    box = opened(channel)
    try:
        return fetch(IncomingServer.objects.select_related("channel").get(channel=channel), box)
    finally:
        box.close()


def ended(channel: Channel) -> None:
    """The token has ended by the clock."""
    MailboxSignIn.objects.filter(channel=channel).update(expires_at=timezone.now())


def put(dovecot, address: str, *numbers: int) -> None:
    mails = [mail(f"Text {each}", subject=f"S{each}", message_id=f"<m{each}@c.example>") for each in numbers]
    dovecot.put(address, *mails)


def test_a_mailbox_goes_from_its_first_sign_in_to_a_refusal_and_back_and_takes_each_mail_in_once(
    provider, dovecot, channel, address
):
    put(dovecot, address, 1)
    channel.refresh_from_db()
    assert (channel.state, channel.last_error) == ("down", reasons.SIGN_IN_NEEDED)
    with pytest.raises(SignInNeeded):
        take_in(channel)
    assert provider.asked == []

    connect(provider, sign_in_of(channel))
    channel.refresh_from_db()
    assert (channel.state, channel.last_error) == ("ok", "")
    assert take_in(channel) == 1

    put(dovecot, address, 2)
    ended(channel)
    first = provider.refresh
    assert take_in(channel) == 1
    assert provider.asked[-1]["refresh_token"] == first != provider.refresh
    put(dovecot, address, 3)
    ended(channel)
    assert take_in(channel) == 1  # with the refresh token that came last

    put(dovecot, address, 4)
    ended(channel)
    provider.refresh = "revoked"
    with pytest.raises(SignInNeeded):
        take_in(channel)
    asked = len(provider.asked)
    with pytest.raises(SignInNeeded):
        take_in(channel)
    assert len(provider.asked) == asked  # it is not asked again
    channel.refresh_from_db()
    assert (channel.state, channel.last_error) == ("down", reasons.SIGN_IN_NEEDED)
    assert sign_in_of(channel).error == "invalid_grant: The refresh token was used before."
    (told,) = Event.objects.filter(kind="channel.sign_in_needed")
    assert told.data == {"name": "S", "said": "invalid_grant: The refresh token was used before."}

    version = IncomingServer.objects.get().version
    connect(provider, sign_in_of(channel))
    assert IncomingServer.objects.get().version == version + 1  # a fetcher that waits begins anew
    assert take_in(channel) == 1
    items = InboundItem.objects.order_by("pk").values_list("pk", flat=True)
    assert [inbound.receive(pk)["state"] for pk in items] == ["ticketed"] * 4
    assert list(Ticket.objects.order_by("pk").values_list("subject", flat=True)) == ["S1", "S2", "S3", "S4"]


class _Taken(ImapBox):
    """A folder whose server ends the session after the first mail, when the tokens are void."""

    provider: Any

    def raw(self, uid: str) -> bytes | None:
        if uid == "2":
            self.provider.void()
            self.client.socket().shutdown(socket.SHUT_RDWR)
        return super().raw(uid)


def test_tokens_that_end_in_the_middle_of_a_round_cost_no_mail(provider, dovecot, channel, address):
    put(dovecot, address, 1, 2, 3)
    connect(provider, sign_in_of(channel))
    server = IncomingServer.objects.select_related("channel").get()
    _Taken.provider = provider
    box = signed_in(Account.of(server), channel.pk, lambda account: _Taken(account, "INBOX"))
    with pytest.raises(BoxError):
        fetch(server, box)
    assert InboundItem.objects.count() == 1
    assert take_in(channel) == 2  # the token that the server does not take any more is refreshed
    assert [each["grant_type"] for each in provider.asked] == ["authorization_code", "refresh_token"]


def test_a_server_that_refuses_a_fresh_token_too_is_asked_twice_and_says_why(provider, channel, address):
    connect(provider, sign_in_of(channel))
    IncomingServer.objects.update(username="other@desk.example")  # no mailbox of whoever signed in
    with pytest.raises(SignInRefused, match=r"^The server refused the sign-in: .*Authentication failed"):
        opened(channel)
    assert len(provider.asked) == 2
    assert sign_in_of(channel).needed_since is None


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_both_ways_of_showing_a_token_open_the_mailbox(provider, mechanism):
    where = f"http://127.0.0.1:{provider.port}/introspect"
    with mail_server(introspection=where, mechanisms=mechanism.lower()) as server:
        token = provider.tokens("me@desk.example")["access_token"]
        account = Account("imap", "127.0.0.1", server.imap, "none", "me@desk.example", "", True, token)
        open_box(account, "INBOX").close()
        assert mechanism.lower() in (server.folder / "log").read_text().lower()


def test_a_refusal_is_answered_as_each_way_asks():
    account = Account("imap", "h", 1, "tls", "a,b=c@x.example", "", True, "t0k")
    old, new = Bearer(account, ["XOAUTH2", "OAUTHBEARER"]), Bearer(account, ["PLAIN", "OAUTHBEARER"])
    assert (old(), old(b'{"status":"401"}'), old.reason) == (
        "user=a,b=c@x.example\x01auth=Bearer t0k\x01\x01",
        "",
        '{"status":"401"}',
    )
    assert (new(b""), new(b"{}")) == ("n,a=a=2Cb=3Dc@x.example,\x01auth=Bearer t0k\x01\x01", "\x01")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, "busy"), "127.0.0.1 answers with 503 and no token."),
        ((200, "[]"), "127.0.0.1 answers with 200 and no token."),
        ((302, "{}"), "127.0.0.1 answers with 302 and no token."),  # it is not followed
        ((200, {"access_token": "a\x01b"}), "127.0.0.1 answers with a token that cannot be read."),
        (
            (200, {"access_token": "a", "expires_in": "soon"}),
            "127.0.0.1 answers with a token that cannot be read.",
        ),
        ((200, {"token_type": "Bearer"}), "127.0.0.1 answers with 200 and no token."),
        (
            (401, {"error": "invalid_client", "error_description": "AADSTS7000222: ended. Trace ID: 1\r\nX"}),
            "invalid_client: AADSTS7000222: ended.",
        ),
        ((400, {"error": "odd", "error_description": ["x"]}), "odd: ['x']"),
        ((200, "x" * (http.MOST + 1)), "127.0.0.1 answers with more than can be right."),
    ],
)
def test_a_provider_in_trouble_is_left_alone_for_a_while_and_then_asked_again(
    provider, channel, answer, said
):
    connect(provider, sign_in_of(channel))
    ended(channel)
    provider.answers.append(answer)
    before = len(provider.asked)
    for _try in range(2):
        with pytest.raises(NoToken) as raised:
            fresh_token(channel.pk)
        assert str(raised.value) == said
    assert len(provider.asked) == before + 1
    assert fresh_token(channel.pk, at_once=True) in provider.access  # whoever tests it by hand does not wait
    stored = sign_in_of(channel)
    assert (stored.error, stored.failures, stored.retry_at, stored.needed_since) == ("", 0, None, None)


def test_pauses_grow_and_end_when_the_provider_is_corrected(provider, channel):
    connect(provider, sign_in_of(channel))
    ended(channel)
    pauses = []
    for _try in range(3):
        provider.answers.append((500, "{}"))
        began = timezone.now()
        with pytest.raises(NoToken):
            fresh_token(channel.pk, at_once=True)
        pauses.append(round((sign_in_of(channel).retry_at - began).total_seconds()))
    assert pauses == [5, 10, 20]
    actions.save_provider(given(provider, scopes="mail"), provider=sign_in_of(channel).provider, by=SYSTEM)
    assert fresh_token(channel.pk) in provider.access


def test_the_application_itself_signs_in_without_anybody(provider, dovecot, address):
    known(provider, flow="application", authorize_url="")
    channel = actions.add_channel(
        "email", name="S", address=address, oauth="Simulated", imap=f"imap://127.0.0.1:{dovecot.imap}"
    )
    assert Channel.objects.get().state == "ok"
    opened(channel).close()
    ended(channel)
    opened(channel).close()
    assert [(each["grant_type"], each["scope"]) for each in provider.asked] == [
        ("client_credentials", "mail offline_access")
    ] * 2
    MailboxSignIn.objects.update(access_token=b"of other keys")
    provider.answers.append((400, {"error": "invalid_grant"}))
    with pytest.raises(NoToken, match="invalid_grant"):  # there is nobody who could sign in
        opened(channel)
    assert sign_in_of(channel).needed_since is None


def test_a_sign_in_restored_without_its_keys_has_to_be_made_anew(provider, channel):
    connect(provider, sign_in_of(channel))
    MailboxSignIn.objects.update(access_token=b"of other keys", refresh_token=b"of other keys")
    with pytest.raises(SignInNeeded):
        fresh_token(channel.pk)
    connect(provider, sign_in_of(channel))
    assert fresh_token(channel.pk) in provider.access


def test_microsoft_and_google_are_asked_as_they_want_it():
    microsoft = SignInProvider(kind="microsoft", tenant="t1.example", client_id="id")
    address = oauth.address_of_sign_in(client_of(microsoft), back="https://b/", state="s", verifier="v" * 50)
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == (
        "https://login.microsoftonline.com/t1.example/oauth2/v2.0/authorize"
    )
    assert len(query.pop("code_challenge")) == 43
    assert query == {
        "prompt": "select_account",
        "response_type": "code",
        "client_id": "id",
        "redirect_uri": "https://b/",
        "scope": "offline_access https://outlook.office.com/IMAP.AccessAsUser.All"
        " https://outlook.office.com/SMTP.Send",
        "state": "s",
        "code_challenge_method": "S256",
    }
    microsoft.flow = "application"
    assert client_of(microsoft).scopes == ("https://outlook.office365.com/.default",)
    google = client_of(SignInProvider(kind="google", client_id="id"))
    address = oauth.address_of_sign_in(google, back="https://b/", state="s", verifier="v" * 50)
    assert {"access_type=offline", "prompt=consent"} <= set(urlsplit(address).query.split("&"))
    assert (google.token_url, google.scopes) == (
        "https://oauth2.googleapis.com/token",
        ("https://mail.google.com/",),
    )


def test_the_command_line_makes_mailboxes_of_known_providers_without_urls():
    actions.save_provider(
        actions.ProviderGiven("M", "microsoft", "person", "id", tenant="t", client_secret="s"), by=SYSTEM
    )
    channel = actions.add_channel("email", name="S", address="s@firm.example", oauth="microsoft")
    incoming, outgoing = IncomingServer.objects.get(), OutgoingServer.objects.get()
    assert Account.of(incoming) == Account(
        "imap", "outlook.office365.com", 993, "tls", "s@firm.example", "", True
    )
    assert Account.of(outgoing) == Account(
        "smtp", "smtp.office365.com", 587, "starttls", "s@firm.example", "", True
    )
    assert sign_in_of(channel).needed_since
    for name, words in (("google", "There is no sign-in provider 'google'"), ("x", "There is no sign-in")):
        with pytest.raises(BadChannel, match=words):
            actions.add_channel("email", name="S", address="t@firm.example", oauth=name)


@pytest.mark.parametrize(
    ("imap", "words"),
    [
        ("imaps://evil.example", "M is for mail servers at office365.com, outlook.com only"),
        ("imaps://office365.com.evil.example", "M is for mail servers at"),
        ("imap://outlook.office365.com", "A sign-in without a password needs encryption"),
    ],
)
def test_a_token_is_shown_to_no_server_but_the_provider_s(imap, words):
    actions.save_provider(
        actions.ProviderGiven("M", "microsoft", "person", "id", tenant="t", client_secret="s"), by=SYSTEM
    )
    with pytest.raises(BadChannel, match=words):
        actions.add_channel("email", name="S", address="s@firm.example", oauth="m", imap=imap)
    assert not Channel.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"token_url": "https://elsewhere.example/token"},
        {"mail_hosts": "127.0.0.1 elsewhere.example"},
        {"client_id": "another"},
        {"flow": "application"},
    ],
)
def test_a_secret_and_tokens_go_nowhere_else_when_a_provider_is_changed(provider, channel, change):
    connect(provider, sign_in_of(channel))
    row = SignInProvider.objects.get()
    actions.save_provider(given(provider, client_secret="", **change), provider=row, by=SYSTEM)
    row.refresh_from_db()
    stored = sign_in_of(channel)
    assert (row.client_secret, stored.refresh_token, stored.access_token) == (None, None, None)
    assert bool(stored.needed_since) == (row.flow == "person")


def test_saving_what_was_not_changed_forgets_nothing(provider, channel):
    connect(provider, sign_in_of(channel))
    before = (
        list(SignInProvider.objects.values()),
        list(MailboxSignIn.objects.values()),
        Event.objects.count(),
    )
    actions.save_provider(given(provider, client_secret=""), provider=SignInProvider.objects.get(), by=SYSTEM)
    assert before == (
        list(SignInProvider.objects.values()),
        list(MailboxSignIn.objects.values()),
        Event.objects.count(),
    )


def test_secrets_show_nowhere(provider, channel):
    connect(provider, sign_in_of(channel))
    kept = json.dumps([*SignInProvider.objects.values(), *MailboxSignIn.objects.values()], default=str)
    told = str(list(Event.objects.values())) + repr(client_of(SignInProvider.objects.get()))
    for secret in (SECRET, provider.refresh, *provider.access):
        assert secret not in kept + told


def test_providers_are_for_administrators_and_one_in_use_stays(provider, channel):
    agent = create_user("a@desk.example", name="A", role="agent")
    row = SignInProvider.objects.get()
    for act in (
        lambda: actions.save_provider(given(provider, name="X"), by=agent),
        lambda: actions.save_provider(given(provider, name="X"), provider=row, by=agent),
        lambda: actions.remove_provider(row, by=agent),
        lambda: actions.set_sign_in(channel, None, by=agent),
        lambda: actions.connect(sign_in_of(channel), oauth.Tokens("a", "r"), by=agent),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert SignInProvider.objects.get().name == "Simulated"
    assert sign_in_of(channel).needed_since
    events = Event.objects.count()
    with pytest.raises(InUse):
        actions.remove_provider(row, by=SYSTEM)
    assert Event.objects.count() == events
    with pytest.raises(BadChannel):
        actions.save_provider(given(provider), by=SYSTEM)
    actions.set_sign_in(channel, None, by=SYSTEM)
    assert Channel.objects.get().state == "ok"
    actions.remove_provider(row, by=SYSTEM)
    assert not SignInProvider.objects.exists()


def test_a_mailbox_stays_down_while_its_answers_wait_for_a_sign_in(channel):
    server = IncomingServer.objects.select_related("channel").get()
    note_checked(server)
    assert Channel.objects.get().state == "down"
    for on in (False, True):
        actions.switch(channel, on=on, by=SYSTEM)
    assert (Channel.objects.get().state, Channel.objects.get().last_error) == ("down", reasons.SIGN_IN_NEEDED)


@pytest.mark.django_db(transaction=True)
def test_two_processes_never_refresh_at_the_same_time(provider, channel):
    connect(provider, sign_in_of(channel))
    ended(channel)
    provider.gate.clear()
    found: list[str] = []

    def ask() -> None:
        found.append(fresh_token(channel.pk))
        connection.close()

    def in_line() -> int:
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
            return cursor.fetchone()[0]

    threads = [threading.Thread(target=ask) for _each in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: in_line() == 2, what="all but the one that asks stand in line")
    provider.gate.set()
    for thread in threads:
        thread.join(20)
    assert len(set(found)) == 1
    assert len(found) == 3
    assert [each["grant_type"] for each in provider.asked] == ["authorization_code", "refresh_token"]
