"""When the company is open: a week of spans, days on which it is closed, and the zone both are meant in.

Stored on the company as plain values, read by whoever counts in working time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

#: of one day, from and to; the end may be midnight
Span = tuple[time, time]
MIDNIGHT = time(0)
#: days looked ahead for the next opening
FAR = 400
_SPAN = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(?:-|–|to|bis)\s*(\d{1,2})(?:[:.](\d{2}))?")


class BadSpans(ValueError):
    """What was typed for a day is no list of times, or they overlap."""


@dataclass(frozen=True)
class Hours:
    """`week` begins with Monday. Without a span on any day no hours are set: nobody waits for an opening."""

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    #: day → what it is called
    closed: dict[date, str] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: dict[str, Any], zone: str) -> Hours:
        """From what `plain` made, in `zone` where it names none."""
        week = stored.get("week") or [[]] * 7
        return cls(
            ZoneInfo(stored.get("zone") or zone),
            tuple(tuple((_time(a), _time(b)) for a, b in day) for day in week),
            {date.fromisoformat(day): name for day, name in stored.get("closed", [])},
        )

    def plain(self) -> dict[str, Any]:
        return {
            "zone": self.zone.key,
            "week": [[[_words(a), _words(b)] for a, b in day] for day in self.week],
            "closed": [[day.isoformat(), name] for day, name in sorted(self.closed.items())],
        }

    @property
    def are_set(self) -> bool:
        return any(self.week)

    def spans(self, on: date) -> list[tuple[datetime, datetime]]:
        """When it is open on that day, in its zone, earliest first."""
        if on in self.closed:
            return []
        return [
            (self._at(on, begins), self._at(on + timedelta(days=1) if ends == MIDNIGHT else on, ends))
            for begins, ends in self.week[on.weekday()]
        ]

    def _at(self, on: date, at: time) -> datetime:
        return datetime.combine(on, at, tzinfo=self.zone)

    def is_open(self, at: datetime) -> bool:
        """Always, where no hours are set."""
        here = at.astimezone(self.zone)
        return not self.are_set or any(begins <= here < ends for begins, ends in self.spans(here.date()))

    def next_opening(self, at: datetime) -> datetime | None:
        """The first opening after `at`; None when there is none within a year."""
        here = at.astimezone(self.zone)
        for days in range(FAR):
            for begins, _ends in self.spans(here.date() + timedelta(days=days)):
                if begins > here:
                    return begins
        return None


def _time(words: str) -> time:
    return MIDNIGHT if words == "24:00" else time.fromisoformat(words)


def _words(at: time) -> str:
    return at.strftime("%H:%M")


def read_spans(typed: str) -> tuple[Span, ...]:
    """Of "09:00–12:30, 13:30–17:00"; nothing for a closed day. Raises BadSpans."""
    found: list[Span] = []
    for part in filter(None, (each.strip() for each in re.split(r"[,;]", typed))):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise BadSpans(part)
        begins, ends = _clock(match[1], match[2], part), _clock(match[3], match[4], part)
        before = found[-1][1] if found else None
        late = ends != MIDNIGHT and ends <= begins
        if late or (before is not None and (before == MIDNIGHT or begins < before)):
            raise BadSpans(part)
        found.append((begins, ends))
    return tuple(found)


def _clock(hour: str, minute: str | None, part: str) -> time:
    if (int(hour), int(minute or 0)) == (24, 0):
        return MIDNIGHT
    try:
        return time(int(hour), int(minute or 0))
    except ValueError as error:
        raise BadSpans(part) from error


def written(spans: Sequence[Span]) -> str:
    """As `read_spans` takes it."""
    return ", ".join(f"{_words(a)}–{'24:00' if b == MIDNIGHT else _words(b)}" for a, b in spans)
