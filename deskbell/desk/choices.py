"""What can be chosen for a ticket: statuses, queues, teams, types, people of the desk. One query.

What is out of use is no choice, but has a name: tickets may still have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import CharField, Exists, IntegerField, OuterRef, Value
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils.translation import gettext as _

from deskbell.people.models import Team
from deskbell.people.queries import staff, workers
from deskbell.tickets.models import Priority, Queue, Status, TicketType
from deskbell.tickets.sentences import Labels


@dataclass(frozen=True)
class Choice:
    """`slug` and `group` (a status's category) are "" where the thing has none."""

    pk: int
    name: str
    slug: str = ""
    group: str = ""
    #: the status that the system sets for its category
    default: bool = False


@dataclass(frozen=True)
class Choices:
    statuses: tuple[Choice, ...]
    queues: tuple[Choice, ...]
    teams: tuple[Choice, ...]
    types: tuple[Choice, ...]
    #: those who may be put in charge of a ticket
    staff: tuple[Choice, ...]
    #: by kind and id, those out of use too
    names: dict[tuple[str, int], str]
    #: the same as sentences about events want it
    labels: Labels

    def label(self, kind: str, pk: int | None) -> str:
        """What the status, queue, team or type with this id is called; "" for none."""
        return self.names.get((kind, pk), "") if pk else ""

    def status(self, category: str) -> Choice | None:
        """The one that the system sets for a category."""
        return next((choice for choice in self.statuses if choice.group == category and choice.default), None)

    @property
    def priorities(self) -> tuple[Choice, ...]:
        return tuple(
            Choice(value, str(label), Priority(value).name.lower()) for value, label in Priority.choices
        )


def choices() -> Choices:
    """Everything still in use, in the order the desk gave it."""
    found: dict[str, list[Choice]] = {kind: [] for kind in ("status", "queue", "team", "type", "staff")}
    names: dict[tuple[str, int], str] = {}
    labels: Labels = {}
    with connection.cursor() as cursor:
        cursor.execute(*_statement())
        for kind, pk, name, slug, group, default, active, _position in cursor.fetchall():
            shown = (name if kind == "staff" or not name else _(name)) or f"#{pk}"
            names[kind, pk] = labels[kind, slug if kind == "status" else str(pk)] = shown
            if active:
                found[kind].append(Choice(pk, shown, slug, group, bool(default)))
    return Choices(
        statuses=tuple(found["status"]),
        queues=tuple(found["queue"]),
        teams=tuple(found["team"]),
        types=tuple(found["type"]),
        staff=tuple(found["staff"]),
        names=names,
        labels=labels,
    )


@lru_cache(maxsize=1)
def _statement() -> tuple[str, tuple]:
    """The one query behind `choices`. Compiled once: that takes longer than running it."""
    rows = _rows(Status.objects.all(), "status", "label", "slug", "category", "position").union(
        _rows(Queue.objects.all(), "queue", "name", "slug", "", "position"),
        _rows(Team.objects.all(), "team", "name"),
        _rows(TicketType.objects.all(), "type", "name", "slug", "", "position"),
        _rows(
            staff().annotate(
                shown=Coalesce(NullIf("name", Value("")), Cast("email", CharField())),
                active=Exists(workers().filter(pk=OuterRef("pk"))),
            ),
            "staff",
            "shown",
        ),
        all=True,
    )
    return rows.order_by("kind_", "position_", "name_").query.sql_with_params()


def _rows(query: Any, kind: str, name: str, slug: str = "", group: str = "", position: str = "") -> Any:
    text = CharField()
    return (
        query.order_by()
        .annotate(
            kind_=Value(kind, text),
            name_=Cast(name, text),
            slug_=Cast(slug, text) if slug else Value("", text),
            group_=Cast(group, text) if group else Value("", text),
            default_=Cast("default", IntegerField()) if kind == "status" else Value(0, IntegerField()),
            active_=Cast("active", IntegerField()),
            position_=Cast(position, IntegerField()) if position else Value(0, IntegerField()),
        )
        .values_list("kind_", "pk", "name_", "slug_", "group_", "default_", "active_", "position_")
    )
