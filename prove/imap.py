"""Mails of every kind go in by IMAP while the worker that fetches is killed: each comes in once."""

from __future__ import annotations

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from typing import Any

import psycopg

from deskbell.cli import embedded
from prove import require
from prove.desk import SUPPORT, Api, command, kill_worker, running, say, wait_until
from prove.mails import _totals
from prove.post import Mail, post
from tests.support.desk import Desk
from tests.support.mailserver import mail_server

#: seconds after the last kill in which everything must be decided
PATIENCE = 900


def run(mails: int = 2000, kills: int = 10, seed: int = 1) -> None:
    """`mails` mails of every kind; half of them come while it is fetched from; `kills` kills in between."""
    random = Random(seed)  # noqa: S311  not a secret
    made = post(mails, seed=seed)
    there, coming = made[: mails // 2], made[mails // 2 :]
    with mail_server() as server, running() as desk:
        api = Api.of(desk)
        server.put(SUPPORT, *(mail.raw for mail in there))
        imap = f"imap={server.url(SUPPORT)}"
        command(desk, "channel", "add", "email", "--name", "S", f"address={SUPPORT}", imap)
        began = time.monotonic()
        with ThreadPoolExecutor(1) as feeder:
            fed = feeder.submit(server.put, SUPPORT, *(mail.raw for mail in coming))
            for share in sorted(random.sample(range(1, mails), kills)):
                wait_until(
                    partial(_are_stored, desk, share), seconds=PATIENCE, what=f"{share} mails are fetched"
                )
                kill_worker(desk)
            fed.result()
        wait_until(lambda: _decided(desk) >= mails, seconds=PATIENCE, what="every mail is decided")
        seconds = time.monotonic() - began
        say(f"{mails} mails fetched and decided in {seconds:.0f} s, worker killed {kills} times")
        _check(desk, made)
        totals = _totals(desk)
        require(totals["balanced"], f"the totals are not balanced: {totals}")
        require(totals["received"] == mails, f"received is not {mails}: {totals}")
        for mail in made[:: max(1, mails // 200)]:
            if mail.human and mail.message_id:
                found = api.get("/messages", external_id=mail.message_id)["items"]
                require(len(found) == 1, f"{mail.message_id} ({mail.kind}) is there {len(found)} times")
        flags = server.flags(SUPPORT)
        unseen = [uid for uid, marks in flags.items() if "\\Seen" not in marks]
        require(not unseen, f"{len(unseen)} fetched mails are not marked as read, the first: {unseen[:3]}")
        say(f"every mail once; totals {totals}")


def _ask(desk: Desk, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(embedded.url(desk.data) or "") as connection:
        return connection.execute(statement).fetchall()


def _are_stored(desk: Desk, share: int) -> bool:
    return int(_ask(desk, "select count(*) from channels_inbounditem")[0][0]) >= share


def _decided(desk: Desk) -> int:
    return int(str(_ask(desk, "select count(*) from channels_inbounditem where state <> 'received'")[0][0]))


def _check(desk: Desk, made: list[Mail]) -> None:
    """Each mail is there once, and what a person could have read is not held back."""
    rows = _ask(desk, "select raw, state, reason, reason_text from channels_inbounditem")
    seen: Counter[int] = Counter()
    held: list[str] = []
    for raw, state, reason, text in rows:
        match = re.search(rb"^X-Proof: (\d+)", bytes(raw), re.MULTILINE | re.IGNORECASE)
        require(match is not None, "a mail came in that nobody sent")
        assert match is not None
        number = int(match[1])
        seen[number] += 1
        if made[number].human and state in ("quarantined", "blocked", "duplicate"):
            held.append(f"{made[number].kind} ({number}): {state}, {reason}: {text}")
    require(not held, f"{len(held)} readable mails were not taken in, such as {held[:5]}")
    lost = [mail.number for mail in made if seen[mail.number] == 0]
    require(not lost, f"{len(lost)} mails are lost, the first: {lost[:5]}")
    twice = [number for number, times in seen.items() if times > 1]
    require(not twice, f"{len(twice)} mails came in twice, the first: {twice[:5]}")
