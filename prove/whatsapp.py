"""Webhooks arrive from many sides, doubled, out of order and damaged, while the worker is killed again and
again: each message comes in exactly once, and no state of ours ever goes back.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from deskbell.cli import embedded
from deskbell.demo.whatsapp.server import serve
from deskbell.demo.whatsapp.sim import APP_SECRET, NUMBER_ID, TOKEN, VERIFY, WABA_ID, Sim
from prove import require
from prove.desk import Api, command, kill_worker, running, say, wait_until
from tests.support.certificate import self_signed
from tests.support.desk import Desk

CLIENTS = 8
#: seconds after the last webhook in which everything must be found
PATIENCE = 1800
#: shares of all items: doubled messages, states, what nobody can read
DOUBLED, STATES, DAMAGED = 0.1, 0.2, 0.1
STEPS = ("sent", "delivered", "read")
ADD = f"""
from deskbell.channels.actions.whatsapp import Given, add_whatsapp
from deskbell.events.actor import SYSTEM
from deskbell.people.actions import change_company
change_company(by=SYSTEM, tickets_per_sender=0)
secrets = {TOKEN!r}, {APP_SECRET!r}, {VERIFY!r}
given = Given({NUMBER_ID!r}, {WABA_ID!r}, *secrets, base_url="{{address}}", greets=False, most_at_once=0)
print(add_whatsapp("WhatsApp", given).uuid)
"""


def run(items: int = 10_000, kills: int = 10, people: int = 40, seed: int = 1) -> None:
    """`items` parts of webhooks, of `people` customers and more, the worker killed `kills` times."""
    random = Random(seed)  # noqa: S311  not a secret
    with _other_side() as (sim, certificate), running(SSL_CERT_FILE=str(certificate)) as desk:
        api = Api.of(desk)
        uuid = command(desk, "manage", "shell", "-c", ADD.format(address=sim.address)).split()[-1]
        sim.webhook = f"{desk.address}/channels/whatsapp/{uuid}/"
        answers = _conversed(desk, api, sim, people)
        crowd = _crowd(sim, random, items, people)
        batches = _batches(sim, random, crowd)
        began = time.monotonic()
        with _killing(desk, kills, len(batches)) as note, ThreadPoolExecutor(CLIENTS) as pool:
            for status in pool.map(lambda batch: note(sim.post(batch)), batches):
                require(status == 200, f"a webhook was answered with {status}")
        say(f"{items} items in {len(batches)} webhooks taken in {time.monotonic() - began:.0f} s")
        last = time.monotonic()
        wait_until(lambda: _waiting(desk) == 0, seconds=PATIENCE, what="nothing waits", pause=1)
        say(f"all of it decided {time.monotonic() - last:.0f} s after the last webhook")
        _check_messages(desk, api, crowd)
        _check_states(desk, answers)


@dataclass
class Crowd:
    """What is posted: `texts` by what they say, each once; and all parts, doubled ones and states too."""

    texts: set[str]
    doubled: int
    damaged: int
    parts: list[tuple[str, Any]]


@contextmanager
def _other_side() -> Iterator[tuple[Sim, Path]]:
    with TemporaryDirectory(prefix="deskbell-prove-") as folder:
        certificate = self_signed(Path(folder))
        sim = Sim()
        sim.tells = ()
        with serve(sim, certificate=certificate):
            yield sim, certificate


def _conversed(desk: Desk, api: Api, sim: Sim, people: int) -> int:
    """Every one of `people` has written and was answered twice; how many answers went out."""
    for number in range(people):
        status = sim.post(sim.envelope(sim.text(_who(number), f"first of {number}")))
        require(status == 200, f"a webhook was answered with {status}")
    wait_until(lambda: _waiting(desk) == 0, seconds=120, what="the first messages are decided")
    tickets = list(api.every("/tickets"))
    require(len(tickets) == people, f"{len(tickets)} tickets of {people} people")
    for turn in range(2):
        for ticket in tickets:
            status, answer = api.call(
                "POST",
                f"/tickets/{ticket['number']}/messages",
                {"body": f"answer {turn}", "visibility": "public"},
            )
            require(status == 201, f"an answer was refused: {status} {answer}")
    wait_until(lambda: len(sim.sent) == 2 * people, seconds=180, what="every answer has left")
    return 2 * people


def _who(number: int) -> str:
    return str(919_800_000_000 + number)


def _crowd(sim: Sim, random: Random, items: int, people: int) -> Crowd:
    states, damaged, doubled = int(items * STATES), int(items * DAMAGED), int(items * DOUBLED)
    fresh = items - states - damaged - doubled
    messages = [
        sim.text(_who(random.randrange(3 * people)), f"text {number} 🖨️", name=f"Person {number % 50}")
        for number in range(fresh)
    ]
    told = [(each, step) for each in sim.sent for step in STEPS]
    parts: list[tuple[str, Any]] = [("message", each) for each in messages]
    parts += [("message", each) for each in random.choices(messages, k=doubled)]
    parts += [("status", sim.status(each, step)) for each, step in told]
    parts += [("status", sim.status(*random.choice(told))) for _ in range(max(0, states - len(told)))]
    parts += [("damaged", _damaged(random, number)) for number in range(damaged)]
    random.shuffle(parts)
    return Crowd({each["text"]["body"] for each in messages}, doubled, damaged, parts)


def _damaged(random: Random, number: int) -> Any:
    """What nobody can read: no object, no sender, words that are no words."""
    return random.choice(
        [
            number,
            None,
            "a word",
            {"id": f"wamid.BAD{number}", "type": "text"},
            {"id": f"wamid.BAD{number}", "type": "text", "text": [number], "timestamp": {}},
            {"type": ["text"], "from": number},
        ]
    )


def _batches(sim: Sim, random: Random, crowd: Crowd) -> list[dict[str, Any]]:
    """Webhooks of one to a thousand parts."""
    batches, rest = [], list(crowd.parts)
    while rest:
        size = random.choice((1, 1, 2, 5, 20, 100, 1000))
        taken, rest = rest[:size], rest[size:]
        messages = [value for kind, value in taken if kind != "status"]
        statuses = [value for kind, value in taken if kind == "status"]
        batches.append(sim.envelope(*messages, statuses=statuses))
    random.shuffle(batches)
    return batches


@contextmanager
def _killing(desk: Desk, kills: int, webhooks: int) -> Iterator[Any]:
    """Kill the worker each time another share of the webhooks was answered."""
    answered, killed, lock = Counter[str](), [0], threading.Lock()

    def note(status: int) -> int:
        with lock:
            answered["all"] += 1
            due = killed[0] < kills and answered["all"] * (kills + 1) >= webhooks * (killed[0] + 1)
            killed[0] += due
        if due:
            kill_worker(desk)
        return status

    yield note
    require(killed[0] == kills, f"the worker was killed {killed[0]} times, not {kills}")


def _ask(desk: Desk, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(embedded.url(desk.data) or "") as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def _waiting(desk: Desk) -> int:
    """Webhooks that are not read, and messages without a decision."""
    query = (
        "select (select count(*) from channels_webhook where handled_at is null)"
        " + (select count(*) from channels_inbounditem where state = 'received')"
    )
    return int(_ask(desk, query)[0][0])


def _check_messages(desk: Desk, api: Api, crowd: Crowd) -> None:
    found = Counter(each["text"] for each in api.every("/messages") if each["text"].startswith("text "))
    lost, twice = crowd.texts - found.keys(), [text for text, times in found.items() if times > 1]
    require(not lost, f"{len(lost)} messages are lost, such as {sorted(lost)[:3]}")
    require(not twice, f"{len(twice)} messages are there twice, such as {twice[:3]}")
    require(found.keys() == crowd.texts, "there are messages that nobody sent")
    totals = json.loads(command(desk, "inbox", "totals", "--json"))
    require(totals["balanced"], f"the totals are not balanced: {totals}")
    require(totals["duplicate"] >= crowd.doubled, f"duplicates were not recognised: {totals}")
    say(f"every message exactly once; totals {totals}")


def _check_states(desk: Desk, answers: int) -> None:
    states = dict(
        _ask(desk, "select state, count(*) from outbox_outboxitem where driver = 'whatsapp-cloud' group by 1")
    )
    require(states == {"read": answers}, f"not every answer was read: {states}")
    rank = {state: number for number, state in enumerate(("queued", "sending", *STEPS))}
    moves = _ask(
        desk,
        "select about_id, data->>'state' from events_event where kind = 'outbox.delivery' order by id",
    )
    before: dict[int, int] = {}
    for item, state in moves:
        place = rank.get(state, -1)
        if state in STEPS:
            require(before.get(item, -1) < place, f"item {item} went back to {state}")
            before[item] = place
    say(f"{len(moves)} moves of {answers} answers, none of them back")
