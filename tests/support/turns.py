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


class ByFile(LoadGroupScheduling):
    """A test without a group is in that of its file."""

    def _split_scope(self, nodeid: str) -> str:
        return super()._split_scope(nodeid).partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    mark = item.get_closest_marker("xdist_group")
    name = mark.args[0] if mark else item.nodeid
    return next((turn for turn, long in enumerate(LONG) if name.startswith(long)), len(LONG))
