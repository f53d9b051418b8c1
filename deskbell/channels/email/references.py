"""Signed references, by which an answer finds its ticket: Message-ID, subject token, reply address.

All are keyed with `kit.keys.key("reference")`, which is never rotated silently. A reference says which
ticket is meant, never that the sender may write there: that is the ownership check of channels.inbound.

Those of a forward are of a kind of their own: they say which forward to which of its recipients is answered,
and whoever has one may answer (channels.suppliers), since all that comes of it is for staff alone.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
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

#: in the name of a forward's reference: ticket, message, and whom of its recipients it went to
_FORWARD = r"(\d{1,18})\.(\d{1,18})\.([0-9a-f]{8})"
_FORWARD_PART = re.compile(r"f([0-9a-f]{8})")
_FORWARD_TOKEN = re.compile(rf"\[#({_FORWARD})-([0-9a-f]{{8}})\]", re.IGNORECASE)
_FORWARD_MARKER = re.compile(rf"\[f({_FORWARD})-([0-9a-f]{{16}})\]")
_FORWARD_ADDRESS = re.compile(rf"^(.+)\+f({_FORWARD})-([0-9a-f]{{12}})@(.+)$", re.IGNORECASE)


@dataclass(frozen=True)
class ForwardTo:
    """A forward (the message's id) and the recipient (`mark_of` his address) whom a reference of it names."""

    message_id: int
    mark: str
    #: the one or the other is known
    ticket_id: int = 0
    number: int = 0


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


def mark_of(address: str) -> str:
    """What stands for a recipient of a forward in its references: his address itself is nobody's business."""
    return hashlib.sha256(address.strip().casefold().encode()).hexdigest()[:8]


def forward_id(ticket_id: int, forward: int, address: str) -> str:
    """The Message-ID of the mail that takes the message `forward` to `address`."""
    return message_id(ticket_id, forward, part=f"f{mark_of(address)}")


def forward_of_id(value: str) -> ForwardTo | None:
    """What `forward_id` was made of, None for any other id."""
    known = _MESSAGE_ID.match(value.strip())
    part = _FORWARD_PART.fullmatch(known[3] or "") if known and verify(value) else None
    return ForwardTo(int(known[2]), part[1], ticket_id=int(known[1])) if known and part else None


def forward_token(number: int, forward: int, address: str) -> str:
    """`[#1042.99.3f2a9c1d-9f3a7b2c]`, which goes into the subject of the mail to `address`."""
    name = f"{number}.{forward}.{mark_of(address)}"
    return f"[#{name}-{_mac('forward-subject', name, 8)}]"


def forward_marker(number: int, forward: int, address: str) -> str:
    """`[f1042.99.3f2a9c1d-<16 hex>]`, which stands in its body: see `marker`."""
    name = f"{number}.{forward}.{mark_of(address)}"
    return f"[f{name}-{_mac('forward-marker', name, 16)}]"


def forward_address(mailbox: str, number: int, forward: int, address: str) -> str:
    """`support+f1042.99.3f2a9c1d-<12 hex>@…`, its reply address: see `reply_address`."""
    local, _, domain = mailbox.rpartition("@")
    name = f"{number}.{forward}.{mark_of(address)}"
    return f"{local}+f{name}-{_mac('forward-address', name, 12)}@{domain}"


def forward_in_address(address: str) -> ForwardTo | None:
    """What `forward_address` was made of, None for any other address."""
    found = _FORWARD_ADDRESS.match(address.strip())
    return _genuine("forward-address", *found.group(2, 3, 4, 5, 6)) if found else None


def forward_in_subject(subject: str) -> ForwardTo | None:
    """Of the first genuine token of `forward_token`."""
    found = (_genuine("forward-subject", *each.groups()) for each in _FORWARD_TOKEN.finditer(subject))
    return next(filter(None, found), None)


def _genuine(purpose: str, name: str, number: str, message_id: str, mark: str, mac: str) -> ForwardTo | None:
    if not hmac.compare_digest(_mac(purpose, name.lower(), len(mac)), mac.lower()):
        return None
    return ForwardTo(int(message_id), mark.lower(), number=int(number))


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
    return " ".join(_TOKEN.sub(" ", _FORWARD_TOKEN.sub(" ", subject)).split())


def marker(number: int) -> str:
    """`[t1042-<16 hex>]`, which stands in the body of our mails: some servers rewrite all ids on the way,
    and a quoted text still says which ticket is meant. Nothing in it looks like a link to mail programs.
    """
    return f"[t{number}-{_mac('marker', str(number), 16)}]"


def marked_in_text(text: str) -> list[int | ForwardTo]:
    """What genuine markers in `text` name, the nearest quote first: ticket numbers, and forwards."""
    found: dict[int, int | ForwardTo] = {}
    for each in _MARKER.finditer(text):
        if hmac.compare_digest(_mac("marker", each[1], 16), each[2]):
            found[each.start()] = int(each[1])
    for each in _FORWARD_MARKER.finditer(text):
        if forward := _genuine("forward-marker", *each.groups()):
            found[each.start()] = forward
    return list(dict.fromkeys(found[place] for place in sorted(found)))


def without_markers(text: str) -> str:
    """`text` without markers of this or another desk of the same make: what is sent on names no other way."""
    return _MARKER.sub("", _FORWARD_MARKER.sub("", text))


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
