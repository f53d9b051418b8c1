"""One part of a mail: its bytes, its name, its parameters, and what a delivery report says in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.generator import BytesGenerator
from email.message import Message
from io import BytesIO

from deskbell.channels.email import headers, words


@dataclass(frozen=True)
class MailFile:
    """A file that came with a mail. `content_id` is without its brackets; `inline` if the HTML shows it."""

    filename: str
    content_type: str
    content: bytes
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True)
class Report:
    """What a delivery report (RFC 3464) says of one recipient."""

    recipient: str
    action: str
    status: str
    diagnostic: str


def children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def payload(part: Message) -> bytes:
    """The decoded bytes of a leaf; a broken transfer encoding leaves them as they came."""
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError):
        data = None
    if isinstance(data, bytes):
        return data
    payload = part.get_payload()
    return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""


def bytes_of(part: Message) -> bytes:
    inside = children(part)
    if not inside:
        return payload(part)
    out = BytesIO()
    for child in inside:
        try:
            BytesGenerator(out, mangle_from_=False, policy=policy.compat32).flatten(child)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            out.write(payload(child))
    return out.getvalue()


def parameter(part: Message, name: str) -> str:
    try:
        value = part.get_param(name, "")
        text = value[2] if isinstance(value, tuple) else value
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    return str(text or "").strip()


def disposition(part: Message) -> str:
    value = (headers.raw_values(part, "content-disposition") or [""])[0]
    return value.partition(";")[0].strip().lower()


def filename(part: Message) -> str:
    """The file's name (RFC 2231, RFC 2047 or raw), without folders, at most 200 characters."""
    try:
        name = part.get_filename("") or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        name = parameter(part, "name")
    return tidy(words.header_text(str(name)))


def tidy(name: str) -> str:
    """A file's name without folders, at most 200 characters."""
    name = " ".join(name.replace("\\", "/").rpartition("/")[2].split()).strip(" .")
    if len(name) > 200:
        stem, dot, suffix = name.rpartition(".")
        name = f"{stem[: 199 - len(suffix)]}.{suffix}" if dot and len(suffix) <= 10 else name[:200]
    return name


_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/rfc822-headers": ".txt",
    "application/ms-tnef": ".dat",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/pgp-signature": ".asc",
}


def made_up_name(part: Message, kind: str, number: int) -> str:
    if kind == "message/rfc822":
        inner = children(part)
        subject = words.header_text(str(inner[0].get("subject", ""))) if inner else ""
        stem = " ".join(re.sub(r"[^\w .-]+", " ", subject).split())[:80] or f"message-{number}"
        return f"{stem}.eml"
    stem = "winmail" if kind == "application/ms-tnef" else f"file-{number}"
    return stem + _SUFFIXES.get(kind, ".bin")


def report(part: Message) -> Report | None:
    """The first recipient's fields of a `message/delivery-status` part."""
    fields: dict[str, str] = {}
    for block in children(part):
        for header, value in block.raw_items():
            fields.setdefault(header.lower(), words.header_text(str(value))[:500])
    recipient = fields.get("final-recipient") or fields.get("original-recipient", "")
    if not recipient and "action" not in fields:
        return None
    return Report(
        recipient.rpartition(";")[2].strip().strip("<>"),
        fields.get("action", "").lower(),
        fields.get("status", "").partition(" ")[0],
        fields.get("diagnostic-code", ""),
    )


def returned_ids(part: Message) -> list[str]:
    """Message-ID and references of the mail that came back."""
    found: list[str] = []
    for block in children(part) or [
        message_from_bytes(payload(part)[: headers.MAX_HEADERS], policy=policy.compat32)
    ]:
        for name in ("message-id", "in-reply-to", "references"):
            for value in headers.raw_values(block, name):
                found += headers.ids(words.header_text(value))
    return found
