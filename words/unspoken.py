"""What a page says that did not come through gettext, read in the made-up language `xa`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from zoneinfo import available_timezones

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, JSONField, Model, TextField

from deskbell.channels.email.push import SERVICES

ATTRIBUTES = {"title", "placeholder", "aria-label", "alt", "data-bulk-count", "data-limit-text"}
#: what they hold is no sentence of ours: programs, keys on a keyboard, times (of Babel), what is typed
SILENT = {"script", "style", "time", "kbd", "code", "pre", "textarea", "svg"}
#: classes of what people wrote, of the first letters of their names, of what programs call things
SILENT_CLASSES = {
    "code",
    "prose",
    "plain",
    "play-thread-text",
    "hit-line",
    "portal-find",
    "field-last",
    "avatar",
}
#: begin with names in English that pages show in the reader's language
TRANSLATED = {"tickets.Status", "tickets.Queue", "tickets.TicketType", "people.Role"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
#: words from which on a part of a longer text is known again
EXCERPT = 3
_WORD = re.compile(r"[^\W\d_]{2,}")
_SIGNS = " ,.:;·–—()“”…#0123456789"
_BRACKET = re.compile("[⟦⟧]")
#: what is written the same in every language, or by Babel: units, dates, addresses, variables, ticket numbers
_WRITTEN = re.compile(
    r"\b(?:B|kB|MB|GB|TB|UTC)\b|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d+\b|\d\s[AP]M\b"
    r"|<?\S+@\S+|https?://\S*|^[\w-]+(\.[\w-]+)+$|\{\{[\w.]+\}\}|^#\d+"
)
#: between tags of these a bracket may stay open
INLINE = {"a", "strong", "em", "b", "i", "span", "code", "kbd", "time", "br"}


class _Reader(HTMLParser):
    """Collects visible texts. What stands in an element with translate="no" is said so in every language."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.said: list[str] = []
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        silent = self._silent or tag in SILENT or given.get("translate") == "no"
        silent = silent or not SILENT_CLASSES.isdisjoint((given.get("class") or "").split())
        if not silent or tag in {"textarea", "svg"}:
            spoken = (value for name, value in attrs if value and self._is_words(tag, name, given))
            self.said += [_outside(value)[0] for value in spoken]
        if tag not in INLINE:
            self.depth = 0
        if tag not in VOID:
            self.open.append((tag, silent))

    def handle_endtag(self, tag: str) -> None:
        if tag not in INLINE:
            self.depth = 0
        while self.open:
            if self.open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        outside, self.depth = _outside(data, self.depth)
        if not self._silent and outside.strip():
            self.said.append(" ".join(outside.split()))

    @property
    def _silent(self) -> bool:
        return bool(self.open) and self.open[-1][1]

    def _is_words(self, tag: str, name: str, given: dict[str, str | None]) -> bool:
        """`#words` holds in its data- attributes what scripts say."""
        if given.get("id") == "words":
            return name.startswith("data-")
        return name in ATTRIBUTES or (tag == "input" and name == "value" and given.get("type") == "submit")


def texts(html: str) -> list[str]:
    """Text nodes and the attributes that people read or hear, without what stands in brackets."""
    reader = _Reader()
    reader.feed(html)
    return reader.said


def unspoken(said: Iterable[str], data: Stored) -> list[str]:
    """Those of `said` with words that neither stand in brackets nor in `data` (see `stored`)."""
    return [text for text in dict.fromkeys(said) if _WORD.search(_left(text, data))]


def _left(text: str, data: Stored) -> str:
    """`text` without what the database holds and what is written the same everywhere."""
    if text in data:
        return ""
    outside = _WRITTEN.sub(" ", text)
    pieces = [piece.strip(_SIGNS) for piece in re.split(r"[\n·|]|, | – |: ", outside)]
    return " ".join(piece for piece in pieces if piece and piece not in data)


@dataclass
class Stored:
    """What the database holds: `values`, whole and by lines, and all of it as one text for excerpts."""

    values: set[str]
    text: str = field(init=False)

    def __post_init__(self) -> None:
        self.text = "\n".join(sorted(self.values))

    def __contains__(self, said: str) -> bool:
        return said in self.values or (
            len(said.split()) >= EXCERPT and said.removesuffix("…").strip() in self.text
        )


def _outside(text: str, depth: int = 0) -> tuple[str, int]:
    """What of `text` stands outside all brackets, and how many are open at its end."""
    kept, at = [], 0
    for bracket in _BRACKET.finditer(text):
        if depth == 0:
            kept.append(text[at : bracket.start()])
        depth = max(0, depth + (1 if bracket[0] == "⟦" else -1))
        at = bracket.end()
    return " ".join([*kept, text[at:] if depth == 0 else ""]), depth


def stored() -> Stored:
    """Every text in the database, whole and by its lines: names, subjects, messages, addresses.

    And what is called the same in every language: languages themselves, time zones, products and services,
    and what mail servers call a folder and a scope.
    """
    found = {"Deskbell", "PostgreSQL", *(name for _code, name in settings.LANGUAGES)}
    found |= {"Google", "Microsoft 365", "Sent", "mail offline_access", "WhatsApp", "Authorization"}
    found |= {service.name for service in SERVICES.values() if isinstance(service.name, str)}
    found |= {zone.replace("_", " ") for zone in available_timezones()} | available_timezones()
    for model in apps.get_models():
        if model._meta.label not in TRANSLATED:
            found.update(_values(model))
    return Stored(found)


def _values(model: type[Model]) -> Iterator[str]:
    columns = [
        column.attname
        for column in model._meta.concrete_fields
        if isinstance(column, CharField | TextField | JSONField | ArrayField)
    ]
    for row in model._default_manager.values_list(*columns) if columns else ():
        for value in row:
            yield from _texts_in(value)


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _texts_in(each)
    elif isinstance(value, str) and value:
        yield " ".join(value.split())
        for line in value.splitlines():
            yield " ".join(line.split()).strip(_SIGNS)
