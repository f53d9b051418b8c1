"""Catalogs of messages: what the code says, what is translated, and their files.

Files hold nothing that changes from run to run or tells of a machine: no dates, line numbers or names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "deskbell" / "locale"
#: languages beside English, which is written in the code
LANGUAGES = ("de",)
#: functions whose first arguments are messages
KEYWORDS: dict[str, Any] = {
    "_": None,
    "N_": None,
    "_now": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


class Words(Catalog):
    """A catalog whose header says what a program needs and nothing else."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Project-Id-Version", "Deskbell"),
            ("Language", str(self.locale_identifier or "en")),
            ("Plural-Forms", self.plural_forms),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]


@lru_cache(maxsize=1)
def extracted() -> Words:
    """Everything the code says, with the files that say it."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file, filename="babel.cfg")
    catalog = Words()
    found = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS, directory_filter=_looked_into)
    for name, _line, message, comments, context in sorted(found, key=lambda each: (each[0], each[1])):
        catalog.add(message, locations=[(name, 1)], auto_comments=comments, context=context)
    return catalog


def _looked_into(folder: str | Path) -> bool:
    """Only the package: its translations and what is beside it say nothing."""
    parts = Path(folder).relative_to(ROOT).parts
    return parts[:1] == ("deskbell",) and "migrations" not in parts and parts[:2] != ("deskbell", "locale")


def file_of(language: str, ending: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / f"django.{ending}"


def stored(language: str) -> Words:
    """The catalog as it stands in the repository; empty when there is none yet."""
    catalog, file = Words(locale=language), file_of(language, "po")
    if file.exists():
        with file.open("rb") as opened:
            _fill(catalog, read_po(opened, locale=language))
    return catalog


def updated(language: str, said: Words) -> Words:
    """The messages of `said` with their translations; what is said no longer is gone."""
    known, catalog = (
        stored(language),
        Words(locale=language, header_comment=f"# Deskbell: {language}", fuzzy=False),
    )
    _fill(catalog, said)
    for message in words_of(catalog):
        if (before := known.get(message.id, message.context)) is not None and before.string:
            message.string = before.string
    return catalog


def missing(catalog: Words) -> list[Message]:
    """Messages without a whole translation: none at all, a plural form left out, other placeholders."""
    return [message for message in words_of(catalog) if not _whole(message, catalog.num_plurals)]


def _whole(message: Message, plurals: int) -> bool:
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if not all(strings) or len(strings) != (plurals if len(ids) > 1 else 1):
        return False
    allowed = [set(PLACEHOLDER.findall(each)) for each in ids]
    return all(set(PLACEHOLDER.findall(each)) in allowed for each in strings)


def words_of(catalog: Catalog) -> Iterator[Message]:
    """The messages without the header."""
    return (message for message in catalog if message.id)


def _fill(catalog: Catalog, other: Catalog) -> None:
    for message in words_of(other):
        catalog.add(
            message.id,
            message.string,
            locations=sorted(set(message.locations)),
            flags=message.flags - {"fuzzy"},
            auto_comments=message.auto_comments,
            context=message.context,
        )


def as_po(catalog: Words) -> bytes:
    """The text that is committed and edited."""
    written = BytesIO()
    write_po(written, catalog, width=100, include_lineno=False)
    return written.getvalue()


def as_mo(catalog: Words) -> bytes:
    """What the program reads."""
    written = BytesIO()
    write_mo(written, catalog)
    return written.getvalue()
