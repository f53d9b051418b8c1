"""Tables for spreadsheet programs."""

from __future__ import annotations

from typing import Any


def cell(value: Any) -> str:
    """Text that no spreadsheet takes for a formula."""
    words = str(value)
    return f"'{words}" if words.startswith(("=", "+", "-", "@", "\t", "\r")) else words
