"""`bin/bench`: what pages cost, as ratios to a floor measured in the same run on the same machine."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

import psycopg

from bench import intake, webhooks
from bench.buffers import BOUND, Compared
from bench.cpu import Meter, Spent
from bench.machine import Machine
from bench.pages import Browser, Target, targets, webhook_targets
from bench.prepare import Given
from bench.sizes import SMALL, compared_with_small

WARM_UP = 30
#: the worker counts as done when no job has been due for so long (seconds)
QUIET, LONGEST_WAIT = 0.5, 300
JOBS_DUE = """
    select exists(
        select from procrastinate_jobs
        where status = 'doing' or status = 'todo' and coalesce(scheduled_at, now()) <= now()
    )
"""


@dataclass
class Figure:
    """Milliseconds of CPU per request, the smallest round."""

    target: Target
    web: float
    database: float
    worker: float

    @property
    def total(self) -> float:
        return self.web + self.database


def main() -> int:
    given = _arguments()
    if given.only == "intake":
        return _intake(given)
    if given.only == "webhook":
        return _webhook(given)
    with Machine() as machine:
        say(f"Seeding {given.tickets} tickets …")
        machine.run("deskbell", "migrate")
        machine.run("deskbell", "seed", "--tickets", str(given.tickets))
        compared: list[Compared] = []
        if given.only != "pages":
            say(f"Counting buffers at {SMALL} tickets and at all …")
            compared = compared_with_small(machine, "deskbell")
        figures = [] if given.only == "buffers" else _page_figures(machine, given.requests, given.rounds)
        explained = _explained(machine, figures)
    if given.json:
        print(json.dumps(_plain(figures, compared, given.tickets), indent=2))
    else:
        _print(figures, compared)
        print(explained)
    return 1 if _over(figures) or any(not each.within for each in compared) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("--tickets", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=300, help="of each kind in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["pages", "buffers", "intake", "webhook"])
    parser.add_argument("--mails", type=int, default=10_000, help="of the backlog that the worker drains")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


# --- mails --------------------------------------------------------------------------------------


def _intake(given: argparse.Namespace) -> int:
    with Machine() as machine:
        machine.run("deskbell", "migrate")
        say("Taking mails in …")
        cost = intake.measured(machine)
        say(f"Draining {given.mails} …")
        with machine.asked() as server:
            drain = intake.drained(machine, server, given.mails)
    rows = [
        ("CPU of one plain mail, ms", cost.total, intake.BOUND_MS),
        ("as times its parsing", cost.total / cost.parsing, intake.BOUND_PARSING),
        ("slowest tenth to the middle one", drain.unsteady, intake.BOUND_TENTH),
    ]
    if given.json:
        print(json.dumps({"intake": {name: round(value, 2) for name, value, _bound in rows}}, indent=2))
    else:
        for name, value, bound in rows:
            print(f"{name:34}{value:>8.2f}{bound:>8}{'  over its bound' if value > bound else ''}")
        print(
            f"application {cost.application:.2f}, database {cost.database:.2f}, parsing {cost.parsing:.2f} ms"
        )
        print(f"{drain.rate:.1f} mails a second, notices and answers included")
    return 1 if any(value > bound for _name, value, bound in rows) else 0


# --- webhooks -----------------------------------------------------------------------------------


def _webhook(given: argparse.Namespace) -> int:
    with Machine() as machine:
        machine.run("deskbell", "migrate")
        machine.run("deskbell", "seed", "--tickets", "50")
        prepared = Given(**json.loads(machine.run("bench.prepare")))
        figures = _figures(machine, webhook_targets(), prepared, given.requests, given.rounds)
        say(f"{webhooks.POSTED} webhooks by {webhooks.CLIENTS} clients …")
        load = webhooks.under_load(machine, prepared)
    late = load.slowest_hundredth / load.bare
    if given.json:
        print(json.dumps({"figures": _ratios(figures), "late": round(late, 2)}, indent=2))
    else:
        _print(figures, [])
        over = "  over its bound" if late > webhooks.BOUND else ""
        print(f"{'slowest hundredth under load':26}{late:>8.2f}{webhooks.BOUND:>8}{over}")
        print(
            f"bare view {load.bare * 1000:.1f} ms alone, webhooks {load.middle * 1000:.1f} ms, "
            f"slowest hundredth {load.slowest_hundredth * 1000:.1f} ms, {load.rate:.0f} a second"
        )
    return 1 if _over(figures) or late > webhooks.BOUND else 0


# --- CPU per request ----------------------------------------------------------------------------


def _page_figures(machine: Machine, requests: int, rounds: int) -> list[Figure]:
    prepared = Given(**json.loads(machine.run("bench.prepare")))
    return _figures(machine, targets(prepared), prepared, requests, rounds)


def _figures(
    machine: Machine, measured: list[Target], prepared: Given, requests: int, rounds: int
) -> list[Figure]:
    machine.start()
    browser = Browser(machine.port, prepared)
    found: dict[str, Figure] = {}
    with machine.asked() as server:
        meter = Meter(machine, server)
        for target in measured:
            for turn in range(WARM_UP):
                target.send(browser, turn)
        for number in range(rounds):
            say(f"Round {number + 1} of {rounds} …")
            for target in measured:
                figure = _figure(target, browser, meter, server, requests)
                best = found.setdefault(target.name, figure)
                if figure.total < best.total:
                    found[target.name] = figure
    return list(found.values())


def _figure(
    target: Target, browser: Browser, meter: Meter, server: psycopg.Connection, requests: int
) -> Figure:
    _wait_for_worker(server)
    before = meter.read()
    for turn in range(requests):
        target.send(browser, turn)
    asked = meter.read() - before
    _wait_for_worker(server)
    whole: Spent = meter.read() - before
    each = 1000 / requests
    return Figure(
        target,
        web=asked.web * each,
        database=asked.web_database * each,
        worker=(whole.worker + whole.worker_database) * each,
    )


def _wait_for_worker(server: psycopg.Connection) -> None:
    """Until nothing is left to do, so that the worker's share of one kind is not counted with the next."""
    end = time.monotonic() + LONGEST_WAIT
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < QUIET:
        waiting = server.execute(JOBS_DUE).fetchone()
        if waiting and waiting[0]:
            quiet_since = time.monotonic()
        if time.monotonic() > end:
            raise TimeoutError("the worker does not come to an end")
        time.sleep(0.05)


def _over(figures: list[Figure]) -> list[str]:
    """Names of what costs more than its bound."""
    rows = _ratios(figures)
    return [str(each["name"]) for each in rows if each["bound"] and each["ratio"] > each["bound"]]


def _explained(machine: Machine, figures: list[Figure]) -> str:
    """Where the time of pages over their bound goes."""
    over = _over(figures)
    paths = [figure.target.path for figure in figures if figure.target.name in over and figure.target.path]
    return machine.run("bench.profile", *paths) if paths else ""


# --- words --------------------------------------------------------------------------------------


def _ratios(figures: list[Figure]) -> list[dict[str, Any]]:
    costs = {figure.target.name: figure.total for figure in figures}
    return [
        {
            "name": figure.target.name,
            "ratio": round(figure.total / costs[figure.target.floor], 2) if figure.target.floor else 1.0,
            "floor": figure.target.floor,
            "bound": figure.target.bound,
            "web_ms": round(figure.web, 2),
            "database_ms": round(figure.database, 2),
            "worker_ms": round(figure.worker, 2),
        }
        for figure in figures
    ]


def _plain(figures: list[Figure], compared: list[Compared], tickets: int) -> dict[str, Any]:
    return {
        "tickets": tickets,
        "figures": _ratios(figures),
        "buffers": [
            {
                "person": each.person,
                "list": each.list,
                "at_1000": each.small.buffers,
                "at_all": each.large.buffers,
                "rows_at_1000": each.small.rows,
                "rows_at_all": each.large.rows,
                "ratio": round(each.ratio, 2),
                "bound": round(BOUND * each.ratio_of_rows, 2),
                "within": each.within,
            }
            for each in compared
        ],
    }


def _print(figures: list[Figure], compared: list[Compared]) -> None:
    if figures:
        print(f"{'CPU per request':26}{'ratio':>8}{'bound':>8}{'web ms':>9}{'db ms':>8}{'worker ms':>11}")
    for row in _ratios(figures):
        bound = row["bound"]
        over = "  over its bound" if bound and row["ratio"] > bound else ""
        print(
            f"{row['name']:26}{row['ratio']:>8.2f}{bound or '':>8}"
            f"{row['web_ms']:>9.2f}{row['database_ms']:>8.2f}{row['worker_ms']:>11.2f}{over}"
        )
    if compared:
        print(f"\n{'Buffers of a list':48}{'at 1000':>9}{'at all':>9}{'ratio':>8}")
    for each in compared:
        over = "" if each.within else "  over its bound"
        name = f"{each.person}: {each.list}"
        print(f"{name:48}{each.small.buffers:>9}{each.large.buffers:>9}{each.ratio:>8.2f}{over}")
    for each in compared:
        if not each.within:
            print(f"\n{each.person}: {each.list}, the statement that touched most\n{each.large.worst}")


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
