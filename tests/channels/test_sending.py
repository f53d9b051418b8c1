"""The way out by mail, against a real SMTP server on the loopback address."""

from __future__ import annotations

import email
import socket
from datetime import timedelta
from email import policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from django.utils import timezone

from deskbell.channels import actions
from deskbell.channels.email import driver
from deskbell.channels.email.accounts import Account
from deskbell.channels.email.compose import build, message_id_of, references_header
from deskbell.channels.models import Channel
from deskbell.outbox import delivery
from deskbell.outbox.actions import put
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.results import Retry
from tests.stories import staff

pytestmark = pytest.mark.django_db

PAYLOAD = {"subject": "Printer", "text": "Works.\n.\n..dots\n", "html": "<p>Works.</p>"}


class Mailroom:
    """Answers each command as `answers` says; keeps what was delivered."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.hang_up_after_data = False
        #: of the server, read for each connection
        self.settings: dict[str, Any] = {}

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 ok")

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.answers.get("RCPT", "250 ok")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        if self.hang_up_after_data:
            server.transport.close()
        return self.answers.get("DATA", "250 taken")


class _Controller(Controller):
    def factory(self):
        return SMTP(self.handler, enable_SMTPUTF8=False, **self.handler.settings)


@pytest.fixture
def mailroom(settings):
    room = Mailroom()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = _Controller(room, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 5
    settings.SUPPORT_ADDRESS, settings.COMPANY_NAME = "support@desk.example", "Ada & Søn"
    settings.BASE_URL = "https://desk.example"
    yield room
    controller.stop()


def item(recipient: str = "lena@example.com", **values) -> OutboxItem:
    put("email", recipient=recipient, kind="test", cause=("test", 1), payload={**PAYLOAD, **values})
    return OutboxItem.objects.get()


def sent(one: OutboxItem) -> tuple[str, str]:
    """Try the item; its state and error code afterwards."""
    delivery.send_item(one.pk)
    one.refresh_from_db()
    return one.state, one.error_code


def test_a_mail_arrives_as_it_was_put(mailroom):
    one = item(
        to_name="Lena Hart",
        headers={"In-Reply-To": "<m1@example.com>", "Auto-Submitted": "auto-generated", "X-Empty": ""},
        reply_to="support+t1-abc@desk.example",
    )
    assert sent(one) == ("sent", "")
    assert one.payload is None
    ((sender, recipients, content),) = mailroom.mails
    assert (sender, recipients) == ("support@desk.example", ["lena@example.com"])
    message = email.message_from_bytes(content, policy=policy.default)
    assert message["From"] == "Ada & Søn <support@desk.example>"
    assert message["To"] == "Lena Hart <lena@example.com>"
    assert message["Message-ID"] == message_id_of(one) == one.external_id
    assert message["In-Reply-To"] == "<m1@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Reply-To"] == "support+t1-abc@desk.example"
    assert message["X-Empty"] is None
    assert message.get_body(("plain",)).get_content() == "Works.\r\n.\r\n..dots\r\n"
    assert message.get_body(("html",)).get_content().strip() == "<p>Works.</p>"


def test_a_mail_is_sent_once(mailroom):
    one = item()
    assert sent(one) == ("sent", "")
    assert sent(one) == ("sent", "")
    assert len(mailroom.mails) == 1


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [("451 come back later", "queued", "451"), ("550 no such person", "failed", "550")],
    ids=["later", "never"],
)
def test_a_refusal_is_told_by_its_code(mailroom, stage, answer, state, code):
    mailroom.answers[stage] = answer
    one = item()
    assert sent(one) == (state, code)
    assert one.error_text == answer[4:]


def test_a_refusal_for_now_is_tried_again_later(mailroom):
    mailroom.answers["RCPT"] = "450 busy"
    one = item()
    again_at = delivery.send_item(one.pk)
    one.refresh_from_db()
    assert again_at == one.next_try_at
    assert 50 < (one.next_try_at - one.changed_at).total_seconds() < 70
    assert delivery.send_item(one.pk) is None  # not due yet
    one.refresh_from_db()
    assert one.attempts == 1


def test_an_answer_lost_after_the_mail_was_handed_over_is_unknown(mailroom):
    mailroom.hang_up_after_data = True
    one = item()
    assert sent(one) == ("unknown", "no_answer")
    assert sent(one) == ("unknown", "no_answer")
    assert len(mailroom.mails) == 1


def test_a_server_that_is_away_is_tried_again(mailroom, settings):
    settings.EMAIL_PORT = 9  # nobody listens there
    assert sent(item()) == ("queued", "connect")


def wait_of(one: OutboxItem) -> int:
    """Seconds from its last try to its next."""
    one.refresh_from_db()
    return round((one.next_try_at - one.changed_at).total_seconds())


def due_again(one: OutboxItem) -> None:
    OutboxItem.objects.filter(pk=one.pk).update(next_try_at=timezone.now())


def test_a_server_that_stays_away_is_tried_every_quarter_of_an_hour(mailroom, settings):
    settings.EMAIL_PORT = 9  # nobody listens there
    one, waits = item(), []
    for _ in range(5):
        due_again(one)
        assert sent(one) == ("queued", "connect")
        waits.append(wait_of(one))
    assert waits == [60, 300, 900, 900, 900]


def test_when_one_leaves_again_the_others_follow_at_once(mailroom, settings):
    mailbox = actions.add_channel("email", name="Support", address="support@desk.example")
    other = actions.add_channel("email", name="Other", address="other@desk.example")
    away, here = 9, settings.EMAIL_PORT
    settings.EMAIL_PORT = away
    waiting = []
    for number, channel in enumerate([mailbox, mailbox, other]):
        put(
            "email",
            recipient=f"p{number}@example.com",
            kind="test",
            cause=("test", number),
            payload=PAYLOAD,
            channel_id=channel.pk,
        )
        waiting.append(OutboxItem.objects.latest("pk"))
        assert sent(waiting[-1]) == ("queued", "connect")
    settings.EMAIL_PORT = here
    later = OutboxItem.objects.create(
        driver="email", recipient="q@example.com", kind="test", cause_kind="test", cause_id=9,
        channel_id=mailbox.pk, error_code="451", next_try_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    due_again(waiting[0])
    assert sent(waiting[0]) == ("sent", "")
    now = timezone.now()
    due = [OutboxItem.objects.get(pk=one.pk).next_try_at <= now for one in [*waiting[1:], later]]
    assert due == [True, False, False]


def test_another_server_is_tried_at_once(mailroom, settings):
    owner = staff("owner")
    mailbox = actions.add_channel("email", name="Support", address="support@desk.example")
    here, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    put(
        "email",
        recipient="p@example.com",
        kind="test",
        cause=("test", 1),
        payload=PAYLOAD,
        channel_id=mailbox.pk,
    )
    one = OutboxItem.objects.get()
    assert sent(one) == ("queued", "connect")
    actions.set_outgoing(mailbox, Account("smtp", "127.0.0.1", here, "none"), by=owner)
    assert sent(one) == ("sent", "")


def test_line_ends_make_no_headers(mailroom):
    one = item(subject="Hi\r\nBcc: eve@example.net", to_name="L\nX-Evil: 1", headers={"X-A": "b\r\nX-C: d"})
    assert sent(one) == ("sent", "")
    message = email.message_from_bytes(mailroom.mails[0][2], policy=policy.default)
    assert (message["Bcc"], message["X-Evil"], message["X-C"]) == (None, None, None)
    assert mailroom.mails[0][1] == ["lena@example.com"]


def test_what_is_no_address_fails_for_good(mailroom):
    assert sent(item("nobody")) == ("failed", "bad_address")


def test_a_domain_beyond_ascii_is_reached_by_its_a_label(mailroom):
    assert sent(item("lena@büro.example")) == ("sent", "")
    assert mailroom.mails[0][1] == ["lena@xn--bro-hoa.example"]


def test_a_local_part_beyond_ascii_fails_for_good(mailroom):
    assert sent(item("løna@example.com")) == ("failed", "bad_address")


def test_a_way_out_that_nobody_offers_fails_for_good(mailroom):
    put("pigeon", recipient="x", kind="test", cause=("test", 2), payload={})
    assert sent(OutboxItem.objects.get()) == ("failed", "no_driver")


def test_a_channel_remembers_how_it_went(mailroom):
    channel = Channel.objects.create(kind="email", name="S", address="s@desk.example")
    one = item()
    OutboxItem.objects.filter(pk=one.pk).update(channel_id=channel.pk)
    mailroom.answers["RCPT"] = "550 no"
    delivery.send_item(one.pk)
    channel.refresh_from_db()
    assert (channel.last_error, channel.last_out_at) == ("550 no", None)


def test_answers_of_a_mailbox_leave_by_its_own_server(mailroom, settings):
    smtp = f"smtp://127.0.0.1:{settings.EMAIL_PORT}"
    channel = actions.add_channel("email", name="S", address="help@desk.example", smtp=smtp)
    settings.EMAIL_PORT = 1  # where nobody listens
    assert sent(item(**{"from": ["Help", "Help@desk.example"]})) == ("sent", "")
    channel.refresh_from_db()
    assert mailroom.mails[0][0] == "help@desk.example"
    assert channel.last_out_at
    OutboxItem.objects.all().delete()
    assert sent(item())[1] == "connect"


def test_a_password_nobody_can_read_fails_with_words(mailroom, settings):
    channel = actions.add_channel(
        "email", name="S", address="help@desk.example", smtp="smtp://u:p@127.0.0.1:1"
    )
    channel.outgoing.password = b"of another desk"
    channel.outgoing.save()
    one = item(**{"from": ["Help", "help@desk.example"]})
    assert sent(one) == ("failed", "account")
    assert one.error_text == "The password cannot be read with this desk’s keys. Enter it again."


def test_without_a_server_mails_become_readable_files(settings, tmp_path):
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = driver.FILES_BACKEND, str(tmp_path / "mail")
    one = item("lena/../x@example.com")
    assert sent(one) == ("sent", "")
    (path,) = (tmp_path / "mail").iterdir()
    assert path.name == f"{one.created_at:%Y%m%d-%H%M%S}-lena_.._x@example.com-{one.pk}.eml"
    assert "\nSubject: Printer\n" in path.read_text()
    assert "\nWorks.\n" in path.read_text()


def test_a_disk_that_refuses_is_tried_again(settings, tmp_path):
    (tmp_path / "mail").write_text("not a folder")
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = driver.FILES_BACKEND, str(tmp_path / "mail" / "x")
    assert isinstance(driver.send(item(), PAYLOAD), Retry)


def test_references_keep_the_first_and_the_latest_within_a_relay_s_limits():
    ids = [f"<{'x' * 60}{n}@example.com>" for n in range(200)]
    header = references_header(ids)
    assert len(header) <= 1500
    kept = header.split()
    assert kept[0] == ids[0]
    assert kept[1:] == ids[-len(kept) + 1 :]
    assert references_header(["<a@b>", "", "<a@b>"]) == "<a@b>"
    assert references_header([]) == ""


def test_files_are_attached_from_our_copy(mailroom, settings, tmp_path):
    from deskbell.files.actions import store

    settings.FILES_DIR = tmp_path / "files"
    blob = store(b"\x89PNG\r\n\x1a\nrest")
    gone = {"blob": 0, "filename": "gone.txt"}
    one = item(
        attachments=[{"blob": blob.pk, "filename": "Fehler – Bild.png", "content_type": "image/png"}, gone]
    )
    message = build(
        one, {**PAYLOAD, "attachments": [{"blob": blob.pk, "filename": "a.png", "content_id": "i1"}]}
    )
    assert b"Content-ID: <i1>" in message.message().as_bytes()
    assert sent(one) == ("sent", "")
    received = email.message_from_bytes(mailroom.mails[0][2], policy=policy.default)
    (file,) = received.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("Fehler – Bild.png", b"\x89PNG\r\n\x1a\nrest")
