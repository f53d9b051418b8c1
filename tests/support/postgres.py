"""One PostgreSQL for a test run, unless DATABASE_URL names one. Loaded as a plugin (`-p`) before Django.

The controller of a parallel run starts it; its workers inherit the address. Django's test runner makes a
database for each worker inside it, for which the role needs CREATEDB and nothing else: a copy of one that is
migrated while the tests are collected. The next run begins with the cluster of this one (`KEPT`), where that
has the same migrations, so that there is little left to migrate.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deskbell.cli.embedded import DATABASE, ROLE, Cluster
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]

#: nothing of a test has to survive a crash of the machine
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
#: the file in the run's folder that says that DATABASE is ready to be copied
MIGRATED = "migrated"
#: what the settings connect with; DATABASE is only copied, and what somebody is connected with cannot be
CONNECTED = "connected"
#: clusters by what they hold, stopped
KEPT = ROOT / ".pytest_cache" / "clusters"

_started: list[tuple[Cluster | None, Path]] = []
_migrating: list[subprocess.Popen[bytes]] = []


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Before pytest-django reads the settings, which need the address and a data folder."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="deskbell-tests-"))
        folder.chmod(0o711)
        os.environ["DESKBELL_DATA_DIR"] = os.environ["TEST_RUN_FOLDER"] = str(folder)
        _started.append((_cluster(folder), folder))
    return (yield)


def _cluster(folder: Path) -> Cluster | None:
    if os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE"):
        return None
    begin(folder)
    cluster = Cluster(folder, settings=QUICK, keep=False)
    cluster.start()
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute(f"create database {CONNECTED}")
    os.environ["DATABASE_URL"] = cluster.url(database=CONNECTED)
    os.environ["TEST_TEMPLATE"] = str(folder / MIGRATED)
    _migrating.append(
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.template", folder / MIGRATED],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "deskbell.config.settings",
                "DATABASE_URL": cluster.url(),
            },
        )
    )
    return cluster


def begin(data: Path) -> None:
    """Give the data folder `data` the cluster of an earlier run, where one was kept."""
    kept = KEPT / _held()
    if kept.exists() and subprocess.run(["cp", "-a", kept, data / "postgres"]).returncode:
        # another run puts its own there, or it belongs to another user
        shutil.rmtree(data / "postgres", ignore_errors=True)


def _held() -> str:
    """A name for what is in the databases of a cluster: all migrations, ours and those of libraries."""
    files = [*sorted(ROOT.glob("deskbell/*/migrations/*.py")), ROOT / "requirements" / "test.txt"]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _stop(cluster: Cluster, migrated: Path) -> None:
    """End the cluster, and keep it for the next run where there is none like it."""
    worth = migrated.exists() and not migrated.read_text() and not (KEPT / _held()).exists()
    if worth:
        with psycopg.connect(cluster.url(superuser=True), autocommit=True) as connection:
            made = "select datname from pg_database where datname <> %s and datdba = %s::regrole"
            for (name,) in connection.execute(made, [DATABASE, ROLE]).fetchall():
                connection.execute(f'drop database "{name}" with (force)')
    cluster.stop()
    if worth:
        shutil.rmtree(KEPT, ignore_errors=True)
        KEPT.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mv", "-T", cluster.root, KEPT / _held()])


def template() -> dict[str, object]:
    """What the settings of a test database say more (`TEST`): it begins as a copy of the migrated one."""
    given = os.environ.get("TEST_TEMPLATE")
    if not given:
        return {}
    until(Path(given).exists, seconds=180, what="the database to copy is migrated")
    said = Path(given).read_text()
    assert not said, said
    return {"TEMPLATE": DATABASE, "MIGRATE": False}


def pytest_unconfigure() -> None:
    for process in _migrating:
        if process.poll() is None:
            process.terminate()
        process.wait()
    _migrating.clear()
    while _started:
        cluster, folder = _started.pop()
        if cluster is not None:
            _stop(cluster, folder / MIGRATED)
        shutil.rmtree(folder, ignore_errors=True)
