"""What WhatsApp asks of a new template, as far as the desk's own can break it (message_templates)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
#: characters of a body and of a button; the most templates of an account
BODY, BUTTON, MOST = 1024, 25, 250
#: subcode → its words
WRONG = {
    2388019: "You have too many templates",
    2388024: "There is already content for this template in this language",
    2388040: "The field is too long",
    2388047: "The template lacks a header, body or footer of the right form",
    2388293: "The body has too many variables for its length",
    2388299: "Variables can't be at the start or end of the template",
}


def faults(template: dict[str, Any], there: list[dict[str, Any]]) -> Iterator[int]:
    """Subcodes of what is wrong, the first being the answer; `there` are the account's templates."""
    components = {each.get("type"): each for each in template.get("components", ()) if isinstance(each, dict)}
    body = components.get("BODY", {})
    text = str(body.get("text", ""))
    names = list(dict.fromkeys(VARIABLE.findall(text)))
    if len(there) >= MOST:
        yield 2388019
    if (template.get("name"), template.get("language")) in {
        (each["name"], each["language"]) for each in there
    }:
        yield 2388024
    if (
        not re.fullmatch(r"[a-z0-9_]{1,512}", str(template.get("name")))
        or not text
        or not _has_examples(template, body, names)
    ):
        yield 2388047
    buttons = components.get("BUTTONS", {}).get("buttons", ())
    if len(text) > BODY or any(not 0 < len(str(each.get("text", ""))) <= BUTTON for each in buttons):
        yield 2388040
    parts = VARIABLE.split(text.strip(" .!?,"))
    if names and not (parts[0].strip() and parts[-1].strip()):
        yield 2388299
    if len(VARIABLE.sub("", text).split()) < 3 * len(names):
        yield 2388293


def _has_examples(template: dict[str, Any], body: dict[str, Any], names: list[str]) -> bool:
    example = body.get("example")
    example = example if isinstance(example, dict) else {}
    if template.get("parameter_format") == "NAMED":
        given = [
            each.get("param_name")
            for each in example.get("body_text_named_params", ())
            if each.get("example")
        ]
        return given == names
    return not names or len((example.get("body_text") or [[]])[0]) == len(names)
