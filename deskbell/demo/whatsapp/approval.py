"""What WhatsApp asks of a new template, as far as the desk's own can break it (message_templates)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
#: characters of a body and of a button; the most templates of an account
BODY, BUTTON, MOST = 1024, 25, 250
#: category of those with a code
AUTHENTICATION = "AUTHENTICATION"
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
    if template.get("category") == AUTHENTICATION:
        yield from _faults_of_code(template, there)
        return
    components = {each.get("type"): each for each in template.get("components", ()) if isinstance(each, dict)}
    body = components.get("BODY", {})
    text = str(body.get("text", ""))
    names = list(dict.fromkeys(VARIABLE.findall(text)))
    if len(there) >= MOST:
        yield 2388019
    if _is_there(template, there):
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


def _faults_of_code(template: dict[str, Any], there: list[dict[str, Any]]) -> Iterator[int]:
    """Of one with a code: its words are chosen, not written, and it has the one button."""
    if len(there) >= MOST:
        yield 2388019
    if _is_there(template, there):
        yield 2388024
    parts = {each.get("type"): each for each in template.get("components", ()) if isinstance(each, dict)}
    buttons = parts.get("BUTTONS", {}).get("buttons", ())
    shapes = [(each.get("type"), each.get("otp_type")) for each in buttons]
    minutes = parts.get("FOOTER", {}).get("code_expiration_minutes", 1)
    seconds = template.get("message_send_ttl_seconds", 600)
    wrong = [
        not re.fullmatch(r"[a-z0-9_]{1,512}", str(template.get("name"))),
        "BODY" not in parts or "text" in parts["BODY"] or "text" in parts.get("FOOTER", {}),
        shapes != [("OTP", "COPY_CODE")],
        not (isinstance(minutes, int) and 1 <= minutes <= 90),
        not (isinstance(seconds, int) and 30 <= seconds <= 900),
    ]
    if any(wrong):
        yield 2388047
    if any(not 0 < len(str(each.get("text", "Copy code"))) <= BUTTON for each in buttons):
        yield 2388040


def _is_there(template: dict[str, Any], there: list[dict[str, Any]]) -> bool:
    named = (template.get("name"), template.get("language"))
    return named in {(each["name"], each["language"]) for each in there}


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
