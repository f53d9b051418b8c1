"""The backup each night, made by a worker when DESKBELL_BACKUP_DIR names a folder."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone
from procrastinate.contrib.django import app

from deskbell.config import actions
from deskbell.people.queries import company
from deskbell.setup.system import last_backup

log = logging.getLogger(__name__)

#: the hour of the company's day
HOUR = 2
#: a desk that slept at that hour makes up for it
LATE = timedelta(hours=26)


def is_due(last: datetime | None, now: datetime) -> bool:
    """Whether the backup is to be made now, asked once an hour; `last` is when the newest one was made."""
    if last is None or now - last > LATE:
        return True
    return now.astimezone(ZoneInfo(company().time_zone)).hour == HOUR


@app.periodic(cron="30 * * * *")
@app.task(queue="slow", name="config.back_up", lock="config.back_up", queueing_lock="config.back_up")
async def back_up(timestamp: int) -> None:
    """Each hour: make the backup when it is due. A failure is an event, and the next hour tries again."""
    if not settings.BACKUP_DIR or not await sync_to_async(_is_due_now)():
        return
    if reason := await run(Path(settings.BACKUP_DIR), settings.BACKUP_KEEP):
        log.error("the backup was not made: %s", reason)
        await sync_to_async(actions.note_failed_backup)(reason=reason)


def _is_due_now() -> bool:
    last = last_backup()
    return is_due(last.at if last else None, timezone.now())


async def run(folder: Path, keep: int) -> str:
    """Make a backup in `folder`, by the command in a process of its own. Returns why it failed, else "".

    It compresses for minutes: in this process it would hold up the jobs of people who wait.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        return f"{folder}: {error.strerror}"
    command = ("-m", "deskbell", "backup", str(folder), "--keep", str(keep))
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await child.communicate()
    except asyncio.CancelledError:  # the worker is asked to stop: the next one begins anew
        child.terminate()
        raise
    if child.returncode == 0:
        return ""
    lines = said.decode(errors="replace").strip().splitlines()
    return (lines[-1] if lines else f"it ended with {child.returncode}").removeprefix("deskbell: ")[:500]
