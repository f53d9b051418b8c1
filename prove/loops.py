"""Two desks write to each other, by an honest relay and by one that strips what tells machines apart."""

from __future__ import annotations

import contextlib
import email
import email.utils
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email import policy
from email.message import EmailMessage

import psycopg
from aiosmtpd.controller import Controller

from bench.machine import free_port
from deskbell.cli import embedded
from prove import require
from prove.desk import command, running, say
from tests.support.desk import Desk

#: of both desks together for one mail of a person
MOST = 6
#: seconds in which nothing moves at the end
QUIET = 4
#: what a helpdesk without manners leaves out
STRIPPED = re.compile(
    r"auto-submitted|precedence|x-auto-response-suppress|x-deskbell-.*|in-reply-to|references|reply-to", re.I
)


def run(rounds: int = 50) -> None:
    """Each relay lets at most `rounds` mails pass between the desks; they must fall silent long before."""
    relay = Relay(rounds)
    with relay.listening() as url, contextlib.ExitStack() as stack:
        for name in ("a", "b"):
            desk = stack.enter_context(
                running(
                    EMAIL_URL=url,
                    DESKBELL_BASE_URL=f"https://{name}.example",
                    DESKBELL_SUPPORT_ADDRESS=f"support@{name}.example",
                )
            )
            address = f"support@{name}.example"
            command(desk, "channel", "add", "email", "--name", "Support", f"address={address}")
            relay.desks[address] = desk
        for stripping in (False, True):
            relay.passed, relay.stripping = [], stripping
            relay.carry("support@a.example", _first(stripping))
            seconds = _until_silent(relay)
            kind = "a relay that strips headers" if stripping else "an honest relay"
            say(f"{len(relay.passed)} mails by {kind}, silent after {seconds:.0f} s: {relay.passed}")
            require(len(relay.passed) >= 2, f"nobody answered by {kind}")
            require(len(relay.passed) <= MOST, f"{len(relay.passed)} mails by {kind}: {relay.passed}")


def _first(stripping: bool) -> bytes:
    """What somebody at desk B wrote to desk A, in the name of his own desk."""
    mail = EmailMessage()
    mail["From"] = "Desk B <support@b.example>"
    mail["To"] = "support@a.example"
    mail["Subject"] = f"Printer {stripping}"
    mail["Message-ID"] = f"<begin-{stripping}@mua.example>"
    mail.set_content("The printer is offline.")
    return bytes(mail)


def _until_silent(relay: Relay) -> float:
    began = last = time.monotonic()
    seen = -1
    while time.monotonic() - last < QUIET:
        if seen != len(relay.passed) or any(map(_moving, relay.desks.values())):
            seen, last = len(relay.passed), time.monotonic()
        time.sleep(0.2)
    return last - began


def _moving(desk: Desk) -> bool:
    """Whether a mail waits for a decision, a job for its worker, or an answer for its way out."""
    with psycopg.connect(embedded.url(desk.data) or "") as connection:
        row = connection.execute(
            "select exists (select from channels_inbounditem where state = 'received')"
            " or exists (select from outbox_outboxitem where state in ('queued', 'sending'))"
            " or exists (select from procrastinate_jobs where status in ('todo', 'doing')"
            "  and (scheduled_at is null or scheduled_at <= now()))"
        ).fetchone()
    return bool(row and row[0])


class Relay:
    """Takes mails by SMTP and carries them to the desk they are for."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.desks: dict[str, Desk] = {}
        #: "recipient: subject" of each mail that passed
        self.passed: list[str] = []
        self.stripping = False
        self.carriers = ThreadPoolExecutor(1)

    @contextlib.contextmanager
    def listening(self) -> Iterator[str]:
        controller = Controller(self, hostname="127.0.0.1", port=free_port())
        controller.start()
        try:
            yield f"smtp://127.0.0.1:{controller.port}"
        finally:
            controller.stop()
            self.carriers.shutdown()

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        for recipient in envelope.rcpt_tos:  # type: ignore[attr-defined]
            if recipient in self.desks:
                self.carriers.submit(self.carry, recipient, bytes(envelope.content))  # type: ignore[attr-defined]
        return "250 taken"

    def carry(self, recipient: str, raw: bytes) -> None:
        message = email.message_from_bytes(raw, policy=policy.default)
        self.passed.append(f"{recipient}: {message['Subject']}")
        if len(self.passed) > self.rounds:
            return
        if self.stripping and len(self.passed) > 1:
            raw = _stripped(message, len(self.passed))
        sender = email.utils.parseaddr(str(message["From"]))[1]
        command(self.desks[recipient], "mail", "receive", "--to", recipient, "--from", sender, given=raw)


def _stripped(message: EmailMessage, number: int) -> bytes:
    """As a program sends it that knows nothing of automatic mails, under an id of its own."""
    for name in [name for name in message if STRIPPED.fullmatch(name)]:
        del message[name]
    del message["Message-ID"]
    message["Message-ID"] = f"<{number}@plain.example>"
    return bytes(message)
