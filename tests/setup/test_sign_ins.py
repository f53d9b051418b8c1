"""Sign-in providers in the setup, and the way through one's own sign-in page and back."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deskbell.channels.actions import copies
from deskbell.channels.actions.sign_ins import SignInNeeded, fresh_token
from deskbell.channels.email.accounts import Account
from deskbell.channels.models import Channel, IncomingServer, MailboxSignIn, SentCopy, SignInProvider
from deskbell.config.health import channels_finding, secrets_finding
from deskbell.events.models import Event
from deskbell.kit.secrets import unseal
from deskbell.setup.views import sign_ins
from tests.setup.conftest import page
from tests.support.signins import dovecot as dovecot
from tests.support.signins import known
from tests.support.signins import provider as provider
from tests.support.signins import simulators as simulators

pytestmark = pytest.mark.xdist_group("tokens")

ADDRESS = "support@desk.example"
PROVIDERS = "/setup/sign-in-providers/"
MICROSOFT = {
    "kind": "microsoft",
    "flow": "person",
    "tenant": "firm.example",
    "client_id": "id",
    "client_secret": "hunter2",
    "secret_expires_on": "2030-01-31",
}


@pytest.fixture
def mailbox(web, provider, dovecot) -> Channel:
    """Made by the form; nobody has signed in for it yet."""
    row = known(provider)
    answer = web.post("/setup/mailboxes/new/", form(row, dovecot))
    channel = Channel.objects.get()
    assert answer["Location"] == f"/setup/mailboxes/{channel.pk}/sign-in/"
    return channel


def form(row: SignInProvider, dovecot: Any, **more: Any) -> dict[str, Any]:
    values = {
        "name": "Help",
        "address": ADDRESS,
        "incoming": "imap",
        "in_host": "127.0.0.1",
        "in_port": dovecot.imap,
        "in_security": "none",
        "in_sign_in": row.pk,
        "folder": "INBOX",
        "days_back": "14",
        "after": "seen",
        "outgoing": "desk",
    }
    return values | more


def begin(web: Client, channel: Channel) -> str:
    """The address of the provider's page, as the page of the mailbox leads there."""
    text = page(web, f"/setup/mailboxes/{channel.pk}/sign-in/")
    return unescape(re.search(r'href="(http://127[^"]*authorize[^"]*)"', text)[1])


def come_back(web: Client, query: dict[str, str]) -> str:
    return web.get("/setup/mailboxes/signed-in/", query, follow=True).content.decode()


def test_somebody_signs_in_for_a_mailbox_and_it_is_tried(web, provider, dovecot, mailbox, owner, settings):
    assert "Sign-in needed" in page(web, "/setup/mailboxes/")
    at = f"/setup/mailboxes/{mailbox.pk}/"
    assert "Somebody has to sign in at Simulated before mails come in or leave here." in page(web, at)
    assert channels_finding().text == (
        "Help: Somebody has to sign in at the mail provider, on the mailbox’s page."
    )
    address = begin(web, mailbox)
    assert parse_qs(urlsplit(address).query)["redirect_uri"] == [
        f"{settings.BASE_URL}/setup/mailboxes/signed-in/"
    ]
    text = come_back(web, provider.visit(address))
    assert "Signed in: the mailbox goes on from here." in text
    assert "Sign-in needed" not in text
    assert "Sign-in needed" not in page(web, "/setup/mailboxes/")
    assert channels_finding().ok
    (event,) = Event.objects.filter(kind="channel.signed_in")
    assert (event.about_id, event.actor_id) == (mailbox.pk, owner.pk)
    trial = form(SignInProvider.objects.get(), dovecot, channel=mailbox.pk)
    dovecot.put(ADDRESS, b"Subject: x\r\n\r\nwords")
    text = web.post("/setup/mailboxes/trial/", trial, headers={"HX-Request": "true"}).content.decode()
    assert "Coming in: The sign-in works. 1 mail lies in the folder." in text
    assert dovecot.flags(ADDRESS) == {1: set()}
    before = list(MailboxSignIn.objects.values())
    web.post(at, trial)
    assert list(MailboxSignIn.objects.values()) == before


def test_a_sign_in_counts_once_soon_and_in_its_own_browser_alone(
    web, provider, mailbox, monkeypatch, client, owner
):
    query = provider.visit(begin(web, mailbox))
    foreign = Client()
    foreign.force_login(owner)
    refused = "This sign-in was not begun here, or too long ago. Begin it again."
    assert refused in come_back(foreign, query)
    assert refused in come_back(web, {**query, "state": "another"})
    assert refused in come_back(web, {"code": query["code"]})
    assert provider.asked == []
    assert "Signed in" in come_back(web, query)
    assert refused in come_back(web, query)
    assert len(provider.asked) == 1
    late = provider.visit(begin(web, mailbox))
    monkeypatch.setattr(sign_ins, "TIME", -1)
    assert refused in come_back(web, late)
    assert len(provider.asked) == 1


def test_a_state_is_bound_to_its_mailbox_and_the_provider_it_left_for(web, provider, mailbox):
    query = provider.visit(begin(web, mailbox))
    row = SignInProvider.objects.get()
    other = known(provider, name="Other")
    MailboxSignIn.objects.update(provider=other)
    assert "not begun here" in come_back(web, query)
    MailboxSignIn.objects.update(provider=row)
    assert "not begun here" in come_back(web, query)  # it counted once
    assert provider.asked == []
    assert MailboxSignIn.objects.get().needed_since


def test_whoever_gives_up_or_is_refused_reads_the_provider_s_words(web, provider, mailbox):
    query = provider.visit(begin(web, mailbox))
    denied = {"error": "access_denied", "error_description": "<b>The user said no", "state": query["state"]}
    text = come_back(web, denied)
    assert "Nobody is signed in. Simulated says: &lt;b&gt;The user said no" in text
    provider.gives_refresh = False
    assert "It gave no refresh token" in come_back(web, provider.visit(begin(web, mailbox)))
    query = provider.visit(begin(web, mailbox))
    provider.codes[query["code"]]["code_challenge"] = "of somebody else"
    assert "says: invalid_grant: The code is not yours." in come_back(web, query)
    assert MailboxSignIn.objects.get().refresh_token is None


def test_a_mailbox_that_is_refused_says_so_in_the_provider_s_words_until_somebody_signs_in(
    web, provider, mailbox
):
    come_back(web, provider.visit(begin(web, mailbox)))
    at = f"/setup/mailboxes/{mailbox.pk}/"
    assert "Sign-in needed" not in page(web, at)
    provider.refresh = "revoked"
    MailboxSignIn.objects.update(expires_at=timezone.now())
    with pytest.raises(SignInNeeded):
        fresh_token(mailbox.pk)
    assert "It said: invalid_grant: The refresh token was used before." in page(web, at)
    assert "was refused by its mail provider: invalid_grant: The refresh" in page(web, "/setup/audit/")
    assert "Signed in" in come_back(web, provider.visit(begin(web, mailbox)))
    assert "Sign-in needed" not in page(web, at)


def test_a_mailbox_with_a_provider_needs_neither_password_nor_server_names(web):
    web.post(f"{PROVIDERS}new/", MICROSOFT)
    row = SignInProvider.objects.get()
    assert (row.name, unseal(row.client_secret)) == ("Microsoft 365", "hunter2")
    values = {"name": "Help", "address": ADDRESS, "incoming": "imap", "outgoing": "smtp", "days_back": "14"}
    web.post("/setup/mailboxes/new/", {**values, "in_sign_in": row.pk, "out_sign_in": row.pk})
    assert Account.of(IncomingServer.objects.get()) == Account(
        "imap", "outlook.office365.com", 993, "tls", ADDRESS, "", True
    )
    other = {**values, "address": "b@x.example", "outgoing": "desk", "in_sign_in": row.pk}
    text = web.post("/setup/mailboxes/trial/", other)
    assert "Save the mailbox first: then it can be signed in, and be tried." in text.content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"in_host": "evil.example"}, "Simulated is for mail servers at 127.0.0.1 only."),
        ({"incoming": "pop3"}, "By POP3 only a password signs in. Choose IMAP."),
        (
            {"incoming": "none", "copy_sent": "on"},
            "The copies are put there by IMAP: let the mails come in by it.",
        ),
    ],
)
def test_a_mailbox_that_cannot_sign_in_so_says_why_and_is_not_made(web, provider, dovecot, change, words):
    answer = web.post("/setup/mailboxes/new/", form(known(provider), dovecot, **change))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Channel.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tenant": ""}, "Microsoft names it on the overview page of the app."),
        ({"tenant": "a/../b"}, "This is neither an id nor a domain."),
        ({"client_secret": ""}, "The provider asks for it."),
        ({"kind": "google", "flow": "application"}, "Google knows no such way: a person signs in."),
        ({"name": "simulated"}, "There is one of this name already."),
        ({"kind": "other"}, "What should mailboxes call it?"),
        ({"kind": "other", "token_url": "http://login.example/"}, "The address must begin with https://."),
        ({"kind": "other"}, "Which servers may be shown its tokens?"),
    ],
)
def test_a_provider_that_lacks_something_says_what_and_is_not_made(web, provider, change, words):
    known(provider)
    answer = web.post(f"{PROVIDERS}new/", {**MICROSOFT, **change})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert SignInProvider.objects.count() == 1


def test_a_provider_is_made_once_changed_and_removed(web, provider, dovecot):
    for _click in range(2):
        web.post(f"{PROVIDERS}new/", {**MICROSOFT, "once": "0123456789abcdef"})
    row = SignInProvider.objects.get()
    at = f"{PROVIDERS}{row.pk}/"
    text = page(web, at)
    assert "hunter2" not in text
    assert 'value="2030-01-31"' in text
    kept = {**MICROSOFT, "client_secret": ""}
    answer = web.post(at, {**kept, "tenant": "elsewhere.example"})
    assert "The stored one belongs to the settings before: enter it again." in answer.content.decode()
    web.post(at, {**kept, "name": "Our Microsoft"})
    row.refresh_from_db()
    assert (row.name, row.tenant, unseal(row.client_secret)) == ("Our Microsoft", "firm.example", "hunter2")
    assert "Our Microsoft" in page(web, PROVIDERS)
    used = known(provider)
    web.post("/setup/mailboxes/new/", form(used, dovecot))
    answer = web.post(f"{PROVIDERS}{used.pk}/removal/")
    assert answer.status_code == 422
    assert ADDRESS in answer.content.decode()
    web.post(f"{at}removal/")
    assert [each.name for each in SignInProvider.objects.all()] == ["Simulated"]


def test_the_end_of_a_secret_is_told_two_weeks_before(web, provider):
    row = known(provider, secret_expires_on=timezone.now().date() + timedelta(days=15))
    assert secrets_finding().ok
    ends = timezone.now().date() + timedelta(days=14)
    SignInProvider.objects.filter(pk=row.pk).update(secret_expires_on=ends)
    assert secrets_finding().text == f"that of Simulated ends on {ends:%Y-%m-%d}"
    assert f"that of Simulated ends on {ends:%Y-%m-%d}" in page(web, "/setup/system/")


def test_copies_are_chosen_at_a_mailbox_and_its_page_tells_of_those_that_failed(
    web, provider, dovecot, mailbox
):
    row, at = SignInProvider.objects.get(), f"/setup/mailboxes/{mailbox.pk}/"
    assert not IncomingServer.objects.get().copy_sent
    web.post(at, form(row, dovecot, copy_sent="on", sent_folder="Out"))
    server = IncomingServer.objects.get()
    assert (server.copy_sent, server.sent_folder) == (True, "Out")
    for name in "ab":
        copies.keep(server, f"<{name}@desk.example>", b"x")
    assert "copies of sent mails" not in page(web, at)
    for copy in SentCopy.objects.all():
        copies.note_not_copied(copy, "NO quota exceeded")
    text = page(web, at)
    assert "2 copies of sent mails are not in their folder yet: NO quota exceeded" in text
    SentCopy.objects.update(content=None)
    assert "2 copies of sent mails could not be put into their folder: NO quota exceeded" in page(web, at)


def test_a_longer_list_asks_no_more(web, provider):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            page(web, PROVIDERS)
        return len(asked)

    known(provider)
    queries()
    one = queries()
    for name in "bc":
        known(provider, name=name)
    assert queries() == one
