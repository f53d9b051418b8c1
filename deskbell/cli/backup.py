"""`deskbell backup`: the database and its files in one archive (`archive` says what is in it).

The database is read from one snapshot. Files are named by their content and only added, so those read
after the snapshot hold all that its rows name. Needs no Django, and works on a database of any version.
"""

from __future__ import annotations

import datetime
import errno
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import deskbell
from deskbell.cli import archive, at_hand, binaries, database
from deskbell.cli.refusal import Refusal
from deskbell.kit import keys
from deskbell.kit.paths import data_dir

#: pg_dump's name of each part
SECTIONS = {"schema": "pre-data", "data": "data", "indexes": "post-data"}
#: signed-in browsers are asked to sign in again after a restore; what is cached is made anew; who
#: looked at a ticket is kept nowhere
EMPTIED = ("django_session", "kit_cache", "realtime_presence")
#: lines of pg_dump that a target may not know (another version, psql's own) or may not allow: the schema
#: `public` is there already, and may belong to somebody else
LEFT_OUT = re.compile(
    rb"(\\(un)?restrict .*|SET transaction_timeout = 0;|CREATE SCHEMA public;"
    rb"|ALTER SCHEMA public .*|COMMENT ON SCHEMA public .*)\n"
)
COUNTS = {
    "users": "people_user",
    "tickets": "tickets_ticket",
    "messages": "tickets_message",
    "files": "files_blob",
}
#: how many automatic backups before an upgrade are kept
KEPT = 5


@dataclass(frozen=True)
class Made:
    """A backup: where, its size in bytes, how long it took, and the stored files that were not well."""

    path: Path
    size: int
    seconds: float
    unwell: list[str]


def run(target: Path, *, with_keys: bool, keep: int | None) -> int:
    """Write the archive `target`, or one named by the time into the folder `target`."""
    folder = target if target.is_dir() else None
    if keep is not None and (folder is None or keep < 1):
        raise Refusal("--keep says how many backups stay in a folder: name a folder, and a number above 0.")
    path = folder / f"deskbell-{_now():%Y%m%d-%H%M%S}.tar" if folder else target
    with at_hand.running() as address:
        made = make(path, address, with_keys=with_keys)
        _note(made)
    if folder and keep:
        forget_old(folder, "deskbell-*.tar", keep)
    print(f"{made.path}  {made.size / 1e6:.1f} MB in {made.seconds:.0f} s")
    if with_keys:
        _warn(
            "The archive holds your keys: whoever reads it can read the stored passwords of your mailboxes."
        )
    else:
        _warn(f"The keys are not in it: keep {data_dir() / 'keys'} somewhere else, or use --with-keys.")
    if made.unwell:
        _warn(
            f"{len(made.unwell)} stored files are missing or damaged on the disk, "
            f"for example {made.unwell[0]}. The rest was saved."
        )
    return 0


def before_upgrade(address: str) -> Made:
    """A backup of the database alone in `<data>/backups/`: an upgrade does not touch the files."""
    folder = data_dir() / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    made = make(folder / f"before-{deskbell.__version__}-{_now():%Y%m%d-%H%M%S}.tar", address, files=False)
    forget_old(folder, "before-*.tar", KEPT)
    return made


def make(path: Path, address: str, *, with_keys: bool = False, files: bool = True) -> Made:
    """Write the archive `path`. Raises Refusal, or OSError when the disk does not take it."""
    begin = time.monotonic()
    if not path.parent.is_dir():
        raise Refusal(f"There is no folder {path.parent}.")
    try:
        with database.connect(address, autocommit=False, application_name="deskbell backup") as connection:
            unwell = _write(path, address, connection, with_keys=with_keys, files=files)
    except OSError as error:
        raise OSError(error.errno or errno.EIO, error.strerror, str(path)) from None
    return Made(path, path.stat().st_size, time.monotonic() - begin, unwell)


def forget_old(folder: Path, pattern: str, keep: int) -> None:
    """Remove all but the `keep` newest of the archives; their names sort by time within one version."""
    for old in sorted(folder.glob(pattern), key=lambda each: each.stat().st_mtime)[:-keep]:
        old.unlink()


def _write(path: Path, address: str, connection: Any, *, with_keys: bool, files: bool) -> list[str]:
    connection.execute("set transaction isolation level repeatable read, read only")
    # it only waits while pg_dump reads
    connection.execute("set local idle_in_transaction_session_timeout = 0")
    manifest = _manifest(connection, with_keys=with_keys, files=files)
    snapshot = connection.execute("select pg_export_snapshot()").fetchone()[0]
    program = binaries.dump_program(connection.info.server_version // 10000)
    with (
        archive.Writer(path) as out,
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as place,
    ):
        out.add_bytes(archive.MANIFEST, archive.manifest_bytes(manifest))
        for part in archive.PARTS:
            dumped = Path(place) / part
            _dump(program, address, snapshot, SECTIONS[part], dumped)
            with dumped.open("rb") as content:
                out.add(f"database/{part}.sql.gz", content)
            dumped.unlink()
        unwell = _add_files(out, connection) if files else []
        for purpose in keys.PURPOSES if with_keys else ():
            out.add_bytes(f"keys/{purpose}", f"{keys.key(purpose)}\n".encode())
    return unwell


def _manifest(connection: Any, *, with_keys: bool, files: bool) -> archive.Manifest:
    from deskbell.kit.secrets import seal  # loads cryptography

    if connection.execute("select to_regclass('public.django_migrations')").fetchone()[0] is None:
        raise Refusal("There is nothing to back up: no Deskbell was ever set up in this database.")
    if connection.execute("select current_schema()").fetchone()[0] != "public":
        raise Refusal("Deskbell's tables have to be in the schema public of their database.")
    return archive.Manifest(
        format=archive.FORMAT,
        deskbell=deskbell.__version__,
        postgresql=connection.execute("show server_version").fetchone()[0],
        made_at=_now().isoformat(timespec="seconds"),
        migrations=[
            list(row) for row in connection.execute("select app, name from django_migrations order by 1, 2")
        ],
        counts={
            name: connection.execute(f"select count(*) from {table}").fetchone()[0]  # noqa: S608 - constants
            for name, table in COUNTS.items()
        },
        files=files,
        keys=with_keys,
        proof=seal("deskbell").decode(),
    )


def _dump(program: Path, address: str, snapshot: str, section: str, to: Path) -> None:
    """Write one section of the snapshot, compressed, to the file `to`."""
    from psycopg import conninfo  # slow; a connection is open by now

    parameters: dict[str, Any] = conninfo.conninfo_to_dict(address)
    # other users of the machine can read a command's arguments
    password = str(parameters.pop("password", ""))
    command = [
        str(program), f"--dbname={conninfo.make_conninfo(**parameters)}", f"--snapshot={snapshot}",
        f"--section={section}", "--schema=public", "--no-owner", "--no-privileges",
        *(f"--exclude-table-data=public.{table}" for table in EMPTIED),
    ]  # fmt: skip
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    with tempfile.TemporaryFile() as said, gzip.open(to, "wb", compresslevel=4) as out:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=environment)
        assert child.stdout is not None
        try:
            if section == "data":
                shutil.copyfileobj(child.stdout, out, archive.CHUNK)
            else:
                out.writelines(line for line in child.stdout if not LEFT_OUT.fullmatch(line))
        finally:
            child.stdout.close()
            code = child.wait()
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    if code:
        raise Refusal(
            f"The database could not be read: {lines[-1] if lines else f'pg_dump ended with {code}'}"
        )


def _add_files(out: archive.Writer, connection: Any) -> list[str]:
    """Put the files of the snapshot in; returns the names of those missing or damaged."""
    folder = data_dir() / "files"
    missing, damaged = [], []
    for (name,) in connection.execute("select sha256 from files_blob order by sha256").fetchall():
        inside = f"{name[:2]}/{name[2:4]}/{name}"
        try:
            content = (folder / inside).open("rb")
        except FileNotFoundError:
            missing.append(name)
            continue
        with content:
            if out.add(f"files/{inside}", content) != name:
                damaged.append(name)
    # what was swept after the snapshot is missing rightly: nothing held on to it any more
    connection.rollback()
    held = connection.execute("select sha256 from files_blob where sha256 = any(%s)", [missing]).fetchall()
    return sorted([*damaged, *(name for (name,) in held)])


def _note(made: Made) -> None:
    """Write into the audit trail that there is a backup, unless an upgrade of that table is still to come."""
    database.set_up()
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    from deskbell.config import actions  # Django is ready by now

    with database.plain_words():
        loader = MigrationLoader(connection)
        missing = set(loader.disk_migrations) - set(loader.applied_migrations)
        if "events" not in {app for app, _ in missing}:
            actions.note_backup(file=made.path.name, size=made.size, seconds=round(made.seconds, 1))


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _warn(sentence: str) -> None:
    print(sentence, file=sys.stderr)
