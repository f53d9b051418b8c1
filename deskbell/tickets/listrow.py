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
    last_author_id: int | None
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
    "last_author_id",
    "status__label",
)
_PEOPLE = ("requester_id", "assignee_id", "last_author_id")


def list_rows(ids: list[int]) -> list[ListRow]:
    """The rows of these tickets, in this order; those deleted meanwhile are left out. Two queries."""
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_statement(), [ids])
        rows = cursor.fetchall()
        # apart, because joined thrice the planner reads all people of a small desk thrice
        cursor.execute(_PEOPLE_STATEMENT, [list({pk for row in rows for pk in row[-3:] if pk})])
        people = {pk: Named(name or email or f"#{pk}") for pk, name, email in cursor.fetchall()}
    found = {row[0]: _row(row, people) for row in rows}
    return [found[pk] for pk in ids if pk in found]


_PEOPLE_STATEMENT = "select id, name, email from people_user where id = any(%s)"


@lru_cache(maxsize=1)
def _statement() -> str:
    """Compiled once: that takes longer than running it."""
    rows = (
        Ticket.objects.order_by()
        .values_list(*_PLAIN, "organization__name", *_PEOPLE)
        .extra(where=["tickets_ticket.id = any(%s)"], params=[[]])
    )
    return rows.query.sql_with_params()[0]


def _row(row: tuple, people: dict[int, Named]) -> ListRow:
    plain, organization = row[: len(_PLAIN)], row[len(_PLAIN)]
    requester, assignee, author = (people.get(pk) for pk in row[-3:])
    company = Named(organization) if organization else None
    return ListRow(*[*plain, requester or Named(""), company, assignee, author])
