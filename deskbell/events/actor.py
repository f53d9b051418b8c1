"""Who did it: a person, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class HasPk(Protocol):
    @property
    def pk(self) -> int: ...


@dataclass(frozen=True)
class Actor:
    """`kind` is "user" or "system"; `id` is the person's, none for the system."""

    kind: str
    id: int | None = None


SYSTEM = Actor("system")


def actor(by: Actor | HasPk) -> Actor:
    """The actor behind `by`, which may be one already or a person."""
    return by if isinstance(by, Actor) else Actor("user", by.pk)
