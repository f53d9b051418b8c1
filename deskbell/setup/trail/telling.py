"""Events in words: who did what, and what it was about."""

from __future__ import annotations

from dataclasses import dataclass

from deskbell.events.models import Event
from deskbell.people.models import User
from deskbell.setup.trail.names import Names
from deskbell.setup.trail.words import WORDS
from deskbell.tickets.queries import described


@dataclass
class Line:
    """`about` is what it was about, in words. `number` is that of its ticket where the reader may open it,
    `person` and `inbound` the ids of a person and of a received message.
    """

    event: Event
    who: str
    what: str
    about: str = ""
    number: int | None = None
    person: int | None = None
    inbound: int | None = None


def lines(happened: list[Event], user: User) -> list[Line]:
    """One line for each event, in the same number of queries for any number of them."""
    names = Names.of(happened, user)
    told = []
    for entry in described(happened):
        event = entry.event
        assert event is not None
        what = entry.sentence if event.about_kind == "ticket" else _what(event, names)
        about, number, person = names.about(event)
        inbound = event.about_id if event.about_kind == "inbounditem" else None
        told.append(Line(event, entry.who, what, about, number, person, inbound))
    return told


def _what(event: Event, names: Names) -> str:
    """A plain sentence without its subject; the kind itself for one that has no words yet."""
    tell = WORDS.get(event.kind)
    return tell(event, names) if tell else event.kind
