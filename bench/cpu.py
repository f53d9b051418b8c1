"""CPU time of processes and of the database's processes that work for them, from /proc (proc(5), stat)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.machine import WEB, WORKER, WORKER_JOBS, Machine

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    """Seconds of CPU, user and system, by who spent them."""

    web: float
    web_database: float
    worker: float
    worker_database: float

    def __sub__(self, earlier: Spent) -> Spent:
        return Spent(
            self.web - earlier.web,
            self.web_database - earlier.web_database,
            self.worker - earlier.worker,
            self.worker_database - earlier.worker_database,
        )


class Meter:
    """Reads the clocks of a machine's processes; what a process that ended had spent stays counted."""

    def __init__(self, machine: Machine, server: psycopg.Connection) -> None:
        self.machine, self.server = machine, server
        self.seen: dict[str, dict[int, float]] = {}

    def read(self) -> Spent:
        return Spent(
            web=self._sum("web", _family(self.machine.processes[WEB].pid)),
            web_database=self._sum("web database", self._backends(WEB)),
            worker=self._sum("worker", _family(self.machine.processes[WORKER].pid)),
            worker_database=self._sum("worker database", self._backends(WORKER, WORKER_JOBS)),
        )

    def _sum(self, group: str, pids: list[int]) -> float:
        known = self.seen.setdefault(group, {})
        for pid in pids:
            seconds = _seconds(pid)
            if seconds is not None:
                known[pid] = seconds
        return sum(known.values())

    def _backends(self, *names: str) -> list[int]:
        rows = self.server.execute(
            "select pid from pg_stat_activity where application_name = any(%s)", [list(names)]
        )
        return [row[0] for row in rows]


def _seconds(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return (int(fields[11]) + int(fields[12])) / TICKS


def _family(pid: int) -> list[int]:
    """A process and those that came from it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found
