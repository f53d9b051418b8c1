"""Queries of the ORM whose SQL is made once: small ones take longer to make than to run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet
from django.db.models.expressions import RawSQL

# what a queryset reads its own rows with; Django has no public door to it
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row", bound=Model)


class Place:
    """Where a value comes in."""

    def __init__(self, number: int) -> None:
        self.number = number

    @property
    def expression(self) -> RawSQL:
        """As the right side of a filter."""
        return RawSQL("%s", (self,))


class Compiled(Generic[Row]):
    """`build` gets a Place for each value and returns the queryset; called with the values it gives the rows.

    A Place stands in a filter as `place.expression`, in `extra(where=…, params=[place])` as itself. The
    shape of the query must not depend on the values. `select_related` and annotations work as usual,
    `prefetch_related` does not.
    """

    def __init__(self, build: Callable[..., QuerySet[Row]], values: int) -> None:
        self._build, self._values = build, values
        self._lock = Lock()
        self._made: tuple[str, tuple[Any, ...], SQLCompiler] | None = None

    def __call__(self, *values: object) -> list[Row]:
        sql, params, compiler = self._made or self._make()
        given: list[Any] = [values[each.number] if isinstance(each, Place) else each for each in params]
        with connection.cursor() as cursor:
            cursor.execute(sql, given)
            return _instances(compiler, cursor.fetchall())

    def _make(self) -> tuple[str, tuple[Any, ...], SQLCompiler]:
        with self._lock:
            if self._made is None:
                query = self._build(*(Place(number) for number in range(self._values))).query
                compiler = query.get_compiler(using=DEFAULT_DB_ALIAS)
                sql, params = compiler.as_sql()
                self._made = sql, params, compiler
            return self._made


def _instances(compiler: Any, rows: Iterable[tuple]) -> list[Any]:
    """As django.db.models.query.ModelIterable does."""
    info, columns = compiler.klass_info, compiler.select
    start, end = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column[0].target.attname for column in columns[start:end]]
    related = get_related_populators(info, columns, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # of Django 6
    found = []
    for row in compiler.results_iter([rows]):
        instance = info["model"].from_db(DEFAULT_DB_ALIAS, names, row[start:end])
        for populator in related:
            populator.populate(row, instance)
        for name, column in (compiler.annotation_col_map or {}).items():
            setattr(instance, name, row[column])
        found.append(instance)
    return found
