"""`deskbell migrate`: bring the database to this version, or refuse one that is newer."""

from __future__ import annotations

import os
import sys
from typing import Any

from deskbell.cli import database, schema
from deskbell.cli.refusal import Refusal
from deskbell.kit.paths import data_dir

#: any number, the same in every Deskbell: two machines that start together migrate one after the other
LOCK = 7_236_554_110


def run(*, backup: bool = True) -> None:
    """Apply what is missing, after a `backup` of what is there.

    Raises Refusal when the database is of a newer version, or too old, or cannot be backed up.
    """
    schema.refuse_newer(data_dir())
    database.set_up()
    with database.plain_words():
        _refuse_old_server()
        with database.connect(_direct(), autocommit=False) as lock:
            lock.execute("select pg_advisory_xact_lock(%s)", [LOCK])
            _apply(backup=backup)


def _direct() -> str:
    from django.conf import settings  # set up by now

    return str(settings.DATABASE_DIRECT_URL)


def _refuse_old_server() -> None:
    from django.db import connection  # set up by now

    with connection.cursor() as cursor:
        cursor.execute("show server_version")
        version = int(cursor.fetchone()[0].split(".")[0])
    if version < schema.OLDEST_POSTGRES:
        raise Refusal(
            f"The database is PostgreSQL {version}; Deskbell needs {schema.OLDEST_POSTGRES} or newer."
        )


def _apply(*, backup: bool) -> None:
    # set up by now
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.recorder import MigrationRecorder

    loader = MigrationLoader(connection)
    unknown = sorted(set(loader.applied_migrations) - set(loader.disk_migrations))
    if unknown:
        names = ", ".join(f"{app}.{name}" for app, name in unknown[:3])
        raise Refusal(
            f"The database was last used by a newer Deskbell (it has {names}, which this version does not "
            "know). Install that version or a newer one, or restore a backup."
        )
    upgrade = bool(loader.applied_migrations) and set(loader.disk_migrations) > set(loader.applied_migrations)
    made = _back_up(connection) if backup and upgrade else None
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    schema.remember(list(MigrationRecorder(connection).applied_migrations()), data_dir())
    if made is not None:
        from deskbell.config import actions  # set up by now

        actions.note_backup(file=made.path.name, size=made.size, seconds=round(made.seconds, 1))


def _back_up(connection: Any) -> Any:
    """Save the database before it is changed; returns the backup, None where there is nothing to lose.

    A machine without pg_dump, whose database somebody else looks after, only gets a warning.
    """
    if os.environ.get("DESKBELL_BACKUP_BEFORE_UPGRADE", "on").lower() in ("0", "off", "no", "false"):
        return None
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('people_user'), to_regclass('tickets_ticket')")
        if None in cursor.fetchone():
            return None
        cursor.execute("select exists(select 1 from people_user) or exists(select 1 from tickets_ticket)")
        if not cursor.fetchone()[0]:
            return None
    from deskbell.cli import backup, binaries  # a start that upgrades nothing needs neither

    try:
        return backup.before_upgrade(_direct())
    except binaries.NoDump as refusal:
        print(f"The database is upgraded without a backup. {refusal}", file=sys.stderr)
        return None
    except OSError as error:
        raise Refusal(
            f"No backup could be made before the upgrade: {error.strerror} ({error.filename}). Free some "
            "space, or set DESKBELL_BACKUP_BEFORE_UPGRADE=off. Nothing was changed.",
            code=74,
        ) from None
