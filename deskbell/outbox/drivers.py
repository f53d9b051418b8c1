"""Ways out of the house, registered by the channels above."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deskbell.outbox.models import OutboxItem
from deskbell.outbox.results import Result

Send = Callable[[OutboxItem, dict[str, Any]], Result]

_drivers: dict[str, Send] = {}


def register(name: str, send: Send) -> None:
    _drivers[name] = send


def driver(name: str) -> Send:
    """Raises KeyError for a driver nobody registered."""
    return _drivers[name]
