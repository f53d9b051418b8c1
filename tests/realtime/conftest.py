from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from deskbell.people import seed as people_seed
from deskbell.people.models import User
from deskbell.realtime.hub import CHANNEL
from deskbell.realtime.topics import topics_of
from deskbell.tickets import seed as tickets_seed

END = "end"


class Ear:
    """Listens to live notices as a web process does: what is not committed is not heard."""

    def __init__(self, listener: psycopg.Connection[Any]) -> None:
        self.listener = listener

    def heard(self) -> list[dict[str, Any]]:
        """The notices since the last look: those that come before one of our own."""
        self.listener.execute("select pg_notify(%s, %s)", [CHANNEL, END])
        payloads = (notice.payload for notice in self.listener.notifies(timeout=10))
        heard = list(itertools.takewhile(lambda payload: payload != END, payloads))
        return [json.loads(payload) for payload in heard]

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


@pytest.fixture
def seeded(transactional_db: None) -> None:
    """A test that commits leaves empty tables behind: what a new desk has is made again."""
    people_seed.ensure()
    tickets_seed.ensure()
