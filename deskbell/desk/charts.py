"""Numbers as shapes: what the charts of the home page draw, in the units of their SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from deskbell.tickets.figures import Day

#: units of the drawing: a day is SLOT wide, the highest line of the scale HEIGHT above the ground
SLOT, BAR, HEIGHT = 10.0, 3.6, 100.0
#: so that one ticket is seen beside hundreds
LOWEST = 1.5
STEPS = (1, 2, 3, 4, 6, 8, 10)
#: days between two dates below the chart
APART = 7


@dataclass(frozen=True)
class Bar:
    """One number of one day. `slot` is where its half of the day begins: all of it can be clicked."""

    what: str
    on: date
    number: int
    slot: float
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Columns:
    """`scale` are the numbers of the lines, highest first; `dates` stand below."""

    bars: list[Bar]
    width: float
    scale: list[int]
    dates: list[date]


def columns(days: Sequence[Day]) -> Columns:
    """Two columns a day: created and resolved."""
    top = _round_up(max((max(day.created, day.resolved) for day in days), default=0))
    bars = [
        bar
        for number, day in enumerate(days)
        for bar in (
            _bar("created", day.on, day.created, SLOT * number, 1.0, top),
            _bar("resolved", day.on, day.resolved, SLOT * (number + 0.5), 0.4, top),
        )
    ]
    dates = [day.on for day in days[(len(days) - 1) % APART :: APART]]
    return Columns(bars, SLOT * len(days), [top, top // 2, 0], dates)


def _bar(what: str, on: date, number: int, slot: float, margin: float, top: int) -> Bar:
    height = max(HEIGHT * number / top, LOWEST) if number else 0.0
    return Bar(what, on, number, slot, slot + margin, round(HEIGHT - height, 2), round(height, 2))


def _round_up(number: int) -> int:
    """The next even number that reads easily: 2, 4, 6, 8, 10, 20, 30, 40, …"""
    if number <= 2:
        return 2
    size = 10 ** (len(str(number)) - 1)
    return next(step * size for step in STEPS if step * size >= number and (step * size) % 2 == 0)


@dataclass(frozen=True)
class Share:
    """A line of a list of bars. `kind` names its colour; `width` is in hundredths of the longest."""

    name: str
    number: int
    address: str
    kind: str
    width: float


def shares(lines: Sequence[tuple[str, int, str, str]]) -> list[Share]:
    """From (name, number, address, kind)."""
    longest = max((number for _, number, _, _ in lines), default=0)
    return [
        Share(name, number, address, kind, round(max(100 * number / longest, LOWEST), 2))
        for name, number, address, kind in lines
    ]
