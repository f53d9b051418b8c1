"""Signed references, by which an answer finds its ticket: Message-ID, subject token, reply address.

All are keyed with `kit.keys.key("reference")`, which is never rotated silently. A reference says which
ticket is meant, never that the sender may write there: that is the ownership check of channels.inbound.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

from deskbell.kit.keys import key

_MESSAGE_ID = re.compile(
    r"^<t(\d{1,18})\.m(\d{1,18})(?:\.([a-z0-9]{1,40}))?\.([0-9a-f]{16})@[^\s<>]{1,255}>$"
)
_TOKEN = re.compile(r"\[#(\d{1,18})-([0-9a-f]{4})\]", re.IGNORECASE)
_MARKER = re.compile(r"\[t(\d{1,18})-([0-9a-f]{16})\]")
_ADDRESS = re.compile(r"^(.+)\+t(\d{1,18})-([0-9a-f]{12})@(.+)$", re.IGNORECASE)
_STAFF_ADDRESS = re.compile(r"^(.+)\+([nr](\d{1,18})\.(\d{1,18}))-([0-9a-f]{12})@(.+)$", re.IGNORECASE)


@cache
def _key() -> bytes:
    return key("reference").encode()


def _mac(purpose: str, subject: str, length: int) -> str:
    return hmac.new(_key(), f"{purpose}:{subject}".encode(), hashlib.sha256).hexdigest()[:length]


def host() -> str:
    """The right-hand side of our Message-IDs: the host of DESKBELL_BASE_URL."""
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def message_id(ticket_id: int, message_id: int = 0, *, part: str = "") -> str:
    """`<t1042.m99.<16 hex>@host>`, the Message-ID of a mail about a ticket.

    `message_id` is 0 for a mail that carries no message; `part` (a-z, 0-9) tells apart several mails about
    one thing, such as a notification beside the reply itself.
    """
    name = f"t{ticket_id}.m{message_id}" + (f".{part}" if part else "")
    return f"<{name}.{_mac('message-id', name, 16)}@{host()}>"


def verify(value: str) -> tuple[int, int] | None:
    """(ticket id, message id or 0) of a Message-ID that we made, None for any other."""
    match = _MESSAGE_ID.match(value.strip())
    if not match:
        return None
    name = f"t{match[1]}.m{match[2]}" + (f".{match[3]}" if match[3] else "")
    if not hmac.compare_digest(_mac("message-id", name, 16), match[4]):
        return None
    return int(match[1]), int(match[2])


def subject_token(number: int) -> str:
    """`[#1042-9f3a]`, which goes into the subject of mails about ticket `number`."""
    return f"[#{number}-{_mac('subject', str(number), 4)}]"


def number_in_subject(subject: str) -> int | None:
    """The ticket number of the first genuine token in `subject`."""
    for match in _TOKEN.finditer(subject):
        if hmac.compare_digest(_mac("subject", match[1], 4), match[2].lower()):
            return int(match[1])
    return None


def without_token(subject: str) -> str:
    """`subject` without tokens of ours or of another desk of the same make."""
    return " ".join(_TOKEN.sub(" ", subject).split())


def marker(number: int) -> str:
    """`[t1042-<16 hex>]`, which stands in the body of our mails: some servers rewrite all ids on the way,
    and a quoted text still says which ticket is meant. Nothing in it looks like a link to mail programs.
    """
    return f"[t{number}-{_mac('marker', str(number), 16)}]"


def numbers_in_text(text: str) -> list[int]:
    """The ticket numbers of genuine markers in `text`, the nearest quote first."""
    found = {each[0]: each for each in _MARKER.finditer(text)}
    genuine = (
        each[1] for each in found.values() if hmac.compare_digest(_mac("marker", each[1], 16), each[2])
    )
    return list(dict.fromkeys(map(int, genuine)))


def reply_address(address: str, number: int) -> str:
    """`support+t1042-<12 hex>@…` for mailboxes whose server knows plus addresses."""
    local, _, domain = address.rpartition("@")
    return f"{local}+t{number}-{_mac('address', str(number), 12)}@{domain}"


def staff_address(address: str, number: int, user_id: int, *, public: bool) -> str:
    """`support+n1042.7-<12 hex>@…`, under which person 7 of the desk adds a note; `+r…`: a reply."""
    local, _, domain = address.rpartition("@")
    name = f"{'r' if public else 'n'}{number}.{user_id}"
    return f"{local}+{name}-{_mac('staff-address', name, 12)}@{domain}"


def staff_token(address: str) -> tuple[int, int, bool] | None:
    """(ticket number, person, public) of an address that `staff_address` made."""
    match = _STAFF_ADDRESS.match(address.strip())
    if not match or not hmac.compare_digest(_mac("staff-address", match[2].lower(), 12), match[5].lower()):
        return None
    return int(match[3]), int(match[4]), match[2][0] in "rR"


def number_in_address(address: str) -> int | None:
    """The ticket number of a reply address that we made, for a customer or for somebody of the desk."""
    if token := staff_token(address):
        return token[0]
    match = _ADDRESS.match(address.strip())
    if not match or not hmac.compare_digest(_mac("address", match[2], 12), match[3].lower()):
        return None
    return int(match[2])


def base_address(address: str) -> str:
    """`address` without a plus part, casefolded: the mailbox that it belongs to."""
    local, at, domain = address.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"
