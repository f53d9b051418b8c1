"""Every box touches about as many buffers at many tickets as at a thousand."""

from __future__ import annotations

from bench.buffers import BOUND
from bench.machine import Machine
from bench.sizes import SMALL, compared_with_small, filled
from prove import require
from prove.desk import say


def run(tickets: int = 200_000) -> None:
    with Machine() as machine:
        compared = compared_with_small(machine, filled(machine, "deskbell", tickets))
    for each in compared:
        say(
            f"{each.person}: {each.list}: {each.small.buffers} at {SMALL}, "
            f"{each.large.buffers} at {tickets}, ratio {each.ratio:.2f}"
        )
    over = [each for each in compared if not each.within]
    plans = "\n".join(f"{each.person}: {each.list}\n{each.large.worst}" for each in over)
    require(not over, f"{len(over)} lists are over {BOUND}:\n{plans}")
