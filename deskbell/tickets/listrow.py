"""What one line of the desk's list shows, read without the weight of whole models: a page has fifty."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db import connection

from deskbell.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Named:
    """A person or an organisation as a list names it."""

    display_name: str


@dataclass(frozen=True, slots=True)
class ListRow:
    """Fields as on Ticket; people, organisation and status by name."""

    pk: int
    number: int
    subject: str
    channel: str
    source: str
    category: str
    priority: int
    due_at: datetime | None
    active: bool
    place: str
    version: int
    waiting_since: datetime | None
    last_message_at: datetime | None
    last_message_id: int | None
    last_direction: str
    #: the kind of the last message when it is internal, else nothing
    last_note: str
    last_author_id: int | None
    #: of the chat in which it is answered
    open_until: datetime | None
    status: str
    requester: Named
    organization: Named | None
    assignee: Named | None
    last_author: Named | None


_PLAIN = (
    "pk",
    "number",
    "subject",
    "channel",
    "source",
    "category",
    "priority",
    "due_at",
    "active",
    "place",
    "version",
    "waiting_since",
    "last_message_at",
    "last_message_id",
    "last_direction",
    "last_note",
    "last_author_id",
    "conversation__open_until",
)
_NAMED = ("status_id", "organization_id", "requester_id", "assignee_id")


def list_rows(ids: list[int]) -> list[ListRow]:
    """The rows of these tickets, in this order; those deleted meanwhile are left out. Two queries."""
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_statement(), [ids])
        rows = cursor.fetchall()
        people = {pk for row in rows for pk in (row[_AUTHOR], *row[-2:]) if pk}
        organizations = {row[-3] for row in rows if row[-3]}
        # apart, because joined the planner reads all people of a small desk thrice
        cursor.execute(_NAMES, [list(people), list(organizations)])
        names: dict[tuple[str, int], str] = {(kind, pk): name for kind, pk, name in cursor.fetchall()}
    found = {row[0]: _row(row, names) for row in rows}
    return [found[pk] for pk in ids if pk in found]


_AUTHOR = _PLAIN.index("last_author_id")
_NAMES = """
    select 'person', id, coalesce(nullif(name, ''), email, '#' || id) from people_user where id = any(%s)
    union all select 'organization', id, name from people_organization where id = any(%s)
    union all select 'status', id, label from tickets_status
"""


@lru_cache(maxsize=1)
def _statement() -> str:
    """Compiled once: that takes longer than running it."""
    rows = (
        Ticket.objects.order_by()
        .values_list(*_PLAIN, *_NAMED)
        .extra(where=["tickets_ticket.id = any(%s)"], params=[[]])
    )
    return rows.query.sql_with_params()[0]


def _row(row: tuple, names: dict[tuple[str, int], str]) -> ListRow:
    status, organization, requester, assignee = row[len(_PLAIN) :]

    def named(kind: str, pk: int | None) -> Named | None:
        name = names.get((kind, pk)) if pk else None
        return Named(name) if name is not None else None

    shown = (
        names.get(("status", status), ""),
        named("person", requester) or Named(""),
        named("organization", organization),
        named("person", assignee),
        named("person", row[_AUTHOR]),
    )
    return ListRow(*[*row[: len(_PLAIN)], *shown])
