"""Mailboxes and their servers, as administrators and the command line shape them."""

from __future__ import annotations

import pytest

from deskbell.channels import actions
from deskbell.channels.actions import BadChannel, Fetching, InUse, NotAllowed
from deskbell.channels.email.accounts import Account, BadAccount
from deskbell.channels.models import Channel, IncomingServer
from deskbell.events.models import Event
from deskbell.people.actions import create_user
from tests.channels.conftest import mail, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db):
    return create_user("o@desk.example", name="O", role="owner")


@pytest.mark.parametrize(
    ("url", "account", "folder"),
    [
        ("imaps://u:p@mail.example/", Account("imap", "mail.example", 993, "tls", "u", "p"), ""),
        (
            "imap://me%40x.example:p%2Fq@mail.example:1143/A/B",
            Account("imap", "mail.example", 1143, "none", "me@x.example", "p/q"),
            "A/B",
        ),
        (
            "imap+starttls://:p@mail.example",
            Account("imap", "mail.example", 143, "starttls", "s@x.example", "p"),
            "",
        ),
        ("pop3s://u:p@mail.example", Account("pop3", "mail.example", 995, "tls", "u", "p"), ""),
        ("smtp+starttls://u:p@mail.example", Account("smtp", "mail.example", 587, "starttls", "u", "p"), ""),
        ("smtp://127.0.0.1:2525", Account("smtp", "127.0.0.1", 2525, "none", "", ""), ""),
    ],
)
def test_a_url_names_server_sign_in_and_folder(url, account, folder):
    assert Account.from_url(url, username="s@x.example") == (account, folder)


@pytest.mark.parametrize("url", ["", "mail.example", "http://mail.example", "imaps://", "imap://h:port/"])
def test_a_url_that_names_no_server_is_refused(url):
    with pytest.raises(BadAccount):
        Account.from_url(url)


def test_a_password_shows_nowhere(owner):
    assert "hunter2" not in repr(Account.from_url("imaps://u:hunter2@mail.example")[0])
    channel = actions.add_channel(
        "email", name="S", address="s@x.example", imap="imaps://u:hunter2@mail.example", by=owner
    )
    assert b"hunter2" not in bytes(channel.incoming.password)
    assert "hunter2" not in str(list(Event.objects.values()))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"imap": "imaps://u:p@h", "pop3": "pop3://u:p@h"},
            "A mailbox fetches by imap or by pop3, not by both",
        ),
        ({"imap": "smtp://u:p@h"}, "smtp:// is no address of this kind of server"),
        ({"imap": "gopher://h"}, "The server’s URL cannot be read: gopher:// is not one of "),
        ({"colour": "red"}, "Unknown setting: colour"),
        ({"address": "nobody"}, "address must be an e-mail address, not 'nobody'"),
    ],
)
def test_a_mailbox_that_cannot_be_is_refused_and_nothing_is_kept(given, words):
    with pytest.raises(BadChannel) as raised:
        actions.add_channel("email", **{"name": "S", "address": "s@x.example", **given})
    assert str(raised.value).startswith(words)
    assert not Channel.objects.exists()


def test_an_empty_password_keeps_the_stored_one_and_another_server_begins_anew(owner):
    channel = actions.add_channel("email", name="S", address="s@x.example", imap="imaps://u:p@mail.example")
    IncomingServer.objects.update(uidvalidity=7, last_uid=40)
    same = Account("imap", "mail.example", 993, "tls", "u", "")
    actions.set_incoming(channel, Fetching(same), by=owner)
    server = IncomingServer.objects.get()
    assert (Account.of(server).password, server.version, server.last_uid) == ("p", 1, 40)
    actions.set_incoming(channel, Fetching(same, after="move"), by=owner)
    server.refresh_from_db()
    assert (server.version, server.last_uid, server.after) == (2, 40, "move")
    actions.set_incoming(channel, Fetching(Account("imap", "other.example", 993, "tls", "u", "q")), by=owner)
    server.refresh_from_db()
    assert (server.version, server.last_uid, server.uidvalidity) == (3, 0, None)
    actions.set_incoming(channel, None, by=owner)
    assert not IncomingServer.objects.exists()
    changes = Event.objects.filter(kind="channel.changed", actor_id=owner.pk)
    assert [event.data for event in changes] == [{"name": "S", "fields": ["incoming"]}] * 3


def test_a_mailbox_is_changed_switched_and_removed_by_administrators_only(owner):
    channel = actions.add_channel("email", name="S", address="s@x.example")
    agent = create_user("a@desk.example", name="A", role="agent")
    account = Account("smtp", "h", 25, "none")
    for act in (
        lambda by: actions.change_mailbox(channel, by=by, name="T", queue=None, plus_addresses=True),
        lambda by: actions.switch(channel, on=False, by=by),
        lambda by: actions.set_outgoing(channel, account, by=by),
        lambda by: actions.set_incoming(channel, Fetching(Account("imap", "h", 1, "none")), by=by),
        lambda by: actions.remove_channel(channel, by=by),
    ):
        before = list(Channel.objects.values()), Event.objects.count()
        with pytest.raises(NotAllowed):
            act(agent)
        assert (list(Channel.objects.values()), Event.objects.count()) == before
        act(owner)
        assert Event.objects.count() == before[1] + 1
    assert not Channel.objects.exists()


def test_a_mailbox_by_which_something_came_in_is_not_removed(owner):
    channel = actions.add_channel("email", name="S", address="s@x.example")
    store(channel, mail())
    with pytest.raises(InUse):
        actions.remove_channel(channel, by=owner)
    assert Channel.objects.count() == 1
