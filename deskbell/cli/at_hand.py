"""A database for one command: the one that runs, or the embedded one started for as long as it takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deskbell.cli import database, embedded
from deskbell.cli.embedded import Cluster
from deskbell.cli.refusal import Refusal
from deskbell.cli.up import Lock
from deskbell.kit.paths import data_dir


@contextmanager
def running() -> Iterator[str]:
    """The address of a database that holds something already; the desk may run or not. Raises Refusal."""
    if database.given() or embedded.url(data_dir()):
        database.choose()
        yield direct()
        return
    if not (embedded.place(data_dir()) / "data" / "PG_VERSION").exists():
        raise Refusal(
            f"There is no database in the data folder {data_dir()}. Name the folder with --data-dir, "
            "or a database in DATABASE_URL."
        )
    with Lock(data_dir()), started():
        yield direct()


@contextmanager
def started() -> Iterator[str]:
    """The address of the database that DATABASE_URL names, or of the embedded one, made if there is none.

    The caller holds the lock of the data folder.
    """
    if database.given():
        yield direct()
        return
    cluster = Cluster(data_dir())
    try:
        cluster.start()
        os.environ["DATABASE_URL"] = cluster.url()
        yield direct()
    finally:
        cluster.stop()
        os.environ.pop("DATABASE_URL", None)


def direct() -> str:
    """DATABASE_DIRECT_URL, else the database's address: a pooler would not keep our session."""
    if file := os.environ.get("DATABASE_DIRECT_URL_FILE"):
        return Path(file).read_text().strip()
    return os.environ.get("DATABASE_DIRECT_URL") or database.given() or ""
