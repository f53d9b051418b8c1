"""Mailboxes in the setup: made, tried, changed, switched off, and how they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deskbell.channels.actions import add_channel, fetching
from deskbell.channels.email.accounts import Account
from deskbell.channels.models import Channel, FetchedMail, InboundItem, IncomingServer, OutgoingServer
from deskbell.events.models import Event
from deskbell.tickets.models import Queue
from tests.channels.test_sending import mailroom as mailroom
from tests.setup.conftest import page
from tests.support.mailserver import PASSWORD, MailServer, mail_server

pytestmark = pytest.mark.xdist_group("dovecot")

ADDRESS = "help@desk.example"
BARE = {"name": "Help", "address": ADDRESS, "incoming": "none", "outgoing": "desk"}


@pytest.fixture(scope="module")
def dovecot() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def whole(dovecot, mailroom, settings) -> dict[str, Any]:
    """A form with both servers."""
    return {
        **BARE,
        "incoming": "imap",
        "in_host": "127.0.0.1",
        "in_port": dovecot.imap,
        "in_security": "none",
        "in_password": PASSWORD,
        "folder": "INBOX",
        "days_back": "14",
        "after": "seen",
        "outgoing": "smtp",
        "out_host": "127.0.0.1",
        "out_port": settings.EMAIL_PORT,
        "out_security": "none",
    }


def test_a_mailbox_with_both_servers_is_made_once_and_shown(web, whole):
    form = {**whole, "queue": Queue.objects.order_by("position").first().pk, "once": "abc"}
    for _click in range(2):
        answer = web.post("/setup/mailboxes/new/", form, follow=True)
        assert "“Help” is saved." in answer.content.decode() or _click
    channel = Channel.objects.get()
    assert (channel.address, channel.queue_id) == (ADDRESS, form["queue"])
    server = IncomingServer.objects.get()
    assert Account.of(server) == Account("imap", "127.0.0.1", whole["in_port"], "none", ADDRESS, PASSWORD)
    assert OutgoingServer.objects.get().username == ""
    assert ADDRESS in page(web, "/setup/mailboxes/")
    text = page(web, f"/setup/mailboxes/{channel.pk}/")
    assert PASSWORD not in text
    assert "One is stored. Leave this empty to keep it." in text


def test_a_known_provider_needs_no_server_names(web):
    web.post(
        "/setup/mailboxes/new/",
        {
            **BARE,
            "address": "a.firm@gmail.com",
            "incoming": "imap",
            "in_password": "p",
            "outgoing": "smtp",
            "out_password": "p",
        },
    )
    incoming, outgoing = IncomingServer.objects.get(), OutgoingServer.objects.get()
    assert (incoming.host, incoming.port, incoming.security) == ("imap.gmail.com", 993, "tls")
    assert (outgoing.host, outgoing.port, outgoing.security) == ("smtp.gmail.com", 587, "starttls")
    assert incoming.username == outgoing.username == "a.firm@gmail.com"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"address": "no address"}, "This is not an e-mail address."),
        ({"in_host": ""}, "Which server? Your mail provider names it in its help pages."),
        ({"in_password": ""}, "The server asks for a password."),
        ({"in_port": "70000"}, "Ensure this value is less than or equal to 65535."),
        ({"address": "support@desk.example"}, "This address is a mailbox of the desk already."),
    ],
)
def test_a_form_that_lacks_something_says_what_and_keeps_nothing(web, whole, change, words):
    add_channel("email", name="S", address="support@desk.example")
    answer = web.post("/setup/mailboxes/new/", {**whole, **change})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Channel.objects.count() == 1


def test_a_trial_signs_in_at_both_servers_and_changes_nothing(web, whole, dovecot, mailroom):
    dovecot.put(ADDRESS, b"Subject: x\r\n\r\nwords", b"Subject: y\r\n\r\nwords")
    text = web.post("/setup/mailboxes/trial/", whole, headers={"HX-Request": "true"}).content.decode()
    assert "Coming in: The sign-in works. 2 mails lie in the folder." in text
    assert f"Leaving: The sign-in works, and mails may leave from {ADDRESS}." in text
    assert "<html" not in text
    assert dovecot.flags(ADDRESS) == {1: set(), 2: set()}
    assert not mailroom.mails
    assert not Channel.objects.exists()


def test_a_trial_says_what_is_wrong_in_the_server_s_words(web, whole, mailroom):
    mailroom.answers["MAIL"] = "553 not your address"
    bad = {**whole, "in_password": "wrong"}
    text = web.post("/setup/mailboxes/trial/", bad).content.decode()
    assert "<html" in text  # without script it is the whole page
    assert "Coming in: The server refused the sign-in: " in text
    assert "Leaving: 553 not your address" in text


def test_a_trial_of_a_stored_mailbox_takes_its_stored_password(web, whole):
    web.post("/setup/mailboxes/new/", whole)
    channel = Channel.objects.get()
    again = {**whole, "in_password": "", "channel": channel.pk, "outgoing": "desk"}
    text = web.post("/setup/mailboxes/trial/", again, headers={"HX-Request": "true"}).content.decode()
    assert "Coming in: The sign-in works." in text


def test_a_stored_password_never_goes_to_another_host(web, whole):
    web.post("/setup/mailboxes/new/", whole)
    channel = Channel.objects.get()
    other = {**whole, "in_password": "", "in_host": "localhost", "outgoing": "desk", "channel": channel.pk}
    for address in ("/setup/mailboxes/trial/", f"/setup/mailboxes/{channel.pk}/"):
        assert "The server asks for a password." in web.post(address, other).content.decode()
    assert IncomingServer.objects.get().host == "127.0.0.1"


def test_saving_what_was_not_changed_changes_nothing(web, whole):
    web.post("/setup/mailboxes/new/", whole)
    channel = Channel.objects.get()
    before = list(IncomingServer.objects.values()), Event.objects.count()
    web.post(f"/setup/mailboxes/{channel.pk}/", {**whole, "in_password": ""})
    assert (list(IncomingServer.objects.values()), Event.objects.count()) == before


def test_a_password_in_the_clear_is_warned_of(web, whole):
    far = {**whole, "in_host": "mail.invalid", "outgoing": "desk"}
    text = web.post("/setup/mailboxes/trial/", far, headers={"HX-Request": "true"}).content.decode()
    assert "There is no server called mail.invalid." in text
    assert "The password goes over the network unencrypted." in text


def test_a_mailbox_is_changed_switched_off_and_removed(web, whole):
    web.post("/setup/mailboxes/new/", whole)
    channel = Channel.objects.get()
    at = f"/setup/mailboxes/{channel.pk}/"
    new = {"name": "Support", "incoming": "none", "outgoing": "desk", "in_password": ""}
    answer = web.post(at, {**whole, **new, "authserv_id": "two words"})
    assert "This must be one word." in answer.content.decode()
    assert IncomingServer.objects.exists()
    web.post(at, {**whole, **new, "authserv_id": "mx.desk.example"})
    channel.refresh_from_db()
    assert (channel.name, channel.authserv_id) == ("Support", "mx.desk.example")
    assert not IncomingServer.objects.exists()
    assert not OutgoingServer.objects.exists()
    web.post(f"{at}switching/", {"on": "0"})
    assert "Switched off: nothing comes in by this mailbox." in page(web, at)
    web.post(f"{at}switching/", {"on": "1"})
    channel.refresh_from_db()
    assert channel.state == "ok"
    assert "Nothing ever came in by it." in page(web, f"{at}removal/")
    web.post(f"{at}removal/")
    assert not Channel.objects.exists()


def test_a_mailbox_that_was_used_is_not_removed(web):
    channel = add_channel("email", name="Help", address=ADDRESS)
    InboundItem.objects.create(channel=channel, raw=b"x")
    answer = web.post(f"/setup/mailboxes/{channel.pk}/removal/")
    assert answer.status_code == 422
    assert "Switch it off instead" in answer.content.decode()
    assert Channel.objects.exists()


def test_the_page_tells_how_the_server_is_and_what_it_could_not_hand_out(web, whole):
    web.post("/setup/mailboxes/new/", whole)
    server = IncomingServer.objects.select_related("channel").get()
    at = f"/setup/mailboxes/{server.channel_id}/"
    assert "Starting" in page(web, "/setup/mailboxes/")
    fetching.note_checked(server)
    assert "Fetching" in page(web, "/setup/mailboxes/")
    IncomingServer.objects.update(failing_since=timezone.now() - fetching.DOWN_AFTER)
    fetching.note_failed(server, "BYE too many connections")
    assert "BYE too many connections" in page(web, "/setup/mailboxes/")
    assert "Deskbell keeps trying, and nothing is lost" in page(web, at)
    for _turn in range(fetching.TRIES):
        fetching.note_unreadable(server, "41", size=5000, error="NO internal error")
    InboundItem.objects.create(channel=server.channel, raw=b"x")
    text = page(web, at)
    assert "Mail 41 in INBOX could not be fetched" in text
    assert "<b>1</b> = 1 Waiting" in text
    mail = FetchedMail.objects.get()
    web.post(f"{at}mails/{mail.pk}/again/")
    assert "is tried again" in page(web, at)


def test_a_longer_list_asks_no_more(web):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(web, "/setup/mailboxes/")
        return len(asked)

    add_channel("email", name="A", address="a@desk.example", imap="imaps://u:p@h")
    queries()
    one = queries()
    for name in "bc":
        add_channel("email", name=name, address=f"{name}@desk.example", imap="imaps://u:p@h", smtp="smtp://h")
    assert queries() == one
