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
    "last_message_at",
    "last_message_id",
    "last_direction",
    "last_author_id",
    "status__label",
)
_PEOPLE = ("requester", "assignee", "last_author")


def list_rows(ids: list[int]) -> list[ListRow]:
    """The rows of these tickets, in this order; those deleted meanwhile are left out."""
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_statement(), [ids])
        found = {row[0]: _row(row) for row in cursor.fetchall()}
    return [found[pk] for pk in ids if pk in found]


@lru_cache(maxsize=1)
def _statement() -> str:
    """Compiled once: that takes longer than running it."""
    columns = [*_PLAIN, "organization__name"]
    columns += [f"{who}__{column}" for who in _PEOPLE for column in ("id", "name", "email")]
    rows = (
        Ticket.objects.order_by()
        .values_list(*columns)
        .extra(where=["tickets_ticket.id = any(%s)"], params=[[]])
    )
    return rows.query.sql_with_params()[0]


def _row(row: tuple) -> ListRow:
    plain, organization, people = row[: len(_PLAIN)], row[len(_PLAIN)], row[len(_PLAIN) + 1 :]
    requester, assignee, author = (_named(*people[start : start + 3]) for start in (0, 3, 6))
    company = Named(organization) if organization else None
    return ListRow(*[*plain, requester or Named(""), company, assignee, author])


def _named(pk: int | None, name: str | None, email: str | None) -> Named | None:
    return Named(name or email or f"#{pk}") if pk else None
