"""Rows by COPY, with ids taken from the tables' own sequences, so that a desk may run meanwhile."""

from __future__ import annotations

from typing import Any

from django.db import connection


def reserve(table: str, count: int, column: str = "id") -> list[int]:
    """`count` fresh ids of `table`, ascending."""
    return _taken("pg_get_serial_sequence(%s, %s)", [table, column], count)


def reserve_numbers(count: int) -> list[int]:
    """Fresh ticket numbers."""
    return _taken("'tickets_number'", [], count)


def _taken(sequence: str, params: list[str], count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"select nextval(({sequence})::regclass) from generate_series(1, %s)",  # noqa: S608  ours
            [*params, count],
        )
        return [row[0] for row in cursor.fetchall()]


class Table:
    """Rows gathered for one table; `columns` are names separated by spaces."""

    def __init__(self, name: str, columns: str) -> None:
        self.name = name
        self.columns = [column.strip('"') for column in columns.split()]
        self.rows: list[tuple[Any, ...]] = []

    def add(self, *values: Any) -> None:
        """One row, in the order of the columns; JSON as text, arrays as lists."""
        self.rows.append(values)

    def copy(self) -> None:
        """Write the rows gathered, in the caller's transaction, and forget them."""
        columns = ", ".join(f'"{column}"' for column in self.columns)
        with connection.cursor() as cursor, cursor.copy(f"copy {self.name} ({columns}) from stdin") as out:
            for row in self.rows:
                out.write_row(row)
        self.rows = []


def tidy(tables: list[str]) -> None:
    """VACUUM and ANALYZE, as autovacuum would have done by and by. Outside a transaction."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"vacuum (analyze) {table}")
