"""Messages that WhatsApp approved: what has to be filled in, how they read, how they are sent.

A variable is `{{1}}` or `{{name}}`. The desk sends templates whose variables stand in the words of header and
body and at the end of a button's address; others (a file as header, a code) it does not offer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deskbell.channels.models import MessageTemplate
from deskbell.tickets.content import Content
from deskbell.tickets.models import Message

APPROVED = "APPROVED"
#: of templates with a code for signing in, whose words are WhatsApp's own
AUTHENTICATION = "AUTHENTICATION"
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
#: what their check refuses within a value
_SPACES = re.compile(r"\s+")
#: characters of one value
LONGEST = 1024
#: buttons without a value of ours
PLAIN_BUTTONS = frozenset({"QUICK_REPLY", "PHONE_NUMBER", "URL"})


@dataclass(frozen=True)
class Variable:
    """`place` is header, body or the number of a button."""

    place: str
    name: str

    @property
    def key(self) -> str:
        """Its field in a form."""
        return f"{self.place}_{self.name}"


def is_offered(template: MessageTemplate) -> bool:
    """Whether an agent can send it. One with a code goes out by itself, when somebody signs in."""
    if template.category == AUTHENTICATION:
        return False
    if template.status != APPROVED or not body_of(template):
        return False
    header = _component(template, "HEADER")
    if header and header.get("format", "TEXT") != "TEXT":
        return False
    return all(button.get("type") in PLAIN_BUTTONS for button in _buttons(template))


def variables(template: MessageTemplate) -> list[Variable]:
    """What has to be filled in, in the order of the text."""
    found = [Variable("header", name) for name in names_in(_text(template, "HEADER"))]
    found += [Variable("body", name) for name in names_in(body_of(template))]
    for number, button in enumerate(_buttons(template)):
        if button.get("type") == "URL":
            found += [Variable(str(number), name) for name in names_in(str(button.get("url", "")))]
    return found


def preview(template: MessageTemplate, values: Mapping[str, str]) -> str:
    """How it reads with `values` (by `Variable.key`); what is not filled in keeps its braces."""
    parts = [
        _filled(_text(template, "HEADER"), "header", values),
        _filled(body_of(template), "body", values),
        _text(template, "FOOTER"),
    ]
    buttons = [f"[{button['text']}]" for button in _buttons(template) if isinstance(button.get("text"), str)]
    return "\n\n".join(filter(None, [*parts, " ".join(buttons)]))


def to_send(template: MessageTemplate, values: Mapping[str, str]) -> dict[str, Any]:
    """The node `template` of a message."""
    components: list[dict[str, Any]] = []
    for place in ("header", "body"):
        if given := [_parameter(each, values) for each in variables(template) if each.place == place]:
            components.append({"type": place, "parameters": given})
    for each in variables(template):
        if each.place.isdigit():
            value = {"type": "text", "text": clean(values[each.key])}
            components.append(
                {"type": "button", "sub_type": "url", "index": each.place, "parameters": [value]}
            )
    return {"name": template.name, "language": {"code": template.language}, "components": components}


def takes_code(template: MessageTemplate) -> bool:
    """Whether it can carry a code: it has the one button by which that is copied.

    Handed over it is called OTP, and listed URL (authentication templates, copy code).
    """
    buttons = [str(button.get("type")).upper() for button in _buttons(template)]
    return template.category == AUTHENTICATION and buttons in (["OTP"], ["URL"])


def with_code(template: MessageTemplate, code: str) -> dict[str, Any]:
    """The node `template` of a message with a code, which stands in the words and behind the button."""
    given = [{"type": "text", "text": code}]
    components = [
        {"type": "body", "parameters": given},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": given},
    ]
    return {"name": template.name, "language": {"code": template.language}, "components": components}


def content(template: MessageTemplate, values: Mapping[str, str]) -> Content:
    """The reply that sends it, which is taken at any time."""
    words = preview(template, values)
    return Content(
        text=words,
        new_text=words,
        markup=Message.Markup.PLAIN,
        way="template",
        details={"whatsapp": {"type": "template", "template": to_send(template, values)}},
    )


def clean(value: str) -> str:
    """On one line: their check refuses line breaks, tabs and long gaps within a value."""
    return _SPACES.sub(" ", value).strip()[:LONGEST]


def body_of(template: MessageTemplate) -> str:
    return _text(template, "BODY")


def _parameter(variable: Variable, values: Mapping[str, str]) -> dict[str, str]:
    named = {} if variable.name.isdigit() else {"parameter_name": variable.name}
    return {"type": "text", **named, "text": clean(values[variable.key])}


def _filled(text: str, place: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: clean(values.get(f"{place}_{found[1]}", "")) or found[0], text)


def names_in(text: str) -> list[str]:
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def _component(template: MessageTemplate, kind: str) -> dict[str, Any]:
    components = template.components if isinstance(template.components, list) else []
    found = (each for each in components if isinstance(each, dict) and each.get("type") == kind)
    return next(found, {})


def _text(template: MessageTemplate, kind: str) -> str:
    text = _component(template, kind).get("text")
    return text if isinstance(text, str) else ""


def _buttons(template: MessageTemplate) -> list[dict[str, Any]]:
    buttons = _component(template, "BUTTONS").get("buttons")
    return [each for each in buttons if isinstance(each, dict)] if isinstance(buttons, list) else []
