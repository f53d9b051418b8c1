"""The same lists at a thousand tickets and at many, on one machine."""

from __future__ import annotations

import json

from bench.buffers import Compared, Measured, compare
from bench.machine import Machine

SMALL = 1_000


def compared_with_small(machine: Machine, database: str) -> list[Compared]:
    """The lists of a seeded `database` against those of one with SMALL tickets, which is made for it."""
    small = filled(machine, machine.database("small"), SMALL)
    return compare(_measured(machine, small), _measured(machine, database))


def filled(machine: Machine, database: str, tickets: int) -> str:
    """An empty `database`, filled."""
    machine.run("deskbell", "migrate", database=database)
    machine.run("deskbell", "seed", "--tickets", str(tickets), database=database)
    return database


def _measured(machine: Machine, database: str) -> list[Measured]:
    return [Measured(**each) for each in json.loads(machine.run("bench.buffers", database=database))]
