"""`deskbell restore`: bring back what `deskbell backup` wrote, all of it or nothing.

The archive is unpacked beside the files and checked before anything is touched. The database is then
replaced in one transaction, so a crash leaves the old desk or the new one. Files are put in place before
that transaction commits (they are named by their content, and never differ); those of the old desk are
removed after it.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import deskbell
from deskbell.cli import archive, at_hand, database, migrate, schema
from deskbell.cli.archive import Manifest
from deskbell.cli.refusal import Refusal
from deskbell.cli.up import Lock, make_folder
from deskbell.kit.paths import data_dir

#: what the tables need; the dump leaves extensions out, because only their owner may drop them
EXTENSIONS = ("pg_trgm", "unaccent")
#: bytes of rows sent at a time
BATCH = 256 * 1024
LOCK_TIMEOUT = "10s"

#: everything in the schema public that belongs to no extension (e) or column (i), as removing statements
REMOVALS = """
    with ours as (
        select 'pg_class'::regclass as class, c.oid, 1 as turn,
            format('drop %s if exists %s cascade',
                case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
                    when 'S' then 'sequence' when 'f' then 'foreign table' else 'table' end,
                c.oid::regclass) as statement
        from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
        union all
        select 'pg_proc'::regclass, p.oid, 2,
            format('drop routine if exists %s cascade', p.oid::regprocedure)
        from pg_proc p where p.pronamespace = 'public'::regnamespace
        union all
        select 'pg_type'::regclass, t.oid, 3, format('drop type if exists %s cascade', t.oid::regtype)
        from pg_type t left join pg_class c on c.oid = t.typrelid
        where t.typnamespace = 'public'::regnamespace
            and (t.typtype in ('e', 'd') or (t.typtype = 'c' and c.relkind = 'c'))
    )
    select statement from ours
    where not exists (
        select 1 from pg_depend d
        where d.classid = ours.class and d.objid = ours.oid and d.deptype in ('e', 'i')
    )
    order by turn
"""
#: Transactions are numbered by the server, and this one may count from the beginning again: those of the old
#: server are put below all of ours, in the events and in the jobs that deliver them.
RENUMBER = """
    with old as (select greatest(coalesce(max(xact), 0) + 1, 0) as below from public.events_event),
    events as (update public.events_event set xact = xact - old.below from old)
    update public.procrastinate_jobs
    set args = jsonb_set(args, '{xact}', to_jsonb((args->>'xact')::bigint - old.below))
    from old where task_name = 'events.deliver'
"""
#: a job that has no worker is taken up again by the first one that looks
LET_GO = """
    update public.procrastinate_jobs set worker_id = null where worker_id is not null;
    delete from public.procrastinate_workers;
"""


def run(file: Path, *, yes: bool) -> int:
    """Restore `file` into DATABASE_URL or the embedded database. Raises Refusal; nothing is changed then."""
    if not file.is_file():
        raise Refusal(f"There is no file {file}.")
    folder = data_dir()
    make_folder(folder)
    manifest = archive.manifest_of(file)
    _refuse_newer(file, manifest)
    with Lock(folder), at_hand.started() as address, _empty(folder / "restoring") as place:
        database.set_up()
        _refuse_unknown(file, manifest)
        with database.connect(address, autocommit=False, application_name="deskbell restore") as connection:
            _refuse_target(connection, yes=yes)
            connection.rollback()
            names = archive.unpack(file, place)
            _replace(connection, place, names, yes=yes)
        _finish(file, manifest, place, names)
    print(f"Restored the desk of {_when(manifest)}: {_counted(manifest)}. Everybody signs in again.")
    _say_what_is_missing(manifest)
    return 0


# --- what is refused ------------------------------------------------------------------------------


def _refuse_newer(file: Path, manifest: Manifest) -> None:
    if schema.order(manifest.deskbell) > schema.order(deskbell.__version__):
        raise _newer(file, manifest)


def _refuse_unknown(file: Path, manifest: Manifest) -> None:
    """Refuse what a later development version of the same number wrote."""
    from django.db.migrations.loader import MigrationLoader  # Django is ready by now

    if {tuple(each) for each in manifest.migrations} - set(MigrationLoader(None).disk_migrations):
        raise _newer(file, manifest)


def _newer(file: Path, manifest: Manifest) -> Refusal:
    return Refusal(
        f"{file} was written by Deskbell {manifest.deskbell}, which is newer than this one "
        f"({deskbell.__version__}). Install that version or a newer one. Nothing was changed."
    )


def _refuse_target(connection: Any, *, yes: bool) -> None:
    """Refuse a database that is in use, that is not ours, or, without `yes`, that holds data."""

    def ask(question: str) -> Any:
        return connection.execute(question).fetchone()[0]

    if ask(
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and pid <> pg_backend_pid() and application_name like 'deskbell%'"
    ):
        raise Refusal(
            "Deskbell still runs on this database. Stop its web and worker processes on all machines first. "
            "Nothing was changed."
        )
    if ask("select current_schema()") != "public":
        raise Refusal("Deskbell's tables have to be in the schema public. Nothing was changed.")
    if ask("select to_regclass('public.people_user')") is None:
        if ask("select count(*) from pg_tables where schemaname = 'public'"):
            raise Refusal(
                "The database holds tables of something else. Give Deskbell a database of its own. "
                "Nothing was changed."
            )
    elif not yes and ask("select exists(select 1 from people_user) or exists(select 1 from tickets_ticket)"):
        raise Refusal(
            "There are people or tickets in this database, and a restore replaces all of them. "
            "If that is what you want, say --yes. Nothing was changed."
        )


# --- the database and the files -------------------------------------------------------------------


def _replace(connection: Any, place: Path, names: set[str], *, yes: bool) -> None:
    """Put the unpacked archive in the place of what is there, in one transaction."""
    import psycopg  # slow; a connection is open by now

    try:
        connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
        connection.execute("select pg_advisory_xact_lock(%s)", [migrate.LOCK])
        _refuse_target(connection, yes=yes)  # again: unpacking may have taken an hour
        for name in EXTENSIONS:
            connection.execute(f"create extension if not exists {name} with schema public")
        for (statement,) in connection.execute(REMOVALS).fetchall():
            connection.execute(statement)
        _load(connection, place / "database")
        _put_files(place, names)
        connection.commit()
    except psycopg.Error as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise Refusal(f"The database did not take the backup: {reason}. Nothing was changed.") from None


def _load(connection: Any, parts: Path) -> None:
    """Tables, their rows, then indexes, constraints and triggers, so that no trigger hears of old rows."""
    connection.execute(gzip.decompress((parts / "schema.sql.gz").read_bytes()))
    with gzip.open(parts / "data.sql.gz", "rb") as lines:
        for line in lines:
            if line.startswith(b"COPY "):
                _copy(connection, line, lines)
            elif line.startswith(b"SELECT pg_catalog.setval("):
                connection.execute(line)
    connection.execute(RENUMBER)
    connection.execute(LET_GO)
    connection.execute(gzip.decompress((parts / "indexes.sql.gz").read_bytes()))


def _copy(connection: Any, statement: bytes, lines: Iterable[bytes]) -> None:
    """Send the rows that follow in `lines` up to their end mark."""
    rows: list[bytes] = []
    waiting = 0
    with connection.cursor().copy(statement) as copy:
        for row in lines:
            if row == b"\\.\n":
                break
            rows.append(row)
            waiting += len(row)
            if waiting > BATCH:
                copy.write(b"".join(rows))
                rows, waiting = [], 0
        copy.write(b"".join(rows))


def _put_files(place: Path, names: set[str]) -> None:
    """Put the files of the archive into the files folder, for certain on the disk."""
    folder = data_dir() / "files"
    os.sync()
    for name in sorted(name for name in names if name.startswith("files/")):
        path = folder / name.removeprefix("files/")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        (place / name).replace(path)
    os.sync()


def _finish(file: Path, manifest: Manifest, place: Path, names: set[str]) -> None:
    """What follows when the database stands: keys, old files, newer migrations, the audit trail."""
    for purpose in ("secret", "stored", "reference") if manifest.keys else ():
        _put_key(purpose, place / "keys" / purpose)
    if manifest.files:
        _remove_others(names)
    for note in ("version", "migrated.json"):  # of the desk that was here
        (data_dir() / note).unlink(missing_ok=True)
    migrate.run(backup=False)
    from django.db import connection  # Django is ready by now

    from deskbell.config import actions

    actions.note_restore(file=file.name, made_at=manifest.made_at, version=manifest.deskbell)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    connection.close()


def _put_key(purpose: str, new: Path) -> None:
    """The archive's key for `purpose`; one that was here stays beside it."""
    path = data_dir() / "keys" / purpose
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and path.read_bytes() != new.read_bytes():
        shutil.copy2(path, path.with_name(f"{purpose}.before-restore"))
    new.chmod(0o600)
    new.replace(path)


def _remove_others(names: set[str]) -> None:
    """Remove the files of the desk that was here before."""
    folder = data_dir() / "files"
    for path in folder.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
        if f"files/{path.relative_to(folder).as_posix()}" not in names:
            path.unlink()


@contextmanager
def _empty(place: Path) -> Iterator[Path]:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


# --- in words -------------------------------------------------------------------------------------


def _say_what_is_missing(manifest: Manifest) -> None:
    from cryptography.fernet import InvalidToken  # loaded by now

    from deskbell.kit import secrets

    try:
        secrets.unseal(manifest.proof.encode())
    except InvalidToken:
        print(
            "The keys of that desk are not here: stored passwords of its mailboxes and mail still to be sent "
            f"cannot be read. Copy its keys to {data_dir() / 'keys'}, or enter the passwords again.",
            file=sys.stderr,
        )
    if not manifest.files:
        print("Files are not in this backup; those in the data folder are used.", file=sys.stderr)


def _when(manifest: Manifest) -> str:
    return f"{datetime.fromisoformat(manifest.made_at):%Y-%m-%d %H:%M} UTC"


def _counted(manifest: Manifest) -> str:
    return ", ".join(f"{count} {name}" for name, count in manifest.counts.items())
