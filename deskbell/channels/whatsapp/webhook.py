"""What the other side posts: whether it may, and what is in it (Cloud API webhooks)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

PREFIX = "sha256="


def is_signed(body: bytes, header: str, app_secret: str) -> bool:
    """Whether X-Hub-Signature-256 is that of the exact bytes."""
    expected = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    given = header.removeprefix(PREFIX)
    return (
        bool(app_secret)
        and header.startswith(PREFIX)
        and hmac.compare_digest(given.encode(), expected.encode())
    )


def sign(body: bytes, app_secret: str) -> str:
    """The header that `is_signed` takes."""
    return PREFIX + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Part:
    """One thing in a webhook. `number_id` is the phone number it is for; `value` the message, the state, or
    what else changed, empty for something odd; `contacts` what the envelope says of senders.
    """

    kind: Literal["message", "echo", "status", "change", "odd"]
    number_id: str
    value: dict[str, Any]
    contacts: list[Any]
    field: str = "messages"


class Unreadable(ValueError):
    """Not a webhook of WhatsApp."""


def parts(body: bytes) -> Iterator[Part]:
    """Everything in a webhook, in its order. Raises Unreadable."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None
    if not isinstance(read, dict) or not isinstance(read.get("entry"), list):
        raise Unreadable("no entry")
    for entry in read["entry"]:
        changes = entry.get("changes") if isinstance(entry, dict) else None
        for change in changes if isinstance(changes, list) else []:
            if isinstance(change, dict) and isinstance(change.get("value"), dict):
                yield from _of_change(str(change.get("field", "")), change["value"])
            else:
                yield Part("odd", "", {}, [], "")


def _of_change(field: str, value: dict[str, Any]) -> Iterator[Part]:
    metadata = value.get("metadata")
    number = str(metadata.get("phone_number_id", "")) if isinstance(metadata, dict) else ""
    contacts = value.get("contacts") if isinstance(value.get("contacts"), list) else []
    known = False
    for name, kind in (("messages", "message"), ("message_echoes", "echo"), ("statuses", "status")):
        listed = value.get(name)
        for each in listed if isinstance(listed, list) else []:
            known = True
            if isinstance(each, dict):
                yield Part(kind, number, each, contacts or [], field)  # type: ignore[arg-type]
            else:
                yield Part("odd", number, {}, [], field)
    if not known:
        yield Part("change", number, value, [], field)
