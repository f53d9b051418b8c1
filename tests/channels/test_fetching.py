"""Fetching from a real mail server (Dovecot): each mail once, whatever ends in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from deskbell.channels import actions, inbound, queries
from deskbell.channels.actions import Fetching
from deskbell.channels.actions import fetching as writes
from deskbell.channels.email import fetching
from deskbell.channels.email.accounts import Account
from deskbell.channels.email.boxes import BoxError, ImapBox, Listed, SignInRefused, look, open_box
from deskbell.channels.models import Channel, FetchedMail, InboundItem, IncomingServer
from deskbell.events.models import Event
from deskbell.people.actions import create_user
from deskbell.tickets.models import Message, Ticket
from tests.channels.conftest import mail
from tests.support.mailserver import PASSWORD, MailServer, mail_server

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("dovecot")]
_names = count(1)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def address() -> str:
    """A mailbox of its own for each test; the server makes it at the first sign-in."""
    return f"desk{next(_names)}@desk.example"


@pytest.fixture
def server(dovecot, address, settings, tmp_path) -> IncomingServer:
    settings.FILES_DIR = tmp_path / "files"
    actions.add_channel("email", name="Support", address=address, imap=dovecot.url(address))
    return IncomingServer.objects.select_related("channel").get(channel__address=address)


def take_in(server: IncomingServer, box_class: type[ImapBox] = ImapBox) -> int:
    """One round of a fetcher that has just begun."""
    server = IncomingServer.objects.select_related("channel").get(pk=server.pk)
    account = Account.of(server)
    box = (
        open_box(account, server.folder) if account.protocol == "pop3" else box_class(account, server.folder)
    )
    try:
        return fetching.fetch(server, box)
    finally:
        box.close()


def decide_all() -> list[str]:
    """What a worker does with what was stored."""
    waiting = InboundItem.objects.filter(state="received").order_by("pk").values_list("pk", flat=True)
    return [inbound.receive(pk)["state"] for pk in list(waiting)]


def a_mail(number: int, **more: str) -> bytes:
    return mail(f"Text {number}", subject=f"Subject {number}", message_id=f"<m{number}@c.example>", **more)


def change(server: IncomingServer, **more: Any) -> None:
    account = Account.of(server)
    actions.set_incoming(
        server.channel, Fetching(account, **more), by=create_user("o@desk.example", name="O", role="owner")
    )


def outcomes(server: IncomingServer) -> list[str]:
    return list(server.fetched.order_by("pk").values_list("outcome", flat=True))


def test_what_is_new_comes_in_once_and_is_marked_as_read(dovecot, address, server):
    dovecot.put(address, a_mail(1), a_mail(2))
    assert take_in(server) == 2
    assert decide_all() == ["ticketed", "ticketed"]
    assert dovecot.flags(address) == {1: {"\\Seen"}, 2: {"\\Seen"}}
    assert take_in(server) == 0
    dovecot.put(address, a_mail(3))
    assert take_in(server) == 1
    assert decide_all() == ["ticketed"]
    assert list(Ticket.objects.order_by("pk").values_list("subject", flat=True)) == [
        "Subject 1",
        "Subject 2",
        "Subject 3",
    ]


def test_a_mail_that_somebody_read_on_a_phone_comes_in_too(dovecot, address, server):
    dovecot.put(address, a_mail(1))
    with dovecot.client(address) as phone:
        phone.add_flags([1], [b"\\Seen"])
    assert take_in(server) == 1


def test_raw_bytes_are_kept_as_the_server_has_them(dovecot, address, server):
    raw = a_mail(1).replace(b"\n", b"\r\n") + b"\xff\x00 odd bytes\r\n".replace(b"\x00", b"")
    dovecot.put(address, raw)
    take_in(server)
    assert bytes(InboundItem.objects.get().raw) == raw


def test_a_fetcher_that_died_after_storing_does_not_take_the_mail_in_twice(dovecot, address, server):
    dovecot.put(address, a_mail(1), a_mail(2))
    server.uidvalidity = _uidvalidity(dovecot, address)
    IncomingServer.objects.update(uidvalidity=server.uidvalidity)
    writes.store(server, "1", a_mail(1), size=100)  # and the process was killed here
    assert dovecot.flags(address) == {1: set(), 2: set()}
    assert take_in(server) == 1
    assert decide_all() == ["ticketed", "ticketed"]
    assert dovecot.flags(address) == {1: {"\\Seen"}, 2: {"\\Seen"}}
    assert InboundItem.objects.count() == 2


def _uidvalidity(dovecot: MailServer, address: str) -> int:
    with dovecot.client(address) as client:
        return int(client.folder_status("INBOX", ["UIDVALIDITY"])[b"UIDVALIDITY"])


def test_after_new_uids_nothing_becomes_a_second_ticket(dovecot, address, server):
    dovecot.put(address, a_mail(1), a_mail(2))
    take_in(server)
    decide_all()
    before = _uidvalidity(dovecot, address)
    dovecot.renumber(address)
    dovecot.put(address, a_mail(3))
    assert _uidvalidity(dovecot, address) != before
    assert take_in(server) == 3
    assert sorted(decide_all()) == ["duplicate", "duplicate", "ticketed"]
    assert Ticket.objects.count() == 3
    assert queries.totals()["balanced"]


class _Vanishing(ImapBox):
    """A folder in which somebody deletes the first mail after it was listed."""

    def raw(self, uid: str) -> bytes | None:
        if uid == "1":
            self._delete([1])
        return super().raw(uid)


def test_a_mail_that_vanishes_after_it_was_listed_stops_nothing(dovecot, address, server):
    dovecot.put(address, a_mail(1), a_mail(2))
    assert take_in(server, _Vanishing) == 1
    assert outcomes(server) == ["gone", "stored"]
    assert take_in(server) == 0


def test_one_mail_the_server_cannot_hand_out_holds_up_no_other(dovecot, address, server):
    dovecot.put(address, a_mail(1), a_mail(2), a_mail(3))
    broken = _file_of(dovecot, address, b"Subject 2")
    content = broken.read_bytes()
    broken.write_bytes(b"")  # its size is known, its text is not there
    broken.chmod(0)
    for _turn in range(writes.TRIES):
        with pytest.raises(BoxError):  # this server hangs up over it
            take_in(server)
    assert sorted(decide_all()) == ["ticketed", "ticketed"]
    assert server.fetched.get(uid="2").outcome == "unreadable"
    assert server.fetched.get(uid="2").error
    assert take_in(server) == 0
    assert server.fetched.get(uid="2").tries == writes.TRIES
    broken.chmod(0o644)
    broken.write_bytes(content)
    owner = create_user("o@desk.example", name="O", role="owner")
    writes.fetch_again(server.fetched.get(uid="2"), by=owner)
    assert take_in(server) == 1
    assert decide_all() == ["ticketed"]
    assert Event.objects.filter(kind="channel.fetched_again", actor_id=owner.pk).count() == 1


def _file_of(dovecot: MailServer, address: str, words: bytes) -> Path:
    """Where the server keeps one mail."""
    folder = dovecot.folder / "mail" / address
    return next(path for path in [*folder.glob("cur/*"), *folder.glob("new/*")] if words in path.read_bytes())


def test_a_mail_that_is_too_big_stays_there_and_says_so(dovecot, address, server, monkeypatch):
    monkeypatch.setattr(fetching, "BIGGEST", 20_000)
    dovecot.put(address, a_mail(1, Reply_To="x@example.com") + b"x" * 30_000, a_mail(2))
    assert take_in(server) == 2
    assert decide_all() == ["ticketed", "ticketed"]
    message = Message.objects.get(external_id="<m1@c.example>")
    assert message.text == (
        "This mail of 30\N{NO-BREAK SPACE}kB is too big to be taken in. It was left in the folder “INBOX” "
        "of the mailbox, where you can read it."
    )
    assert message.ticket.subject == "Subject 1"
    assert outcomes(server) == ["left", "stored"]
    assert dovecot.flags(address) == {1: set(), 2: {"\\Seen"}}
    assert take_in(server) == 0


def test_mails_are_moved_or_deleted_only_when_they_are_stored(dovecot, address, server):
    change(server, after="move", moved_to="Done/By desk")
    dovecot.put(address, a_mail(1))
    take_in(server)
    assert dovecot.flags(address) == {}
    assert list(dovecot.flags(address, "Done.By desk").values()) == [{"\\Seen"}]
    change(server, after="delete")
    dovecot.put(address, a_mail(2), a_mail(3))
    with dovecot.client(address) as phone:
        phone.add_flags([3], [b"\\Deleted"])  # somebody's own deletion, not carried out yet
        writes.store(_fresh(server), "3", a_mail(3), size=1)
        FetchedMail.objects.filter(uid="3").update(settled=True)
    take_in(server)
    assert dovecot.flags(address) == {3: {"\\Deleted"}}
    assert sorted(decide_all()) == ["ticketed"] * 3


def _fresh(server: IncomingServer) -> IncomingServer:
    return IncomingServer.objects.select_related("channel").get(pk=server.pk)


def test_a_mail_that_the_server_does_not_move_is_here_all_the_same(dovecot, address, server):
    change(server, after="move", moved_to="a" * 255)
    dovecot.put(address, a_mail(1))
    assert take_in(server) == 1
    kept = server.fetched.get()
    assert (kept.outcome, kept.settled, bool(kept.error)) == ("stored", True, True)
    assert take_in(server) == 0


def test_what_lay_there_before_comes_in_as_far_back_as_was_asked(dovecot, address, server):
    with dovecot.client(address) as client:
        old = datetime.now(UTC) - timedelta(days=20)
        client.append("INBOX", a_mail(1), msg_time=old)
        client.append("INBOX", a_mail(2))
    assert take_in(server) == 1
    assert b"<m2@c.example>" in bytes(InboundItem.objects.get().raw)
    change(server, days_back=None)
    assert take_in(server) == 0  # the folder was gone through: only what is new comes
    dovecot.put(address, a_mail(3))
    assert take_in(server) == 1


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_only_what_comes_from_now_on_is_fetched_when_asked_so(dovecot, address, settings, tmp_path, protocol):
    settings.FILES_DIR = tmp_path / "files"
    dovecot.put(address, a_mail(1))
    channel = actions.add_channel(
        "email", name="S", address=address, **{protocol: dovecot.url(address, protocol=protocol)}
    )
    server = IncomingServer.objects.select_related("channel").get(channel=channel)
    change(server, days_back=0)
    assert take_in(server) == 0
    dovecot.put(address, a_mail(2))
    assert take_in(server) == 1
    assert b"<m2@c.example>" in bytes(InboundItem.objects.get().raw)


def test_the_first_mail_of_an_empty_folder_is_not_passed_over(dovecot, address, server):
    change(server, days_back=0)
    assert take_in(server) == 0
    dovecot.put(address, a_mail(1))
    assert take_in(server) == 1


@pytest.mark.parametrize(("after", "left"), [("delete", 0), ("keep", 2)])
def test_pop3_remembers_every_mail_by_its_id(dovecot, address, settings, tmp_path, after, left):
    settings.FILES_DIR = tmp_path / "files"
    channel = actions.add_channel(
        "email", name="Old", address=address, pop3=dovecot.url(address, protocol="pop3")
    )
    server = IncomingServer.objects.select_related("channel").get(channel=channel)
    change(server, after=after)
    dovecot.put(address, a_mail(1), a_mail(2, Subject_Line="." * 3000) + b".\n..\n")
    assert take_in(server) == 2
    assert len(dovecot.flags(address)) == left
    assert take_in(server) == 0
    dovecot.put(address, a_mail(3))
    assert take_in(server) == 1
    assert decide_all() == ["ticketed"] * 3
    assert bytes(InboundItem.objects.order_by("pk")[1].raw).endswith(b"\r\n.\r\n..\r\n")


def test_a_look_changes_nothing(dovecot, address):
    dovecot.put(address, a_mail(1), a_mail(2))
    seen = look(Account("imap", "127.0.0.1", dovecot.imap, "none", address, PASSWORD), "INBOX")
    assert (seen.mails, seen.pushes, "INBOX" in seen.folders) == (2, True, True)
    assert look(Account("pop3", "127.0.0.1", dovecot.pop3, "none", address, PASSWORD), "").mails == 2
    assert dovecot.flags(address) == {1: set(), 2: set()}


@pytest.mark.parametrize(
    ("account", "folder", "error", "words"),
    [
        ({"password": "wrong"}, "INBOX", SignInRefused, "The server refused the sign-in: "),
        ({"protocol": "pop3", "password": "wrong"}, "", SignInRefused, "The server refused the sign-in: "),
        ({}, "Nowhere", BoxError, "The folder “Nowhere” cannot be opened: "),
        ({"host": "nowhere.invalid"}, "INBOX", BoxError, "There is no server called nowhere.invalid."),
        ({"port": 1}, "INBOX", BoxError, "127.0.0.1 refuses the connection. Is the port right?"),
        ({"security": "tls"}, "INBOX", BoxError, "127.0.0.1 cannot be spoken to in this encryption: "),
    ],
)
def test_what_is_wrong_with_a_server_is_said_in_words(dovecot, address, account, folder, error, words):
    given = {
        "protocol": "imap",
        "host": "127.0.0.1",
        "security": "none",
        "username": address,
        "password": PASSWORD,
    }
    given |= account
    given.setdefault("port", dovecot.imap if given["protocol"] == "imap" else dovecot.pop3)
    with pytest.raises(error) as raised:
        open_box(Account(**given), folder).close()
    assert str(raised.value).startswith(words)


def test_a_mailbox_that_was_switched_off_or_changed_takes_nothing_more(dovecot, address, server):
    dovecot.put(address, a_mail(1))
    owner = create_user("o@desk.example", name="O", role="owner")
    old = _fresh(server)
    box = open_box(Account.of(old), "INBOX")
    actions.switch(server.channel, on=False, by=owner)
    with pytest.raises(writes.Superseded):
        fetching.fetch(old, box)
    actions.switch(server.channel, on=True, by=owner)
    actions.set_incoming(server.channel, Fetching(Account.of(server), after="keep"), by=owner)
    with pytest.raises(writes.Superseded):
        fetching.fetch(old, box)
    box.close()
    assert not InboundItem.objects.exists()
    assert take_in(server) == 1


def test_a_server_that_fails_for_long_makes_its_channel_down_until_it_is_well(dovecot, address, server):
    writes.note_failed(server, "no route")
    assert Channel.objects.get().state == "ok"
    IncomingServer.objects.update(failing_since=datetime.now(UTC) - writes.DOWN_AFTER)
    writes.note_failed(server, "no route")
    assert (Channel.objects.get().state, Channel.objects.get().last_error) == ("down", "no route")
    writes.note_checked(server)
    assert Channel.objects.get().state == "ok"
    assert IncomingServer.objects.get().error == ""


def test_two_fetchers_at_one_mailbox_store_a_mail_once(dovecot, address, server):
    dovecot.put(address, a_mail(1))
    first, second = _fresh(server), _fresh(server)
    boxes = [open_box(Account.of(server), "INBOX") for _ in range(2)]
    listed = Listed("1", 100)
    for each, box in zip((first, second), boxes, strict=True):
        writes.begin_folder(each, box.uidvalidity, highest=1, there=[])
        writes.store(each, listed.uid, box.raw("1") or b"", size=listed.size)
        box.close()
    assert InboundItem.objects.count() == 1
