"""`deskbell backup` and `restore`: from a desk with an embedded database into an external one, and back."""

from __future__ import annotations

import gzip
import os
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import conninfo

from deskbell.cli import archive, embedded
from tests.support.desk import Desk, deskbell, open_folder
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("commands")]

MAIL = """From: Bo <bo@example.org>
To: help@example.com
Subject: Scan %(n)s
Message-ID: <%(n)s@x>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

See the scan.
--b
Content-Type: application/octet-stream; name=scan%(n)s.bin
Content-Disposition: attachment; filename=scan%(n)s.bin
Content-Transfer-Encoding: base64

%(content)s
--b--
"""
COUNTS = """
    select (select count(*) from people_user), (select count(*) from tickets_ticket),
        (select count(*) from tickets_message), (select count(*) from files_blob),
        (select count(*) from outbox_outboxitem), (select count(*) from channels_inbounditem)
"""


def write_mail(data: Path, name: str) -> None:
    content = f"{name:<60}".encode().hex()  # hex is base64 as well
    raw = (MAIL % {"n": name, "content": content}).replace("\n", "\r\n").encode()
    done = deskbell(data, "mail", "receive", "--to", "help@example.com", given=raw)
    assert done.returncode == 0, done.stderr


def ask(address: str, question: str) -> Any:
    with psycopg.connect(address) as connection:
        return connection.execute(question).fetchone()


def files(data: Path) -> dict[str, bytes]:
    folder = data / "files"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.glob("*/*/*")
        if path.is_file()
    }


def keys(data: Path) -> dict[str, str]:
    return {name: (data / "keys" / name).read_text() for name in ("secret", "stored", "reference")}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with open_folder() as path:
        yield path


@pytest.fixture(scope="module")
def saved(home: Path) -> Path:
    """An archive with the keys, made while mail came in, of a desk that is stopped now."""
    data = home / "data"
    with Desk(data) as desk:
        made = deskbell(data, "channel", "add", "email", "--name", "Support", "address=help@example.com")
        assert made.returncode == 0, made.stderr
        address = embedded.url(data) or ""
        for n in range(2):
            write_mail(data, f"before-{n}")
        until(lambda: ask(address, COUNTS)[1] == 2, what="two tickets")
        with psycopg.connect(address) as connection:
            connection.execute(
                "insert into django_session values ('k', 'x', now() + interval '1 day');"
                "insert into realtime_presence (ticket_id, user_id, seen_at) values (1, 1, now());"
                # a job that a worker of this desk had begun
                "insert into procrastinate_workers (last_heartbeat) values (now());"
                "insert into procrastinate_jobs (queue_name, task_name, status, args, worker_id) select "
                "'slow', 'left.over', 'doing', '{}', id from procrastinate_workers order by id desc limit 1"
            )
        more = [threading.Thread(target=write_mail, args=(data, f"meanwhile-{n}")) for n in range(3)]
        for each in more:
            each.start()
        done = deskbell(data, "backup", str(home / "saved.tar"), "--with-keys")
        for each in more:
            each.join()
        assert (done.returncode, "holds your keys" in done.stderr) == (0, True), done.stderr
        event = ask(address, "select data from events_event where kind = 'backup.made'")[0]
        assert (event["file"], event["size"]) == ("saved.tar", (home / "saved.tar").stat().st_size)
        busy = deskbell(data, "restore", str(home / "saved.tar"), "--yes")
        assert (busy.returncode, "already runs on the data folder" in busy.stderr) == (1, True)
        assert desk.get("/healthz") == (200, b"ok")
    return home / "saved.tar"


@pytest.fixture(scope="module")
def external() -> Iterator[str]:
    """An empty database on the server of this test run."""
    name = f"restored_{os.getpid()}"
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name}")
        connection.execute(f"create database {name}")
        parts = conninfo.conninfo_to_dict(server)
        host, password = str(parts["host"]).replace("/", "%2F"), parts.get("password")
        who = f"{parts['user']}:{password}" if password else parts["user"]
        yield f"postgresql://{who}@{host}:{parts['port']}/{name}"
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def moved(home: Path, saved: Path, external: str) -> Path:
    """The data folder of a desk that was restored into the external database."""
    done = deskbell(home / "moved", "restore", str(saved), DATABASE_URL=external)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Everybody signs in again." in done.stdout
    return home / "moved"


def test_every_file_and_key_is_the_same_and_the_rows_are_those_of_one_moment(
    home: Path, saved: Path, moved: Path, external: str
) -> None:
    old, new = files(home / "data"), files(moved)
    assert keys(moved) == keys(home / "data")
    assert new == {name: old[name] for name in new}
    with psycopg.connect(external) as connection:
        rows = {row[0] for row in connection.execute("select sha256 from files_blob")}
    # files are read after the rows: all that the rows name is there
    assert {name.rpartition("/")[2] for name in new} >= rows
    counts = archive.manifest_of(saved).counts
    users, tickets, messages, blobs, _outbox, inbound = ask(external, COUNTS)
    assert {"users": users, "tickets": tickets, "messages": messages, "files": blobs} == counts
    assert tickets >= 2
    assert (
        ask(external, "select count(*) from channels_inbounditem where state = 'received'")[0] + tickets
        == inbound
    )


def test_nobody_is_signed_in_and_no_job_has_a_worker_of_the_old_desk(moved: Path, external: str) -> None:
    assert ask(external, "select count(*) from django_session")[0] == 0
    assert ask(external, "select count(*) from realtime_presence")[0] == 0
    assert ask(external, "select count(*) from procrastinate_workers")[0] == 0
    left = "select status::text, worker_id from procrastinate_jobs where task_name = 'left.over'"
    assert ask(external, left) == ("doing", None)


def test_old_events_and_their_jobs_count_below_every_new_transaction(moved: Path, external: str) -> None:
    old = "select max(xact) < 0, count(*) > 0 from events_event where kind <> 'backup.restored'"
    assert ask(external, old) == (True, True)
    assert ask(external, "select xact > 0 from events_event where kind = 'backup.restored'") == (True,)
    jobs = (
        "select count(*) from procrastinate_jobs where task_name = 'events.deliver' and args->>'xact' > '0'"
    )
    assert ask(external, f"{jobs} and (args->>'xact')::bigint > 0") == (0,)


def state(data: Path, address: str) -> tuple[Any, ...]:
    events = ask(address, "select count(*), max(id) from events_event")
    return (*ask(address, COUNTS), events, files(data), keys(data))


def refused(data: Path, address: str, file: Path, *more: str) -> str:
    """What a restore says that leaves everything as it was."""
    before = state(data, address)
    done = deskbell(data, "restore", str(file), *more, DATABASE_URL=address)
    assert (done.returncode, done.stdout) == (1, "")
    assert state(data, address) == before
    assert not (data / "restoring").exists()
    return done.stderr


def test_a_second_one_needs_to_be_told_so(saved: Path, moved: Path, external: str) -> None:
    assert "say --yes. Nothing was changed." in refused(moved, external, saved)


def test_a_cut_archive_a_newer_one_and_a_desk_in_use_are_refused(
    home: Path, saved: Path, moved: Path, external: str
) -> None:
    cut = home / "cut.tar"
    cut.write_bytes(saved.read_bytes()[: saved.stat().st_size * 2 // 3])
    assert "Nothing was changed." in refused(moved, external, cut, "--yes")

    newer = home / "newer.tar"
    manifest = archive.manifest_of(saved)
    with archive.Writer(newer) as out:
        later = replace(manifest, migrations=[*manifest.migrations, ["tickets", "0999_later"]])
        out.add_bytes(archive.MANIFEST, archive.manifest_bytes(later))
    assert "newer than this one" in refused(moved, external, newer, "--yes")

    with psycopg.connect(external, application_name="deskbell worker"):
        assert "still runs on this database" in refused(moved, external, saved, "--yes")


def test_a_database_that_does_not_take_it_stays_as_it_was(
    home: Path, saved: Path, moved: Path, external: str
) -> None:
    """The last statement of the archive fails, after all tables were replaced."""
    broken = home / "broken.tar"
    with tarfile.open(saved) as tar, archive.Writer(broken) as out:
        for info in tar:
            content = tar.extractfile(info)
            assert content is not None
            text = content.read()
            if info.name == "database/indexes.sql.gz":
                text = gzip.compress(gzip.decompress(text) + b"\nselect 1 / 0;\n")
            if info.name != archive.SUMS:
                out.add_bytes(info.name, text)
    assert "division by zero. Nothing was changed." in refused(moved, external, broken, "--yes")


def test_an_upgrade_saves_the_database_first_and_that_brings_it_back(
    home: Path, saved: Path, moved: Path, external: str
) -> None:
    """Also without keys, over data, and with the files that are there."""
    before = ask(external, COUNTS)
    undone = deskbell(moved, "manage", "migrate", "search", "zero", DATABASE_URL=external)
    assert undone.returncode == 0, undone.stderr
    done = deskbell(moved, "migrate", DATABASE_URL=external)
    assert (done.returncode, done.stderr) == (0, "")
    (made,) = (moved / "backups").glob("before-*.tar")
    last = "select data->>'file' from events_event where kind = 'backup.made' order by id desc limit 1"
    assert ask(external, last)[0] == made.name

    with_files = files(moved)
    (moved / "keys" / "stored").write_text("another key\n")
    back = deskbell(moved, "restore", str(made), "--yes", DATABASE_URL=external)
    assert back.returncode == 0, back.stderr
    assert "The keys of that desk are not here" in back.stderr
    assert (ask(external, COUNTS), files(moved)) == (before, with_files)
    assert (moved / "keys" / "stored").read_text() == "another key\n"


def test_a_desk_that_stands_still_is_saved_too_and_the_oldest_go(home: Path, saved: Path) -> None:
    shelf = home / "shelf"
    shelf.mkdir()
    for name in ("deskbell-20200101-000000.tar", "deskbell-20200102-000000.tar"):
        (shelf / name).touch()
        os.utime(shelf / name, (int(name[13:17]), int(name[13:17])))
    done = deskbell(home / "data", "backup", str(shelf), "--keep", "1")
    assert (done.returncode, "The keys are not in it" in done.stderr) == (0, True), done.stderr
    (kept,) = shelf.iterdir()
    assert str(kept) in done.stdout
    assert archive.manifest_of(kept).keys is False
    with tarfile.open(kept) as tar:
        assert [name for name in tar.getnames() if name.startswith("keys")] == []
    assert embedded.url(home / "data") is None


def test_where_there_is_nothing_it_says_so(folder: Path) -> None:
    nothing = deskbell(folder / "data", "backup", str(folder / "x.tar"))
    assert (nothing.returncode, "There is no database" in nothing.stderr) == (1, True)
    missing = deskbell(folder / "data", "restore", str(folder / "x.tar"))
    assert (missing.returncode, missing.stderr) == (1, f"deskbell: There is no file {folder / 'x.tar'}.\n")
    assert not (folder / "data").exists()
