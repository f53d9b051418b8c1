from __future__ import annotations

from dataclasses import dataclass

from deskbell.events.kinds import Happened


@dataclass(frozen=True, kw_only=True)
class Delivered(Happened):
    """The state of an outbox item moved; `about` is the item."""

    kind = "outbox.delivery"
    state: str
    error_code: str
    cause_kind: str
    cause_id: int
    ticket_id: int | None


@dataclass(frozen=True, kw_only=True)
class Failed(Happened):
    """An outbox item was refused or came back, for good; `about` is the item."""

    kind = "outbox.failed"
    item_kind: str
    ticket_id: int | None


@dataclass(frozen=True, kw_only=True)
class Withdrawn(Happened):
    """Somebody withdrew an item that had not left; `about` is the item."""

    kind = "outbox.withdrawn"
    before: str
    ticket_id: int | None


@dataclass(frozen=True, kw_only=True)
class Retried(Happened):
    """Somebody sends a failed or unknown item once more; `about` is the item."""

    kind = "outbox.retried"
    before: str
    ticket_id: int | None
