"""`deskbell migrate`: bring the database to this version, or refuse one that is newer."""

from __future__ import annotations

from deskbell.cli import database, schema
from deskbell.cli.refusal import Refusal
from deskbell.kit.paths import data_dir

#: any number, the same in every Deskbell: two machines that start together migrate one after the other
LOCK = 7_236_554_110


def run() -> None:
    """Apply what is missing. Raises Refusal when the database is of a newer version, or too old."""
    schema.refuse_newer(data_dir())
    database.set_up()
    with database.plain_words():
        _refuse_old_server()
        with database.connect(_direct(), autocommit=False) as lock:
            lock.execute("select pg_advisory_xact_lock(%s)", [LOCK])
            _apply()


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


def _apply() -> None:
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
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    schema.remember(list(MigrationRecorder(connection).applied_migrations()), data_dir())
