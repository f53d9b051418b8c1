"""What the intake of plain mails costs, and whether a backlog of them drains at a steady rate.

`python -m bench.intake` measures in its own process, in the environment of a machine: from raw bytes in the
ledger to ticket, events and index. `drained` lets a machine's worker do all of it, notices and answers too.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.machine import Machine
from deskbell.cli.mail import DEFER, STORE

ADDRESS = "bench@desk.example"
MAILS, ROUNDS, WARM_UP = 300, 3, 30
#: bounds: milliseconds of CPU for one mail, times its parsing alone, slowest tenth to the middle one
BOUND_MS, BOUND_PARSING, BOUND_TENTH = 30, 6, 2
PATIENCE = 3600


@dataclass(frozen=True)
class Intake:
    """Milliseconds of CPU for one mail, the smallest round."""

    application: float
    database: float
    parsing: float

    @property
    def total(self) -> float:
        return self.application + self.database


@dataclass(frozen=True)
class Drained:
    """Seconds that each tenth of a backlog took."""

    mails: int
    tenths: list[float]

    @property
    def rate(self) -> float:
        return self.mails / sum(self.tenths)

    @property
    def unsteady(self) -> float:
        """How many times the middle tenth the slowest took."""
        return max(self.tenths) / statistics.median(self.tenths)


def plain_mail(number: int) -> bytes:
    """What a person writes: a few hundred people, each with several mails."""
    text = "Hello,\r\n\r\nthe printer on the second floor is offline again.\r\n\r\nBest regards\r\n" * 3
    return (
        f"Received: from mx.customer.example by mail.desk.example; Mon, 02 Nov 2026 10:00:00 +0000\r\n"
        f"From: Person {number % 400} <person{number % 400}@customer{number % 40}.example>\r\n"
        f"To: {ADDRESS}\r\nSubject: Printer {number}\r\nMessage-ID: <bench-{number}@customer.example>\r\n"
        "Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: text/plain; charset="utf-8"\r\n\r\n{text}Mail {number}\r\n'
    ).encode()


def store(address: str, first: int, count: int, *, jobs: bool) -> list[int]:
    """Put raw mails into the ledger, as `deskbell mail receive` does; with `jobs` for the worker."""
    with psycopg.connect(address) as connection:
        row = connection.execute("select id from channels_channel where address = %s", [ADDRESS]).fetchone()
        assert row is not None
        items = []
        for number in range(first, first + count):
            stored = connection.execute(STORE, [row[0], plain_mail(number), "", ADDRESS]).fetchone()
            assert stored is not None
            items.append(int(stored[0]))
            if jobs:
                connection.execute(DEFER, [items[-1]])
    return items


def measured(machine: Machine) -> Intake:
    """In a process of its own, so that nothing else's work is counted."""
    machine.run("deskbell", "channel", "add", "email", "--name", "Bench", f"address={ADDRESS}")
    return Intake(**json.loads(machine.run("bench.intake", machine.cluster.url())))


def drained(machine: Machine, server: psycopg.Connection, mails: int) -> Drained:
    """Give the worker of `machine` a backlog, and time each tenth of it. Raises TimeoutError."""
    first = 1_000_000
    before = _decided(server)
    store(machine.cluster.url(), first, mails, jobs=True)
    machine.start()
    began = time.monotonic()
    tenths: list[float] = []
    end = began + PATIENCE
    while len(tenths) < 10:
        if time.monotonic() > end:
            raise TimeoutError("the backlog does not drain")
        if _decided(server) - before >= mails * (len(tenths) + 1) // 10:
            now = time.monotonic()
            tenths.append(now - began)
            began = now
        time.sleep(0.05)
    return Drained(mails, tenths)


def _decided(server: psycopg.Connection) -> int:
    row = server.execute("select count(*) from channels_inbounditem where state <> 'received'").fetchone()
    return int(row[0]) if row else 0


def main(address: str) -> None:
    import django  # the settings come from the environment

    django.setup()
    from deskbell.channels import inbound
    from deskbell.channels.email.parse import parse

    rounds: list[dict[str, float]] = []
    items = store(address, 0, WARM_UP + MAILS * ROUNDS, jobs=False)
    for item in items[:WARM_UP]:
        inbound.decide(item)
    for turn in range(ROUNDS):
        begin = WARM_UP + turn * MAILS
        rounds.append(_round(items[begin : begin + MAILS], inbound.decide))
        started = time.process_time()
        for number in range(MAILS):
            parse(plain_mail(number))
        rounds[-1]["parsing"] = (time.process_time() - started) * 1000 / MAILS
    print(json.dumps({name: min(each[name] for each in rounds) for name in rounds[0]}))


def _round(items: list[int], decide: Any) -> dict[str, float]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        backend = cursor.fetchone()[0]
    started, database = time.process_time(), _backend_seconds(backend)
    for item in items:
        decide(item)
    each = 1000 / len(items)
    return {
        "application": (time.process_time() - started) * each,
        "database": (_backend_seconds(backend) - database) * each,
    }


def _backend_seconds(pid: int) -> float:
    from bench.cpu import TICKS

    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main(sys.argv[1])
