"""Fixtures for all tests. The database of a run is started by tests/support/postgres.py."""

from __future__ import annotations

import gc
import os
import socketserver
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management.commands import flush
from django.db import connection, transaction
from jinja2 import FileSystemBytecodeCache

from deskbell.people import companies
from deskbell.people.models import Company
from tests.support.desk import open_folder
from tests.support.postgres import template


@pytest.fixture(autouse=True)
def company_of_this_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is stored yet, until the test changes it: a second is no measure for tests."""
    monkeypatch.setattr(companies, "KEPT_SECONDS", 3600.0)
    monkeypatch.setattr(companies, "_kept", (time.monotonic(), None))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    connection.settings_dict["TEST"].update(template())


@pytest.fixture(scope="module")
def lasting(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What is stored under it is there for every test of the module, each of which takes back its own.

    For modules whose tests run in transactions (not `transaction=True`).
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short empty folder that every user may enter (pytest's own are closed to others)."""
    with open_folder() as path:
        yield path


_flush = flush.Command.handle


def _flush_events_too(self, **options):
    """Tests that commit empty the tables afterwards, and events allow that only when asked to."""
    with connection.cursor() as cursor:
        cursor.execute("set deskbell.reset = 'on'")
        try:
            return _flush(self, **options)
        finally:
            cursor.execute("reset deskbell.reset")


flush.Command.handle = _flush_events_too


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_configure() -> None:
    """Passwords of tests need no protection, and their clients no static files to look through.

    Replies leave at once, unless a test says otherwise. A template is compiled once for all processes of
    the run. Servers of tests end at once.
    """
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_USE_FINDERS = False
    # tests of other things see a reply leave at once; those of taking back say how long
    vars(Company._meta.get_field("undo_seconds"))["_get_default"] = lambda: 0
    compiled = Path(os.environ["TEST_RUN_FOLDER"]) / "templates"
    compiled.mkdir(exist_ok=True)
    # a server that is told to end looks for it every half second
    vars(socketserver.BaseServer)["serve_forever"].__defaults__ = (0.01,)
    settings.TEMPLATES[0]["OPTIONS"]["bytecode_cache"] = FileSystemBytecodeCache(str(compiled))
