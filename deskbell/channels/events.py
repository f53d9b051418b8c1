from __future__ import annotations

from dataclasses import dataclass

from deskbell.events.kinds import Happened


@dataclass(frozen=True, kw_only=True)
class ChannelAdded(Happened):
    kind = "channel.added"
    channel_kind: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Decided(Happened):
    """What became of an inbound item; `about` is the item."""

    kind = "inbound.decided"
    state: str
    reason: str
    ticket_id: int | None


@dataclass(frozen=True, kw_only=True)
class Replayed(Happened):
    """A quarantined item was sent through intake again."""

    kind = "inbound.replayed"
