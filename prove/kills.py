"""kill -9 of every process at seeded moments while the API is written to."""

from __future__ import annotations

import time
from random import Random

from prove import load, require
from prove.desk import Api, command, kill, running, say, wait_until
from tests.support.desk import Desk

VICTIMS = ("web", "worker", "postgres", "parent")
#: seconds in which the desk must answer again after a kill
RECOVERY = 60


def run(kills: int = 20, seed: int = 1, longest_pause: float = 3.0) -> None:
    """`kills` moments; every kind of process has its turn."""
    random = Random(seed)  # noqa: S311  not a secret
    victims = [VICTIMS[turn % len(VICTIMS)] for turn in range(kills)]
    random.shuffle(victims)
    with running() as desk:
        api = Api.of(desk)
        with load.Writers(api) as writers:
            wait_until(lambda: writers.acknowledged > 5, seconds=60, what="writes are acknowledged")
            for victim in victims:
                time.sleep(random.uniform(0.2, longest_pause))
                _kill(desk, victim)
                seconds = _recovered(desk, api)
                say(f"killed {victim}; writing again after {seconds:.1f} s")
            before = writers.acknowledged
            wait_until(
                lambda: writers.acknowledged > before + 5, seconds=RECOVERY, what="writes go on at the end"
            )
        load.check(api, writers)
        _all_well(desk)
        code = desk.stop()
        require(code == 0, f"a stop after it ended with {code}")
        desk.start().ready()
        load.check(api, writers)
        _all_well(desk)


def _kill(desk: Desk, victim: str) -> None:
    if victim == "parent":
        desk.kill()
        desk.start().ready()
        return
    kill(wait_until(lambda: desk.children().get(victim), seconds=RECOVERY, what=f"there is a {victim}"))


def _recovered(desk: Desk, api: Api) -> float:
    """Seconds until the API answers and every process is there."""
    began = time.monotonic()
    wait_until(
        lambda: api.call("GET", "/me")[0] == 200 and set(desk.children()) >= set(VICTIMS[:3]),
        seconds=RECOVERY,
        what="the desk answers again",
    )
    return time.monotonic() - began


def _all_well(desk: Desk) -> None:
    """`deskbell check` finds nothing, and no job is left over."""
    wait_until(lambda: desk.get("/readyz")[0] == 200, seconds=RECOVERY, what="/readyz says ready")
    wait_until(lambda: command(desk, "check"), seconds=90, what="deskbell check finds all well", pause=1)
