"""One PostgreSQL for a test run, unless DATABASE_URL names one. Loaded as a plugin (`-p`) before Django.

The controller of a parallel run starts it; its workers inherit the address. Django's test runner makes a
database for each worker inside it, for which the role needs CREATEDB and nothing else: a copy of one that is
migrated while the tests are collected.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deskbell.cli.embedded import Cluster
from tests.support.waiting import until

#: nothing of a test has to survive a crash of the machine
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
#: the database to copy, and the file in the run's folder that says it is ready
MIGRATED = "migrated"

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
    cluster = Cluster(folder, settings=QUICK, keep=False)
    cluster.start()
    os.environ["DATABASE_URL"] = cluster.url()
    os.environ["TEST_TEMPLATE"] = str(folder / MIGRATED)
    # one of its own: what somebody is connected with cannot be copied
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute(f"create database {MIGRATED}")
    _migrating.append(
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.template", folder / MIGRATED],
            cwd=Path(__file__).resolve().parents[2],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "deskbell.config.settings",
                "DATABASE_URL": cluster.url(database=MIGRATED),
            },
        )
    )
    return cluster


def template() -> dict[str, object]:
    """What the settings of a test database say more (`TEST`): it begins as a copy of the migrated one."""
    given = os.environ.get("TEST_TEMPLATE")
    if not given:
        return {}
    until(Path(given).exists, seconds=180, what="the database to copy is migrated")
    said = Path(given).read_text()
    assert not said, said
    return {"TEMPLATE": MIGRATED, "MIGRATE": False}


def pytest_unconfigure() -> None:
    for process in _migrating:
        if process.poll() is None:
            process.terminate()
        process.wait()
    _migrating.clear()
    while _started:
        cluster, folder = _started.pop()
        if cluster is not None:
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
