"""Back to the first day: everything on the demo desk is removed and told anew, with fresh dates."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management.sql import emit_post_migrate_signal
from django.db import OperationalError, connection, transaction

from deskbell.demo import world

log = logging.getLogger(__name__)

TRIES = 5
#: a deadlock with somebody who was writing, or a lock that did not come
PASSING = frozenset({"40P01", "55P03"})
LOCK_TIMEOUT = "15s"
SECONDS = 120
#: whose tables are emptied: ours, and what the sign-in library keeps about people
EMPTIED = ("deskbell.", "allauth.account.", "allauth.mfa.", "django.contrib.sessions.")


class NotADemo(Exception):
    """This database holds a real desk."""


class Failed(Exception):
    """The reset ended early; nothing was changed."""


def in_a_process() -> None:
    """Reset in a process of its own: telling the stories turns the clock of its process. Raises Failed."""
    command = [sys.executable, "-m", "deskbell", "demo", "--reset"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed from error
    if done.returncode:
        log.error("the reset of the demo failed", extra={"said": done.stderr.decode(errors="replace")[-500:]})
        raise Failed


def reset() -> None:
    """Empty the desk and make the demo company again, in one transaction. Raises NotADemo.

    Who reads or writes meanwhile waits until it is done. Ids are never used twice, so a job or a page of the
    time before finds nothing rather than something else; only ticket numbers begin anew.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            _reset()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in PASSING or not tries_left:
                raise
        else:
            break
    for path in Path(settings.EMAIL_FILE_PATH).glob("*.eml"):
        path.unlink(missing_ok=True)


@transaction.atomic
def _reset() -> None:
    world.lock()
    if world.made_at() is None:
        raise NotADemo
    with connection.cursor() as cursor:
        cursor.execute("set local lock_timeout = %s", [LOCK_TIMEOUT])
        cursor.execute("set local deskbell.reset = 'on'")  # lets the table of events be emptied
        tables = ", ".join(f'"{table}"' for table in _tables())
        cursor.execute(f"truncate {tables}")
        cursor.execute("alter sequence tickets_number restart")
        # one that runs comes to its end by itself
        cursor.execute("update procrastinate_periodic_defers set job_id = null")
        cursor.execute("delete from procrastinate_jobs where status <> 'doing'")
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")  # what a new desk begins with
    world.build(everything=True)


def _tables() -> list[str]:
    return sorted(
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith(EMPTIED) and model._meta.managed
    )
