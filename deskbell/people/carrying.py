"""How the rows of one person become those of another, and his again: in SQL, for there may be very many.

For callers in a transaction that hold both people.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import connection, models

from deskbell.people.models import PersonMerge, User
from deskbell.people.references import Fate, Reference, references

_MOVE = """
    update {table} moving set {column} = %(target)s
    where moving.{column} = %(person)s {within} {free} returning moving.id
"""
_FREE = "and not exists (select from {table} there where there.{column} = %(target)s {same})"
_TAKE = "delete from {table} taken where taken.{column} = %(person)s returning to_jsonb(taken)"
_BACK = "update {table} set {column} = %(person)s where id = any(%(ids)s) and {column} = %(target)s"
_PUT = "insert into {table} select * from jsonb_populate_record(null::{table}, %s) on conflict do nothing"

Row = list[Any]


def carry(source: User, target: User) -> tuple[dict[str, list[int]], list[Row]]:
    """What pointed to `source` points to `target`: the ids that moved by column, and the rows taken out."""
    moved: dict[str, list[int]] = {}
    out: list[Row] = []
    for each in references(Fate.MOVES, Fate.WITHDRAWN):
        if each.fate is Fate.MOVES and (ids := _move(each, source, target)):
            moved[each.key] = ids
        if each.fate is Fate.WITHDRAWN or each.once:
            out += take(each.table, each.column, source)
    return moved, out


def _move(each: Reference, source: User, target: User) -> list[int]:
    same = "".join(f" and there.{name} is not distinct from moving.{name}" for name in each.once)
    free = _FREE.format(table=each.table, column=each.column, same=same) if each.once else ""
    within = f"and {each.within}" if each.within else ""
    statement = _MOVE.format(table=each.table, column=each.column, within=within, free=free)
    with connection.cursor() as cursor:
        cursor.execute(statement, {"person": source.pk, "target": target.pk})
        return sorted(pk for (pk,) in cursor.fetchall())


def take(table: str, column: str, person: User) -> list[Row]:
    """Take out the person's rows of a table; as [table, row]."""
    return taken(table, _TAKE.format(table=table, column=column), {"person": person.pk})


def taken(table: str, statement: str, given: dict[str, Any]) -> list[Row]:
    """What a statement that ends with `returning to_jsonb(…)` takes out of the table."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return [[table, json.loads(row)] for (row,) in cursor.fetchall()]


def give_back_moved(merge: PersonMerge) -> None:
    """The rows that moved point to the source again, where nobody changed that meanwhile."""
    for each in references(Fate.MOVES):
        if ids := merge.moved.get(each.key):
            statement = _BACK.format(table=each.table, column=each.column)
            with connection.cursor() as cursor:
                cursor.execute(statement, {"person": merge.source_id, "target": merge.target_id, "ids": ids})


def give_back_withdrawn(merge: PersonMerge) -> None:
    """The rows that were taken out are there again, unless what they belong to is gone."""
    anew = {each.table: each for each in references(Fate.WITHDRAWN) if each.once}
    for table, row in merge.withdrawn:
        if _still_stands(table, row):
            if each := anew.get(table):
                _make_room(each, row, merge.target_id)
            with connection.cursor() as cursor:
                cursor.execute(_PUT.format(table=table), [json.dumps(row)])


def _make_room(each: Reference, row: dict[str, Any], target_id: int) -> None:
    """The person who remained made the same anew meanwhile: by what is the source's."""
    same = {name: row[name] for name in each.once}
    each.model._default_manager.filter(**{each.column: target_id}, **same).delete()


def _still_stands(table: str, row: dict[str, Any]) -> bool:
    """Whether everything the row points to is there."""
    model = next(each for each in apps.get_models() if each._meta.db_table == table)
    keys: Iterable[models.ForeignKey[Any]] = (
        each for each in model._meta.concrete_fields if isinstance(each, models.ForeignKey)
    )
    return all(
        row[key.column] is None or key.related_model._default_manager.filter(pk=row[key.column]).exists()
        for key in keys
    )
