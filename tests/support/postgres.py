"""One PostgreSQL for a test run, unless DATABASE_URL names one. Loaded as a plugin (`-p`) before Django.

The controller of a parallel run starts it; its workers inherit the address. Django's test runner makes a
database for each worker inside it, for which the role needs CREATEDB and nothing else.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deskbell.cli.embedded import Cluster

#: nothing of a test has to survive a crash of the machine
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}

_started: list[tuple[Cluster | None, Path]] = []


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
    return cluster


def pytest_unconfigure() -> None:
    while _started:
        cluster, folder = _started.pop()
        if cluster is not None:
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
