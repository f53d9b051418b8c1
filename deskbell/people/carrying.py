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

#: a row is written once, whichever of its columns point to the person: some tables have many indexes
_MOVE = """
    with found as ({found})
    update {table} moving set {sets}
    from {table} before join found on found.id = before.id
    where moving.id = before.id {free} returning moving.id, {pointed}
"""
_FOUND = "select moving.id from {table} moving where moving.{column} = %(person)s {within}"
_SET = "{column} = case when before.{column} = %(person)s then %(target)s else before.{column} end"
_FREE = "and not exists (select from {table} there where there.{column} = %(target)s {same})"
_TAKE = "delete from {table} taken where taken.{column} = %(person)s returning to_jsonb(taken)"
_BACK = """
    with back as (select id, {marks} from ({ids}) moved group by id)
    update {table} moving set {sets} from back where moving.id = back.id
"""
_MARK = "bool_or(which = {n}) as m{n}"
_IDS = "select unnest(%(ids{n})s::bigint[]) as id, {n} as which"
_SET_BACK = """{column} = case when back.m{n} and moving.{column} = %(target)s
    then %(person)s else moving.{column} end"""
_PUT = "insert into {table} select * from jsonb_populate_record(null::{table}, %s) on conflict do nothing"

Row = list[Any]


def carry(source: User, target: User) -> tuple[dict[str, list[int]], list[Row]]:
    """What pointed to `source` points to `target`: the ids that moved by column, and the rows taken out."""
    moved: dict[str, list[int]] = {}
    for columns in _by_table():
        moved |= _move(columns, source, target)
    out: list[Row] = []
    for each in references(Fate.MOVES, Fate.WITHDRAWN):
        if each.fate is Fate.WITHDRAWN or each.once:
            out += take(each.table, each.column, source)
    return moved, out


def _by_table() -> list[list[Reference]]:
    """Moving columns, those of one table together; by itself one that a person may have only once."""
    tables: dict[tuple[str, str], list[Reference]] = {}
    for each in references(Fate.MOVES):
        tables.setdefault((each.table, each.key if each.once else ""), []).append(each)
    return list(tables.values())


def _move(columns: list[Reference], source: User, target: User) -> dict[str, list[int]]:
    """key → ids of the rows whose column pointed to the source."""
    first = columns[0]
    found = " union ".join(
        _FOUND.format(table=each.table, column=each.column, within=each.within and f"and {each.within}")
        for each in columns
    )
    same = "".join(f" and there.{name} is not distinct from moving.{name}" for name in first.once)
    statement = _MOVE.format(
        table=first.table,
        found=found,
        sets=", ".join(_SET.format(column=each.column) for each in columns),
        free=_FREE.format(table=first.table, column=first.column, same=same) if first.once else "",
        pointed=", ".join(f"before.{each.column} = %(person)s" for each in columns),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, {"person": source.pk, "target": target.pk})
        rows = cursor.fetchall()
    ids = {each.key: sorted(row[0] for row in rows if row[n]) for n, each in enumerate(columns, 1)}
    return {key: found for key, found in ids.items() if found}


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
    for columns in _by_table():
        if any(each.key in merge.moved for each in columns):
            _move_back(columns, merge)


def _move_back(columns: list[Reference], merge: PersonMerge) -> None:
    numbered = list(enumerate(columns))
    statement = _BACK.format(
        table=columns[0].table,
        marks=", ".join(_MARK.format(n=n) for n, _each in numbered),
        ids=" union all ".join(_IDS.format(n=n) for n, _each in numbered),
        sets=", ".join(_SET_BACK.format(n=n, column=each.column) for n, each in numbered),
    )
    ids = {f"ids{n}": merge.moved.get(each.key, []) for n, each in numbered}
    with connection.cursor() as cursor:
        cursor.execute(statement, {"person": merge.source_id, "target": merge.target_id, **ids})


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
