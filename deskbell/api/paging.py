"""Pages of a list by cursor, and the moment up to which a list of changes is complete."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from django.core import signing
from django.db import connection
from django.db.models import F, Model, QuerySet
from django.db.models.fields.tuple_lookups import TupleGreaterThan
from django.http import HttpRequest
from django.utils.translation import gettext as _
from pydantic import BaseModel, Field

from deskbell.api.problems import invalid
from deskbell.tickets.listing import BadCursor
from deskbell.tickets.present import moment

SALT = "api.paging"
#: seconds an answer waits for changes that are being written while it is asked for
PATIENCE = 1.0
LOOK_AGAIN = 0.02


Limit = Annotated[int, Field(ge=1, le=200)]
Cursor = Annotated[str, Field(max_length=2000)]
Filter = Annotated[str, Field(max_length=200)]


class PageQuery(BaseModel):
    """What every list takes; lists add their filters."""

    cursor: Cursor = ""
    limit: Limit = 50


def only_known(request: HttpRequest, query: PageQuery) -> None:
    """A filter that was misspelt must not list everything. Raises Problem."""
    for name, values in request.GET.lists():
        if name not in type(query).model_fields:
            raise invalid(name, _("There is no such filter."))
        if any("\0" in value for value in values):
            raise invalid(name, _("must not contain NUL"))


@dataclass(frozen=True)
class Found:
    rows: list[Any]
    next: str | None


def page(rows: QuerySet, *, by: tuple[str, ...], filters: Any, cursor: str | None, limit: int) -> Found:
    """`limit` rows in the order of the columns `by` (the last one unique), after `cursor`. Raises BadCursor.

    A cursor carries the values of its last row and is bound to `filters`.
    """
    seal = _seal([rows.model._meta.label, by, filters])
    if cursor:
        after = tuple(_value(value) for value in unseal(cursor, seal))
        rows = rows.filter(TupleGreaterThan(tuple(F(name) for name in by), after))
    found = list(rows.order_by(*by)[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    return Found(found, sealed([_plain(found[-1], name) for name in by], seal) if more else None)


def sealed(values: list[Any], seal: str) -> str:
    return signing.dumps([seal, values], salt=SALT, compress=True)


def unseal(cursor: str, seal: str) -> list[Any]:
    """What was sealed with the same `seal`. Raises BadCursor."""
    try:
        ours, values = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadCursor from error
    if ours != seal:
        raise BadCursor
    return values


def _seal(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def seal_of(*content: Any) -> str:
    """What a cursor is bound to."""
    return _seal(content)


def _plain(row: Model, name: str) -> Any:
    value = getattr(row, name)
    return moment(value) if isinstance(value, datetime) else value


def _value(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


# --- times --------------------------------------------------------------------------------------


def time_of(field: str, given: str) -> datetime:
    """An RFC 3339 time in UTC. A `+` that was not escaped arrives as a space. Raises Problem."""
    try:
        parsed = datetime.fromisoformat(given.strip().replace(" ", "+") if "T" in given else given)
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise invalid(field, _("A time with its zone, such as 2026-01-31T09:00:00Z."))


def complete_until() -> datetime:
    """A moment before which every change is committed; later ones belong to the next answer.

    Whoever asks for changes since the newest he has seen would never see one that was begun before and
    committed after it was answered. So an answer about changes ends where the oldest transaction that is
    still being written began: whatever commits later carries a later time, because actions take the time
    inside their transaction. Transactions are short, so waiting for those that run now (at most PATIENCE)
    nearly always makes the answer complete up to the moment of the question. One that has only read for
    more than a minute (a backup) will not write.
    """
    deadline = time.monotonic() + PATIENCE
    asked, oldest = _oldest_writer()
    while oldest is not None and oldest < asked and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN)
        oldest = _oldest_writer()[1]
    return min(asked, oldest or asked)


def _oldest_writer() -> tuple[datetime, datetime | None]:
    """Now, and when the oldest other transaction of this database that may have written began."""
    with connection.cursor() as cursor:
        # the time first: whoever begins after it is later; the view is kept for a transaction otherwise
        cursor.execute("select clock_timestamp(), pg_stat_clear_snapshot()")
        now = cursor.fetchone()[0]
        cursor.execute(
            """
            select min(xact_start) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
              and (backend_xid is not null or xact_start > clock_timestamp() - interval '1 minute')
            """
        )
        return now, cursor.fetchone()[0]
