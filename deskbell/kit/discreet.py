"""Logs without the secrets that stand in addresses."""

from __future__ import annotations

import logging
from typing import Any

#: the name that a secret part of an address has in every route
SECRET = "token"  # noqa: S105 - a name
HIDDEN = "…"


class WithoutTokens(logging.Filter):
    """Takes the secret out of the address that Django names beside an error."""

    def filter(self, record: logging.LogRecord) -> bool:
        match = getattr(getattr(record, "request", None), "resolver_match", None)
        token = match.kwargs.get(SECRET) if match else None
        if token and isinstance(record.args, tuple):
            record.args = tuple(_without(token, each) for each in record.args)
        return True


def _without(token: str, value: Any) -> Any:
    return value.replace(token, HIDDEN) if isinstance(value, str) else value
