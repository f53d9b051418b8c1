from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deskbell.events.kinds import Happened


@dataclass(frozen=True, kw_only=True)
class BackupMade(Happened):
    """`file` is its name without the folder, `size` in bytes."""

    kind: ClassVar[str] = "backup.made"
    file: str
    size: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class BackupFailed(Happened):
    """The backup of the night was not made; `reason` is a sentence for the operator."""

    kind: ClassVar[str] = "backup.failed"
    reason: str


@dataclass(frozen=True, kw_only=True)
class BackupRestored(Happened):
    """`made_at` (ISO 8601) is when the state brought back was saved, `version` the Deskbell that saved it."""

    kind: ClassVar[str] = "backup.restored"
    file: str
    made_at: str
    version: str
