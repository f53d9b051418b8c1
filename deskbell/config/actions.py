"""What happens to the installation as a whole."""

from __future__ import annotations

from django.db import transaction

from deskbell.config.events import BackupFailed, BackupMade, BackupRestored
from deskbell.events.actor import SYSTEM
from deskbell.events.publish import Subject, publish

INSTALLATION = Subject("installation")


@transaction.atomic
def note_backup(*, file: str, size: int, seconds: float) -> None:
    """A backup was made: `file` is its name, `size` in bytes."""
    publish(BackupMade(file=file, size=size, seconds=seconds), about=INSTALLATION, by=SYSTEM)


@transaction.atomic
def note_failed_backup(*, reason: str) -> None:
    """The backup of the night was not made."""
    publish(BackupFailed(reason=reason), about=INSTALLATION, by=SYSTEM)


@transaction.atomic
def note_restore(*, file: str, made_at: str, version: str) -> None:
    """This database was brought back from the backup `file`."""
    publish(BackupRestored(file=file, made_at=made_at, version=version), about=INSTALLATION, by=SYSTEM)
