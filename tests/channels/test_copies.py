"""Sending by a token (SMTP), and copies of what has left in the mailbox's own folder (IMAP APPEND)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from itertools import count

import pytest
from aiosmtpd.smtp import AuthResult
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from deskbell.channels import actions, jobs, reasons
from deskbell.channels.actions import Fetching, copies
from deskbell.channels.email import driver, trial
from deskbell.channels.email.accounts import Account
from deskbell.channels.email.boxes import SentBox
from deskbell.channels.email.copies import put_waiting
from deskbell.channels.models import Channel, IncomingServer, MailboxSignIn, OutgoingServer, SentCopy
from deskbell.events.actor import SYSTEM
from deskbell.outbox import delivery
from deskbell.outbox.actions import put
from deskbell.outbox.models import OutboxItem
from tests.channels.test_sending import Mailroom
from tests.channels.test_sending import mailroom as mailroom
from tests.support.mailserver import PASSWORD
from tests.support.signins import connect, known
from tests.support.signins import dovecot as dovecot
from tests.support.signins import provider as provider
from tests.support.signins import simulators as simulators

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("tokens")]
_numbers = count(1)


@pytest.fixture
def address(provider) -> str:
    provider.user = f"copies{next(_numbers)}@desk.example"
    return provider.user


@pytest.fixture
def tokens_only(mailroom, provider):
    """The SMTP server takes mails from whoever shows a token of the provider."""

    async def xoauth2(server, args):
        words = base64.b64decode(args[1]).decode()
        user, _, token = words.removeprefix("user=").strip("\x01").partition("\x01auth=Bearer ")
        if provider.takes(user, token):
            return AuthResult(success=True, auth_data=user)
        reason = base64.b64encode(json.dumps({"status": "401"}).encode()).decode()
        assert await server.challenge_auth(reason, encode_to_b64=False) == b""
        return AuthResult(success=False, handled=False)

    async def mail_from(server, session, envelope, address, options):
        assert session.authenticated
        return await Mailroom.handle_MAIL(mailroom, server, session, envelope, address, options)

    mailroom.auth_XOAUTH2, mailroom.handle_MAIL = xoauth2, mail_from
    mailroom.settings = {"auth_require_tls": False}
    return mailroom


@pytest.fixture
def channel(dovecot, provider, address, settings, mailroom) -> Channel:
    """Mails come in and leave by tokens; a copy is kept."""
    known(provider)
    channel = actions.add_channel(
        "email",
        name="S",
        address=address,
        oauth="Simulated",
        imap=f"imap://127.0.0.1:{dovecot.imap}",
        smtp=f"smtp://127.0.0.1:{settings.EMAIL_PORT}",
    )
    keep_copies(channel)
    connect(provider, MailboxSignIn.objects.select_related("provider").get())
    return channel


def keep_copies(channel: Channel, folder: str = "") -> None:
    account = Account.of(IncomingServer.objects.get(channel=channel))
    actions.set_incoming(channel, Fetching(account, copy_sent=True, sent_folder=folder), by=SYSTEM)


def reply(address: str, *, ticket: int | None = 1, **headers: str) -> OutboxItem:
    payload = {
        "subject": "Re: Printer",
        "text": "Works.\n.\n",
        "html": "<p>Works.</p>",
        "from": ["Ada", address],
        "headers": headers,
    }
    return put(
        "email",
        recipient="lena@example.com",
        kind="ticket.reply",
        cause=("message", next(_numbers)),
        payload=payload,
        ticket_id=ticket,
    )


def sent(item: OutboxItem) -> tuple[str, str, str]:
    delivery.send_item(item.pk)
    item.refresh_from_db()
    return item.state, item.error_code, item.error_text


def in_folder(dovecot, address: str, folder: str) -> list[tuple[bytes, set[str]]]:
    with dovecot.client(address, folder) as client:
        found = client.fetch(client.search("ALL") or [0], ["BODY.PEEK[]", "FLAGS"])
    flags = dovecot.flags(address, folder)
    return [(data[b"BODY[]"], flags[uid]) for uid, data in sorted(found.items())]


def test_an_answer_leaves_by_a_token_that_is_refreshed_when_the_server_refuses_it(
    provider, tokens_only, channel, address
):
    provider.void()
    assert sent(reply(address)) == ("sent", "", "")
    assert [mail[0] for mail in tokens_only.mails] == [address]
    assert [each["grant_type"] for each in provider.asked] == ["authorization_code", "refresh_token"]


def test_what_a_mail_server_and_a_provider_say_is_told_with_the_item(provider, tokens_only, channel, address):
    OutgoingServer.objects.update(username="other@desk.example")
    assert sent(reply(address)) == (
        "queued",
        "connect",
        '535 5.7.8 Authentication credentials invalid {"status": "401"}',
    )
    provider.answers.append((401, {"error": "invalid_client"}))
    MailboxSignIn.objects.update(expires_at=timezone.now())
    assert sent(reply(address)) == ("queued", "sign_in", "invalid_client")
    provider.refresh = "revoked"
    MailboxSignIn.objects.update(retry_at=None)
    item = reply(address)
    assert sent(item) == ("queued", "sign_in", reasons.SIGN_IN_NEEDED)
    assert item.next_try_at < timezone.now() + timedelta(seconds=driver.SIGN_IN_WAIT)
    assert Channel.objects.get().last_error == reasons.SIGN_IN_NEEDED
    assert not tokens_only.mails


def test_a_trial_by_tokens_shows_the_server_s_own_answer_and_changes_nothing(
    provider, dovecot, tokens_only, channel, address
):
    dovecot.put(address, b"Subject: x\r\n\r\nwords")
    incoming, outgoing = (Account.of(model.objects.get()) for model in (IncomingServer, OutgoingServer))
    assert trial.try_incoming(incoming, "INBOX", channel.pk).ok
    assert trial.try_outgoing(outgoing, address, channel.pk).ok
    provider.refresh = "revoked"
    provider.void()
    MailboxSignIn.objects.update(expires_at=timezone.now())
    for tried in (
        trial.try_incoming(incoming, "INBOX", channel.pk),
        trial.try_outgoing(outgoing, address, channel.pk),
    ):
        assert (tried.ok, tried.text) == (False, reasons.SIGN_IN_NEEDED)
    assert dovecot.flags(address) == {1: set()}
    assert not tokens_only.mails


def test_a_copy_of_what_left_lies_read_in_the_folder_marked_for_it_once(
    dovecot, tokens_only, channel, address
):
    with dovecot.client(address) as phone:
        phone.create_folder("Gesendete Objekte")
    item = reply(address)
    assert sent(item)[0] == "sent"
    keep_copies(channel, "Gesendete Objekte")
    server = IncomingServer.objects.get()
    put_waiting(server.pk)
    ((content, flags),) = in_folder(dovecot, address, "Gesendete Objekte")
    assert content == tokens_only.mails[0][2]
    assert flags == {"\\Seen"}
    assert not SentCopy.objects.exists()
    copies.keep(server, item.external_id, content)  # the server's answer was lost: it is tried again
    put_waiting(server.pk)
    assert len(in_folder(dovecot, address, "Gesendete Objekte")) == 1
    assert not SentCopy.objects.exists()


def test_the_folder_is_the_marked_one_else_sent_which_is_made(dovecot, address):
    def chosen(folder: str = "") -> str:
        box = SentBox(Account("imap", "127.0.0.1", dovecot.imap, "none", address, PASSWORD), folder)
        box.close()
        return box.folder

    assert chosen() == "Sent"
    with dovecot.client(address, "Sent") as phone:
        phone.create_folder("Gesendet")  # the server marks it
    assert chosen() == "Gesendet"
    assert chosen("Sent/2026") == "Sent.2026"


@pytest.mark.parametrize(
    ("ticket", "headers"), [(1, {"Auto-Submitted": "auto-replied"}), (None, {}), (1, {"X": "no folder"})]
)
def test_notices_and_mails_without_a_ticket_are_not_copied(channel, address, tokens_only, ticket, headers):
    if "X" in headers:
        IncomingServer.objects.update(copy_sent=False)
    assert sent(reply(address, ticket=ticket, **headers))[0] == "sent"
    assert not SentCopy.objects.exists()


def test_a_folder_that_takes_nothing_delays_no_mail_and_is_tried_again_for_three_days(
    dovecot, tokens_only, channel, address
):
    IncomingServer.objects.update(sent_folder="a" * 255)
    assert sent(reply(address))[0] == "sent"
    server = IncomingServer.objects.get()
    put_waiting(server.pk)
    copy = SentCopy.objects.get()
    assert (copy.tries, bool(copy.error), copy.content is None) == (1, True, False)
    assert 55 < (copy.next_try_at - timezone.now()).total_seconds() <= 60
    put_waiting(server.pk)
    assert SentCopy.objects.get().tries == 1
    SentCopy.objects.update(next_try_at=timezone.now(), at=timezone.now() - copies.GIVE_UP_AFTER)
    put_waiting(server.pk)
    assert SentCopy.objects.get().content is None
    SentCopy.objects.update(next_try_at=timezone.now())
    put_waiting(server.pk)
    assert SentCopy.objects.get().tries == 2
    SentCopy.objects.update(at=timezone.now() - copies.TOLD)
    copies.forget_old()
    assert not SentCopy.objects.exists()


def test_a_job_that_was_lost_is_given_again(channel, address, tokens_only):
    def given() -> int:
        return ProcrastinateJob.objects.filter(task_name="channels.copy_sent").count()

    sent(reply(address))
    assert given() == 1
    jobs.copy_waiting(0)
    jobs.copy_waiting(0)
    assert given() == 2
