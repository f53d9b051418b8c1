from __future__ import annotations

from dataclasses import dataclass

from deskbell.events.kinds import Happened


@dataclass(frozen=True, kw_only=True)
class Made(Happened):
    """The demo company was made on this desk; `about` is its mailbox."""

    kind = "demo.made"
