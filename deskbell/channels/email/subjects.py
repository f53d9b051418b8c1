"""Subjects, compared."""

from __future__ import annotations

from deskbell.channels.email.quotes import bare_subject
from deskbell.channels.email.references import without_token


def plain(subject: str) -> str:
    """`subject` without reply marks, tokens and the difference of capitals."""
    return bare_subject(without_token(subject)).casefold()
