"""Every box touches about as many buffers at many tickets as at few."""

from __future__ import annotations

from bench.buffers import BOUND, Compared, compare
from bench.machine import Machine
from bench.sizes import GROWN, SMALL, filled, measured_at, measured_in
from prove import require
from prove.desk import say


def run(tickets: int = 200_000) -> None:
    """Against SMALL tickets and against GROWN ones; docs/decisions/0004 says what the first cannot give."""
    with Machine() as machine:
        most = measured_in(machine, filled(machine, "deskbell", tickets))
        small, grown = (compare(measured_at(machine, count), most) for count in (SMALL, GROWN))
    for few, each in zip(small, grown, strict=True):
        say(
            f"{each.person}: {each.list}: {few.small.buffers} at {SMALL}, {each.small.buffers} at {GROWN}, "
            f"{each.large.buffers} at {tickets}, ratios {few.ratio:.2f} and {each.ratio:.2f}"
        )
    over, late = _over(small), _over(grown)
    plans = "\n".join(f"{each.person}: {each.list}\n{each.large.worst}" for each in [*over, *late])
    require(
        not over and not late,
        f"over {BOUND}: {len(over)} lists against {SMALL} tickets, {len(late)} against {GROWN}:\n{plans}",
    )


def _over(compared: list[Compared]) -> list[Compared]:
    return [each for each in compared if not each.within]
