"""How a parallel run shares the tests out: whole files or groups, those that take long first.

So what a module makes once is made by one process alone, and no long file begins when all others are through.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling

#: begin of a path, or a group's name; what takes longest first
LONG = (
    "tests/e2e/",
    "e2e",
    "commands",
    "up",
    "processes",
    "running",
    "told",
    "tests/access/",
    "tests/demo/",
    "tests/words/",
    "tests/prove/",
    "tests/account/test_guessing.py",
    "tests/notifications/test_notices.py",
    "tests/tickets/test_uvdesk.py",
    "tests/channels/test_intake.py",
    "tests/desk/test_bulk.py",
    "tests/portal/test_tickets.py",
    "tests/api/test_tickets.py",
    "tests/setup/",
)


#: more than half a minute each: every test function is shared out by itself
DIVIDED = ("tests/access/test_access.py",)


class ByFile(LoadGroupScheduling):
    """A test without a group is in that of its file."""

    def _split_scope(self, nodeid: str) -> str:
        scope = super()._split_scope(nodeid)
        return scope.partition("[" if scope.startswith(DIVIDED) else "::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a test that commits come last, as Django asks for: it empties the tables afterwards."""
    commit = {_place(item) for item in items if _commits(item)}
    items.sort(key=lambda item: (_place(item) in commit, _turn(_place(item))))


def _place(item: pytest.Item) -> str:
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark else item.nodeid.partition("::")[0]


def _commits(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("django_db")
    return bool(mark and mark.kwargs.get("transaction")) or "transactional_db" in getattr(
        item, "fixturenames", ()
    )


def _turn(place: str) -> int:
    return next((turn for turn, long in enumerate(LONG) if place.startswith(long)), len(LONG))
