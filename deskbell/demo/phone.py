"""A played customer's phone as its page shows it, asked of the process that plays WhatsApp."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from itertools import groupby
from typing import Any

from django.conf import settings
from django.utils import timezone
from markupsafe import Markup, escape

from deskbell.demo.whatsapp import place
from deskbell.demo.whatsapp.sim import TOKEN
from deskbell.kit import http

#: seconds until a page says that nobody answers
PATIENCE = 10
#: seconds by which a chat is older when a day has gone by: one hour more than it may be answered
DAY_AND_MORE = 25 * 3600


_LINK = re.compile(r"(https?://[^\s)]+)")
_A = Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>')
_MARKS = {"*": "strong", "_": "em", "~": "s"}
_MARKED = re.compile(r"(?<!\w)([*_~])(\S(?:[^\n]*?\S)?)\1(?!\w)")


def _marked(text: str) -> Markup:
    def mark(found: re.Match[str]) -> str:
        tag = _MARKS[found[1]]
        return f"<{tag}>{found[2]}</{tag}>"

    return Markup(_MARKED.sub(mark, str(escape(text))))  # noqa: S704 - escaped just before


class Silent(Exception):
    """WhatsApp does not answer: its process is starting again."""


class NotThere(Exception):
    """No such chat, message or file."""


@dataclass(frozen=True)
class Bubble:
    """A message; `state` is sent, delivered, read or failed, `quoted` what it answers."""

    wamid: str
    at: datetime
    from_desk: bool
    kind: str
    text: str
    media: str
    filename: str
    reaction: str
    state: str
    #: what may be tapped (id, title, description), behind `label` where it is a list; and what was
    options: list[list[str]]
    label: str
    chosen: str
    #: what its button copies; empty for most
    code: str
    quoted: Bubble | None = None

    @property
    def plain(self) -> str:
        """Its words alone, on one line."""
        return self.shown.striptags()

    @property
    def shown(self) -> Markup:
        """Its words with WhatsApp's marks for bold, italic and struck out, and its links."""
        pieces = _LINK.split(self.text)
        return Markup().join(
            _A.format(piece, piece) if place % 2 else _marked(piece) for place, piece in enumerate(pieces)
        )


@dataclass(frozen=True)
class Chat:
    """What is on the phone of the number `who`, the oldest first; `unread` are messages of the desk."""

    who: str
    name: str
    bubbles: list[Bubble]
    unread: int
    typing: bool = False

    @property
    def days(self) -> Iterator[tuple[date, list[Bubble]]]:
        for day, bubbles in groupby(self.bubbles, key=lambda each: timezone.localdate(each.at)):
            yield day, list(bubbles)

    @property
    def stamp(self) -> str:
        """Changes whenever something on the page does."""
        told = [(each.wamid, each.state, each.reaction, each.chosen, each.at) for each in self.bubbles]
        return hashlib.sha256(repr((told, self.typing, timezone.localdate())).encode()).hexdigest()[:16]

    def bubble(self, wamid: str) -> Bubble | None:
        return next((each for each in self.bubbles if each.wamid == wamid), None)


def unread() -> dict[str, int]:
    """How many unread messages of the desk each number has. Raises Silent."""
    return {each["who"]: each["unread"] for each in _ask("GET", "")["chats"]}


def chat(who: str) -> Chat:
    """Raises Silent."""
    held = _ask("GET", who)
    found: dict[str, Bubble] = {}
    for each in held["bubbles"]:
        found[each["wamid"]] = Bubble(
            wamid=each["wamid"],
            at=datetime.fromtimestamp(each["at"], UTC),
            quoted=found.get(each["quotes"]),
            **{name: each[name] for name in SAME},
        )
    return Chat(who, held["name"], list(found.values()), len(held["unread"]), held["typing"])


SAME = (
    *("from_desk", "kind", "text", "media", "filename", "reaction", "state"),
    *("options", "label", "chosen", "code"),
)


def send(
    who: str, *, name: str, text: str, key: str, quotes: str = "", photo: bytes = b"", mime: str = ""
) -> None:
    """Write to the desk, once for one `key`. Raises Silent."""
    given = {"name": name, "text": text, "quotes": quotes, "key": key, "mime": mime}
    _ask("POST", f"{who}/send", {**given, "photo": base64.b64encode(photo).decode()})


def react(who: str, about: str, sign: str) -> None:
    """Raises Silent, NotThere."""
    _ask("POST", f"{who}/react", {"about": about, "sign": sign})


def choose(who: str, about: str, option: str) -> None:
    """Tap an option. Raises Silent, NotThere."""
    _ask("POST", f"{who}/choose", {"about": about, "option": option})


def open_chat(who: str) -> None:
    """Look at it: the desk hears that its messages were read. Raises Silent."""
    _ask("POST", f"{who}/open", {})


def let_a_day_pass(who: str) -> None:
    _ask("POST", f"{who}/let_time_pass", {"seconds": DAY_AND_MORE})


def file(who: str, media: str) -> bytes:
    """Raises Silent, NotThere."""
    into = BytesIO()
    _ask("GET", f"{who}/files/{media}", into=into)
    return into.getvalue()


def _ask(method: str, path: str, given: Any = None, *, into: BytesIO | None = None) -> dict[str, Any]:
    url = f"{place.address(settings.DATA_DIR)}/phones/{path}".rstrip("/")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    try:
        answer = http.ask(method, url, headers=headers, json=given, into=into, seconds=PATIENCE)
    except http.NoAnswer as error:
        raise Silent from error
    if answer.status == 404:
        raise NotThere(path)
    return answer.json()
