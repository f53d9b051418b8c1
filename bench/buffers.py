"""Buffers touched by the statements of every box, counted by EXPLAIN (ANALYZE, BUFFERS).

`python -m bench.buffers` measures the database of the environment and prints JSON; `compare` sets two sizes
against each other.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

#: how many times as many buffers a box may touch at many tickets as at a thousand
BOUND = 1.5


@dataclass(frozen=True)
class Measured:
    """One list for one person: its statements, all buffers they touched, the rows they showed."""

    person: str
    list: str
    statements: int
    buffers: int
    rows: int
    #: the plan of the statement that touched most
    worst: str


@dataclass(frozen=True)
class Compared:
    person: str
    list: str
    small: Measured
    large: Measured

    @property
    def ratio(self) -> float:
        return self.large.buffers / max(1, self.small.buffers)

    @property
    def ratio_of_rows(self) -> float:
        """How many times as many rows were shown: a list that was shorter at a thousand tickets cost less."""
        return max(1.0, (self.large.rows + 1) / (self.small.rows + 1))

    @property
    def within(self) -> bool:
        return self.ratio <= BOUND * self.ratio_of_rows


def compare(small: list[Measured], large: list[Measured]) -> list[Compared]:
    before = {(each.person, each.list): each for each in small}
    return [Compared(each.person, each.list, before[each.person, each.list], each) for each in large]


def measured() -> list[Measured]:
    """Every box and sort of every kind of person on the seeded database of this process."""
    return [_measure(person, name, show) for person, user in _people() for name, show in _lists(person, user)]


def _people() -> Iterator[tuple[str, Any]]:
    # the application is set up when this runs
    from deskbell.demo.seed.crowd import DOMAIN
    from deskbell.people.models import User

    for person, email in (
        ("owner", f"owner0@{DOMAIN}"),
        ("one-team agent", f"agent_of_team0@{DOMAIN}"),
        ("assigned-only engineer", f"engineer0@{DOMAIN}"),
        ("portal customer", f"customer1@c001.{DOMAIN}"),
        ("customer manager", f"customer_manager0@c000.{DOMAIN}"),
    ):
        yield person, User.objects.get(email=email)


def _lists(person: str, user: Any) -> Iterator[tuple[str, Callable[[], int]]]:
    """Name and a call that shows the list and returns how many rows it had."""
    from deskbell.tickets import listing

    if person in ("portal customer", "customer manager"):
        for state in ("open", "ended"):
            yield state, partial(_portal, user, state, person == "customer manager")
        return
    for slug in listing.BOXES:
        yield slug, partial(_box, user, slug)
    for sort in ("created", "due", "priority"):
        for slug in ("open", "mine", "closed"):
            yield f"{slug} by {sort}", partial(_box, user, slug, sort)
    yield "counts of all boxes", partial(_counts, user)


def _box(user: Any, slug: str, sort: str | None = None) -> int:
    from deskbell.tickets.listing import page
    from deskbell.tickets.queries import unread

    items = page(user, box=slug, sort=sort).items
    unread(user, items)
    return len(items)


def _portal(user: Any, state: str, whole_organization: bool) -> int:
    from deskbell.tickets.listing import portal_page

    return len(portal_page(user, state=state, whole_organization=whole_organization).items)


def _counts(user: Any) -> int:
    from deskbell.tickets.listing import counts

    return len(counts(user))


def _measure(person: str, name: str, show: Callable[[], int]) -> Measured:
    statements: list[tuple[str, Any]] = []
    with _recorded(statements):
        rows = show()
    plans = [plan for sql, params in statements if (plan := _explained(sql, params))]
    buffers = [_touched(plan["Plan"]) for plan in plans]
    worst = max(range(len(plans)), key=buffers.__getitem__, default=None)
    return Measured(
        person=person,
        list=name,
        statements=len(plans),
        buffers=sum(buffers),
        rows=rows,
        worst="" if worst is None else _shown(plans[worst]["Plan"]),
    )


@contextmanager
def _recorded(statements: list[tuple[str, Any]]) -> Iterator[None]:
    from django.db import connection

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield


def _explained(sql: str, params: Any) -> dict[str, Any] | None:
    """The plan as it ran; None for what is no query (set, savepoint)."""
    from django.db import connection

    if not sql.lstrip("( \n").lower().startswith(("select", "with")):
        return None
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, buffers, format json) {sql}", params)
        found = cursor.fetchone()[0]
    plan = json.loads(found) if isinstance(found, str) else found
    return dict(plan[0])


def _touched(node: dict[str, Any]) -> int:
    """Buffers of a plan: what a node counts holds that of the nodes below it."""
    return int(node["Shared Hit Blocks"]) + int(node["Shared Read Blocks"])


def _shown(node: dict[str, Any], depth: int = 0) -> str:
    """A plan in a few words per node."""
    what = " ".join(str(node[key]) for key in ("Node Type", "Relation Name", "Index Name") if key in node)
    line = (
        f"{'  ' * depth}{what}: {_touched(node)} buffers, {node['Actual Rows']} rows × {node['Actual Loops']}"
    )
    return "\n".join([line, *(_shown(child, depth + 1) for child in node.get("Plans", []))])


def main() -> None:
    import django  # only this process needs it; who compares does not

    django.setup()
    json.dump([asdict(each) for each in measured()], sys.stdout)


if __name__ == "__main__":
    main()
