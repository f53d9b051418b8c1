from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from deskbell.people.models import User
from deskbell.realtime.hub import CHANNEL
from deskbell.realtime.topics import topics_of


class Ear:
    """Listens to live notices as a web process does: what is not committed is not heard."""

    def __init__(self, listener: psycopg.Connection[Any]) -> None:
        self.listener = listener

    def heard(self) -> list[dict[str, Any]]:
        """The notices since the last look."""
        self.listener.execute("select 1")
        return [json.loads(notice.payload) for notice in self.listener.notifies(timeout=0.1)]

    def kinds_for(self, user: User) -> list[str]:
        """Kinds of the notices since the last look that reach `user`, as he may hear now."""
        mine = set(topics_of(User.objects.get(pk=user.pk)))
        return [notice["kind"] for notice in self.heard() if mine & set(notice["topics"])]


@pytest.fixture
def ear(transactional_db: None) -> Iterator[Ear]:
    settings = connection.get_connection_params()
    for name in ("cursor_factory", "context"):
        settings.pop(name, None)
    with psycopg.connect(**settings, autocommit=True) as listener:
        listener.execute(f"listen {CHANNEL}")
        yield Ear(listener)
