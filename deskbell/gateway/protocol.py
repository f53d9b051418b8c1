"""What desk and gateway agree on: signatures, states, error codes (docs/whatsapp-web-gateway.md)."""

from __future__ import annotations

import hashlib
import hmac
import time
from enum import StrEnum

VERSION = 1
HEADER = "X-Deskbell-Signature"
#: seconds by which the two clocks may differ
SKEW = 300
#: events of one delivery, and bytes of any body but a file
BATCH, LARGEST = 100, 1024 * 1024


class Link(StrEnum):
    """How the linked device is. What is in ENDED stays so until somebody does something."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    PAIRING = "PAIRING"
    CONNECTING = "CONNECTING"
    WORKING = "WORKING"
    LOGGED_OUT = "LOGGED_OUT"
    CONFLICT = "CONFLICT"
    BANNED = "BANNED"
    OUTDATED = "OUTDATED"
    #: the library is not installed, or cannot be loaded
    MISSING = "MISSING"


ENDED = frozenset({Link.STOPPED, Link.LOGGED_OUT, Link.CONFLICT, Link.BANNED, Link.OUTDATED, Link.MISSING})


class Sending(StrEnum):
    """Whether WhatsApp lets it send; connected and allowed to send are two things."""

    OK = "ok"
    RESTRICTED = "restricted"


class Code(StrEnum):
    """Why a message did not leave."""

    NOT_ON_WHATSAPP = "not_on_whatsapp"
    REACHOUT_LOCKED = "reachout_locked"
    RESTRICTED = "restricted"
    BANNED = "banned"
    NOT_CONNECTED = "not_connected"
    LOGGED_OUT = "logged_out"
    INVALID_RECIPIENT = "invalid_recipient"
    MEDIA_TOO_BIG = "media_too_big"
    TIMEOUT_UNKNOWN = "timeout_unknown"
    UNSUPPORTED = "unsupported"
    INTERNAL = "internal"


def sign(secret: str, method: str, path: str, body: bytes, *, now: float | None = None) -> str:
    """The header of a request: `t=<unix seconds>,v1=<HMAC-SHA256 of "t.METHOD.path." and the body>`."""
    at = str(int(time.time() if now is None else now))
    return f"t={at},v1={_mac(secret, at, method, path, body)}"


def is_signed(secret: str, header: str, method: str, path: str, body: bytes) -> bool:
    """Whether `header` is that of exactly this request, made within SKEW seconds."""
    parts = dict(part.partition("=")[::2] for part in header.split(",") if "=" in part)
    at, given = parts.get("t", ""), parts.get("v1", "")
    if not secret or not (at.isascii() and at.isdigit() and len(at) < 12):
        return False
    if abs(time.time() - int(at)) > SKEW:
        return False
    return hmac.compare_digest(_mac(secret, at, method, path, body).encode(), given.encode())


def _mac(secret: str, at: str, method: str, path: str, body: bytes) -> str:
    signed = f"{at}.{method}.{path}.".encode() + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
