"""Appointments in a mail (iTIP, RFC 5546; iCalendar, RFC 5545), as plain values for a card on the message.

Nothing is accepted, answered or fetched. The file itself is kept beside the card.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from deskbell.channels.email import words

#: bytes of a calendar that are read; more is a whole calendar, not an invitation
MAX_SIZE = 256 * 1024
MAX_EVENTS = 5
METHODS = ("REQUEST", "CANCEL", "REPLY", "PUBLISH", "COUNTER")
ANSWERS = ("ACCEPTED", "DECLINED", "TENTATIVE")


def read(content: bytes) -> list[dict[str, Any]]:
    """The appointments of a calendar file, none when it is unreadable or says nothing to its reader:

    method     request, cancel, reply, publish or counter
    title, where, uid, organiser: [name, address]
    start, end   RFC 3339 in UTC; without an offset when the sender named no zone we know; a date for
                 whole days, the end being the last day; empty when unknown
    repeats    whether there are more like it
    answer     of a reply: [who, accepted | declined | tentative]
    """
    if len(content) > MAX_SIZE or b"BEGIN:VEVENT" not in content:
        return []
    import icalendar  # a fifth of a second, which mails without appointments do not pay

    try:
        calendar = icalendar.Calendar.from_ical(content)
        method = str(calendar.get("METHOD", "PUBLISH")).upper()
        if method not in METHODS:
            return []
        return [_card(event, method) for event in calendar.walk("VEVENT")[:MAX_EVENTS]]
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError):
        return []


def _card(event: Any, method: str) -> dict[str, Any]:
    start, end = _when(event)
    card: dict[str, Any] = {
        "method": "cancel" if str(event.get("STATUS", "")).upper() == "CANCELLED" else method.lower(),
        "title": _line(event.get("SUMMARY")),
        "where": _line(event.get("LOCATION")),
        "uid": _line(event.get("UID")),
        "organiser": _person(event.get("ORGANIZER")),
        "start": start,
        "end": end,
        "repeats": "RRULE" in event,
    }
    if method == "REPLY" and (answer := _answer(event.get("ATTENDEE"))):
        card["answer"] = answer
    return card


def _when(event: Any) -> tuple[str, str]:
    start = getattr(event.get("DTSTART"), "dt", None)
    if start is None:
        return "", ""
    end = getattr(event.get("DTEND"), "dt", None)
    if end is None:
        length = getattr(event.get("DURATION"), "dt", None)
        end = start + length if isinstance(length, timedelta) else start
    elif not isinstance(end, datetime) and end > start:
        end -= timedelta(days=1)  # the first day after it (RFC 5545 section 3.6.1)
    return _moment(start), _moment(end) if type(end) is type(start) and end != start else ""


def _moment(value: date | datetime) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).isoformat()


def _person(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        value = value[0]
    address = str(value)
    if address.lower().startswith("mailto:"):
        address = address[7:]
    return [_line(value.params.get("CN", "")), _line(address) if "@" in address else ""]


def _answer(attendee: Any) -> list[str]:
    one = attendee[0] if isinstance(attendee, list) else attendee
    answer = str(one.params.get("PARTSTAT", "")).upper() if one is not None else ""
    if answer not in ANSWERS:
        return []
    name, address = _person(one)
    return [name or address, answer.lower()]


def _line(value: Any) -> str:
    """One line of text that the database takes."""
    first = value[0] if isinstance(value, list) else value
    return " ".join(words.clean(str(first or "")).split())[:300]
