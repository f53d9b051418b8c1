"""How the work goes, in numbers: what came and was resolved day by day, what is open, how fast we answer.

Each number counts the tickets of one list of the desk (a box of listing.py with a filter of conditions.py)
and is opened by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from deskbell.kit.patience import within
from deskbell.kit.time import midnight
from deskbell.people.models import User
from deskbell.tickets.models import Category, Ticket
from deskbell.tickets.reach import any_of, desk_arms

DAYS = 30
#: of more tickets than that, within the days or open, no figures are drawn
MOST = 100_000
#: milliseconds
TIMEOUT = 3000

_STATEMENT = """
with created (at) as ({created}), resolved (at) as ({resolved}), answered (asked_at, at) as ({answered}),
  backlog (status, priority, queue, assignee) as ({backlog})
select 'created', width_bucket(at, %s::timestamptz[]), count(*)::float8 from created group by 2
union all select 'resolved', width_bucket(at, %s::timestamptz[]), count(*) from resolved group by 2
union all select 'answered', count(*),
  extract(epoch from percentile_cont(0.5) within group (order by at - asked_at)) from answered
union all select 'status', status, count(*) from backlog group by 2
union all select 'priority', priority, count(*) from backlog group by 2
union all select 'queue', queue, count(*) from backlog group by 2
union all select 'assignee', assignee, count(*) from backlog group by 2
"""


@dataclass(frozen=True)
class Day:
    on: date
    created: int
    resolved: int


@dataclass(frozen=True)
class Figures:
    """A part is None when it would count more than MOST tickets.

    `days` end today; `status`, `priority`, `queue` and `assignee` are open tickets by id (None: nobody's).
    `answered` tickets had their first reply since the first day; half of them in `first_reply` or less.
    """

    days: list[Day] | None
    backlog: dict[str, dict[int | None, int]] | None
    answered: int | None
    first_reply: timedelta | None


def figures(user: User) -> Figures:
    """Of the tickets `user` reaches at the desk, by the days of the active time zone. Raises TooSlow."""
    today = timezone.localdate()
    days = [today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]
    bounds = [midnight(day) for day in [*days, today + timedelta(days=1)]]
    found: dict[str, dict[int | None, Any]] = defaultdict(dict)
    for what, key, number in within(TIMEOUT, lambda: _counted(user, bounds)):
        found[what][key] = number
    ((answered, median),) = found["answered"].items()
    backlog = {what: _whole(found[what]) for what in ("status", "priority", "queue", "assignee")}
    return Figures(
        days=_days(days, found["created"], found["resolved"]),
        backlog=None if _many(backlog["status"]) else backlog,
        answered=None if answered == MOST else answered,
        first_reply=None if answered == MOST or median is None else timedelta(seconds=median),
    )


def _counted(user: User, bounds: list[datetime]) -> list[tuple[str, int | None, float]]:
    reached = any_of(desk_arms(user))
    ever = Ticket.objects.filter(reached, place__in=Category.values)
    sources: dict[str, QuerySet[Any, Any]] = {
        "created": _during("created_at", bounds, ever).values_list("created_at"),
        "resolved": _during("resolved_at", bounds, ever).values_list("resolved_at"),
        "answered": _during("first_responded_at", bounds, ever).values_list(
            "created_at", "first_responded_at"
        ),
        "backlog": Ticket.objects.filter(reached, active=True).values_list(
            "status", "priority", "queue", "assignee"
        ),
    }
    statements: dict[str, str] = {}
    params: list[Any] = []
    for name, source in sources.items():
        statements[name], values = source[:MOST].query.sql_with_params()
        params += values
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT.format(**statements), [*params, bounds, bounds])
        return cursor.fetchall()


def _during(field: str, bounds: list[datetime], tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    return tickets.filter(Q(**{f"{field}__gte": bounds[0], f"{field}__lt": bounds[-1]}))


def _days(days: list[date], created: dict[Any, float], resolved: dict[Any, float]) -> list[Day] | None:
    if _many(created) or _many(resolved):
        return None
    return [
        Day(day, int(created.get(number, 0)), int(resolved.get(number, 0)))
        for number, day in enumerate(days, 1)
    ]


def _many(counted: Mapping[int | None, float]) -> bool:
    return sum(counted.values()) >= MOST


def _whole(counted: dict[int | None, float]) -> dict[int | None, int]:
    return {key: int(number) for key, number in counted.items()}
