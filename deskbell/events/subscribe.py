"""Who hears what. Subscribers register in `<area>/receivers.py`, imported when the app is ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deskbell.events.kinds import Happened
from deskbell.events.models import Event

Hear = Callable[[Event], None]


@dataclass(frozen=True)
class Subscriber:
    name: str
    hear: Hear
    order: int = 0


_now: dict[str, list[Subscriber]] = {}
_later: dict[str, list[Subscriber]] = {}


def now(*kinds: type[Happened], order: int) -> Callable[[Hear], Hear]:
    """Run inside the publishing transaction, lowest `order` first. Each one stands in tests/test_house.py."""

    def register(hear: Hear) -> Hear:
        for kind in kinds:
            subscribers = _now.setdefault(kind.kind, [])
            subscribers.append(Subscriber(_name(hear), hear, order))
            subscribers.sort(key=lambda s: s.order)
        return hear

    return register


def later(*kinds: type[Happened]) -> Callable[[Hear], Hear]:
    """Run in a job after the commit, once per event, in a transaction of its own; retried alone."""

    def register(hear: Hear) -> Hear:
        for kind in kinds:
            _later.setdefault(kind.kind, []).append(Subscriber(_name(hear), hear))
        return hear

    return register


def now_subscribers(kind: str | None = None) -> list[Subscriber]:
    return _of(_now, kind)


def later_subscribers(kind: str | None = None) -> list[Subscriber]:
    return _of(_later, kind)


def _of(table: dict[str, list[Subscriber]], kind: str | None) -> list[Subscriber]:
    if kind is not None:
        return table.get(kind, [])
    every = {s.name: s for subscribers in table.values() for s in subscribers}
    return sorted(every.values(), key=lambda s: (s.order, s.name))


def _name(hear: Hear) -> str:
    area = hear.__module__.removeprefix("deskbell.").split(".")[0]
    return f"{area}.{hear.__name__}"
