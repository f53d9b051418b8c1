"""Do a thing once per key: API idempotency keys, double clicks, offline operations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from deskbell.events.models import Once


class KeyReused(Exception):
    """The key was used before for something else."""


def digest(content: Any) -> str:
    """A digest of JSON-like `content`, equal for equal content."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def once(scope: str, key: str, content: Any, act: Callable[[], Any]) -> tuple[Any, bool]:
    """Call `act` unless `key` was used in `scope`; returns its JSON answer and whether it ran now.

    The key and what `act` writes commit together; a second caller waits for the first.
    Raises KeyReused when the key stands for other content.
    """
    fingerprint = digest(content)
    with transaction.atomic():
        if _claim(scope, key, fingerprint):
            answer = act()
            Once.objects.filter(scope=scope, key=key).update(answer=answer)
            return answer, True
    first = Once.objects.get(scope=scope, key=key)
    if first.digest != fingerprint:
        raise KeyReused(key)
    return first.answer, False


def _claim(scope: str, key: str, fingerprint: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into events_once (scope, key, digest) values (%s, %s, %s)"
            " on conflict (scope, key) do nothing",
            [scope, key, fingerprint],
        )
        return cursor.rowcount == 1
