"""Sentences that are kept in English, with values inside, and said in the reader's language when shown."""

from __future__ import annotations

import re

from django.utils import translation

#: message with `%(name)s` inside → what it looks like with its values
_known: dict[str, re.Pattern[str]] = {}
_PLACE = re.compile(r"%\((\w+)\)s")


def sentence(message: str) -> str:
    """Make `message`, marked for translation by gettext_noop, known; fill it by `%` and keep the result."""
    parts = _PLACE.split(message)  # text, name, text, …
    shape = "".join(f"(?P<{part}>.+)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts))
    _known[message] = re.compile(shape, re.DOTALL)
    return message


def said(stored: str) -> str:
    """What `sentence` made, or one of our words, or several with `; ` between, in the active language.

    Everything else is as it was stored.
    """
    if whole := _said(stored):
        return whole
    return "; ".join(_said(part) or part for part in stored.split("; "))


def _said(stored: str) -> str:
    """Empty when nobody of us said it, and when it reads the same in this language."""
    if (translated := translation.gettext(stored)) != stored:
        return translated
    for message, shape in _known.items():
        if found := shape.fullmatch(stored):
            return translation.gettext(message) % found.groupdict()
    return ""
