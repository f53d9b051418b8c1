"""How long a statement may take when nobody knows how much it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection, transaction

Answer = TypeVar("Answer")

QUERY_CANCELED = "57014"


class TooSlow(Exception):
    """It would read too much; narrower filters help."""


def within(milliseconds: int, read: Callable[[], Answer]) -> Answer:
    """What `read()` returns, each of whose statements may take that long. Raises TooSlow."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local statement_timeout = {milliseconds}")
            found = read()
            cursor.execute("set local statement_timeout = default")
            return found
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == QUERY_CANCELED:
            raise TooSlow from error
        raise
