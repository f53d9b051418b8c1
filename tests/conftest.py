"""Fixtures for all tests. The database of a run is started by tests/support/postgres.py."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management.commands import flush
from django.db import connection


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short empty folder that every user may enter (pytest's own are closed to others)."""
    path = Path(tempfile.mkdtemp(prefix="desk-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")


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
