"""The same lists at few tickets and at many, on one machine."""

from __future__ import annotations

import json

from bench.buffers import Compared, Measured, compare
from bench.machine import Machine

SMALL = 1_000
#: from here on the rows of a page lie on pages of their own (a thousand tickets are 35 pages in all)
GROWN = 50_000


def compared_with_small(machine: Machine, database: str) -> list[Compared]:
    """The lists of a seeded `database` against those of one with SMALL tickets, which is made for it."""
    return compare(measured_at(machine, SMALL), measured_in(machine, database))


def measured_at(machine: Machine, tickets: int) -> list[Measured]:
    """The lists of a new database with so many tickets."""
    return measured_in(machine, filled(machine, machine.database(f"with_{tickets}"), tickets))


def filled(machine: Machine, database: str, tickets: int) -> str:
    """An empty `database`, filled."""
    machine.run("deskbell", "migrate", database=database)
    machine.run("deskbell", "seed", "--tickets", str(tickets), database=database)
    return database


def measured_in(machine: Machine, database: str) -> list[Measured]:
    machine.settle(database)
    return [Measured(**each) for each in json.loads(machine.run("bench.buffers", database=database))]
