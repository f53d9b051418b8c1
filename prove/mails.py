"""Mails arrive eight at a time while the worker is killed again and again: each comes in exactly once."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from random import Random

import psycopg

from deskbell.cli import embedded
from prove import Failed, require
from prove.desk import SUPPORT, Api, command, kill_worker, running, say, wait_until
from tests.support.desk import Desk

AT_ONCE = 8
#: seconds after the last mail in which everything must be found
PATIENCE = 180


def run(mails: int = 1000, twice: int = 50, kills: int = 10, seed: int = 1) -> None:
    """`mails` different mails, `twice` of them sent a second time, the worker killed `kills` times."""
    random = Random(seed)  # noqa: S311  not a secret
    with running() as desk:
        api = Api.of(desk)
        command(desk, "channel", "add", "email", "--name", "Support", f"address={SUPPORT}")
        raw = [_mail(number, random) for number in range(mails)]
        order = [*range(mails), *random.sample(range(mails), twice)]
        random.shuffle(order)
        killer = _Killer(desk, kills, len(order))
        began = time.monotonic()
        with killer, ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(lambda number: _receive(desk, raw[number], killer), order):
                pass
        last = time.monotonic()
        say(f"{len(order)} mails stored in {last - began:.0f} s, worker killed {killer.killed} times")
        require(killer.killed == kills, f"the worker was killed {killer.killed} times, not {kills}")
        wait_until(lambda: _waiting(desk) == 0, seconds=PATIENCE, what="no mail waits")
        _check(api, mails)
        seconds = time.monotonic() - last
        require(seconds < PATIENCE, f"found only {seconds:.0f} s after the last mail")
        totals = _totals(desk)
        require(totals["balanced"], f"the totals are not balanced: {totals}")
        require(
            totals["received"] == mails + totals["duplicate"] == mails + twice,
            f"received is not {mails} and the recognised duplicates: {totals}",
        )
        require(not totals["quarantined"], f"some were set aside: {totals}")
        say(f"every Message-ID found exactly once {seconds:.0f} s after the last mail; totals {totals}")


def _mail(number: int, random: Random) -> bytes:
    mail = EmailMessage()
    sender = f"person{random.randrange(10**9)}@{random.choice('abcdefgh')}.customer.example"
    mail["From"] = f"Person {number} <{sender}>"
    mail["To"] = SUPPORT
    mail["Subject"] = f"Matter {number}: the printer is offline"
    mail["Message-ID"] = _message_id(number)
    mail["Date"] = f"Mon, 02 Nov 2026 10:{number // 60 % 60:02d}:{number % 60:02d} +0000"
    mail.set_content(f"Hello,\n\nthis is mail {number}.\n" + "It does not print. " * random.randrange(1, 40))
    if number % 3 == 0:
        mail.add_alternative(f"<p>Hello,</p><p>this is mail <b>{number}</b>.</p>", subtype="html")
    if number % 4 == 0:
        content = random.randbytes(random.randrange(10, 60_000))
        mail.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=f"log-{number}.bin"
        )
    return bytes(mail)


def _message_id(number: int) -> str:
    return f"<proof-{number}@customer.example>"


def _receive(desk: Desk, raw: bytes, killer: _Killer) -> None:
    command(desk, "mail", "receive", "--to", SUPPORT, given=raw)
    killer.note()


def _totals(desk: Desk) -> dict[str, int]:
    return dict(json.loads(command(desk, "inbox", "totals", "--json")))


def _waiting(desk: Desk) -> int:
    """How many mails no worker has decided on yet, asked without starting a process."""
    with psycopg.connect(embedded.url(desk.data) or "") as connection:
        row = connection.execute(
            "select count(*) from channels_inbounditem where state = 'received'"
        ).fetchone()
    return int(row[0]) if row else 0


def _check(api: Api, mails: int) -> None:
    for number in range(mails):
        external_id = _message_id(number)
        found = api.get("/messages", external_id=external_id)["items"]
        if len(found) != 1:
            raise Failed(f"{external_id} is there {len(found)} times")
        if f"this is mail {number}." not in found[0]["text"]:
            raise Failed(f"{external_id} has another mail's text")
        if bool(found[0]["attachments"]) != (number % 4 == 0):
            raise Failed(f"{external_id} has {len(found[0]['attachments'])} attachments")


class _Killer:
    """Kills the worker each time another share of the mails is stored."""

    def __init__(self, desk: Desk, kills: int, mails: int) -> None:
        self.desk, self.kills, self.mails = desk, kills, mails
        self.stored = 0
        self.killed = 0
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._kill)

    def __enter__(self) -> _Killer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.join(120)

    def note(self) -> None:
        with self.changed:
            self.stored += 1
            self.changed.notify()

    def _kill(self) -> None:
        for turn in range(1, self.kills + 1):
            share = self.mails * turn // (self.kills + 1)
            if not self._has_stored(share):
                return
            kill_worker(self.desk)
            self.killed += 1

    def _has_stored(self, share: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.stored >= share, timeout=300)
