"""Messages that are answered by a tap: a list, or up to three buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: characters
BODY, LABEL, ROW_TITLE, ROW_TEXT = 1024, 20, 24, 72
ROWS, BUTTONS = 10, 3


@dataclass(frozen=True)
class Option:
    """`id` comes back when it is chosen: at most 200 characters."""

    id: str
    title: str
    text: str = ""


def listing(body: str, *, label: str, options: Sequence[Option]) -> dict[str, Any]:
    """The node `interactive` of a list behind a button that says `label`; at most ROWS options."""
    rows = [
        {"id": each.id, "title": cut(each.title, ROW_TITLE)}
        | ({"description": cut(each.text, ROW_TEXT)} if each.text else {})
        for each in options[:ROWS]
    ]
    action = {"button": cut(label, LABEL), "sections": [{"rows": rows}]}
    return {"type": "list", "body": {"text": cut(body, BODY)}, "action": action}


def buttons(body: str, options: Sequence[Option]) -> dict[str, Any]:
    """The node `interactive` with a button for each of at most BUTTONS options."""
    made = [
        {"type": "reply", "reply": {"id": each.id, "title": cut(each.title, LABEL)}}
        for each in options[:BUTTONS]
    ]
    return {"type": "button", "body": {"text": cut(body, BODY)}, "action": {"buttons": made}}


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
