"""Typed kinds of events. An area declares its own as frozen dataclasses that inherit `Happened`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Happened:
    """What happened. Fields become `Event.data`; those named in `erasable` go to `EventDetail`."""

    kind: ClassVar[str]
    audience: ClassVar[str] = "staff"
    erasable: ClassVar[tuple[str, ...]] = ()

    def heard_by(self) -> str:
        """ "public" or "staff"; a kind may decide by its values."""
        return self.audience

    def plain(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in self.erasable}

    def private(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.erasable}
