"""The long proofs: many items, many kills. Each is a function that raises `Failed` or returns what it saw."""

from __future__ import annotations


class Failed(Exception):
    """What was promised did not hold; the message says what was seen."""


def require(holds: object, sentence: str) -> None:
    """Raise Failed unless `holds`."""
    if not holds:
        raise Failed(sentence)
