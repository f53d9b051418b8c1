"""Languages made up for tests: `xa`, English with accents, longer, in brackets; `xr`, from right to left.

Words of a page that stand outside the brackets did not come through gettext.
"""

from __future__ import annotations

import gettext
import re
from functools import lru_cache
from pathlib import Path

import allauth
import django

from words.catalogs import PLACEHOLDER, Words, as_mo, extracted, words_of

LANGUAGES = [("xa", "⟦xa⟧"), ("xr", "⟦xr⟧")]
RIGHT_TO_LEFT = ["xr"]
#: beside our own words those of the packages whose sentences our pages show
PACKAGES = (
    Path(django.__file__).parent / "conf" / "locale",
    Path(django.__file__).parent / "contrib" / "auth" / "locale",
    Path(allauth.__file__).parent / "locale",
)
#: what stays as it is inside a message: its gaps and its HTML
_KEPT = re.compile(rf"({PLACEHOLDER.pattern}|<[^<>]*>|&\w+;|https?://\S+)")
_ACCENTED = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "áƀçďéƒĝĥíĵķĺḿñóþɋŕšťúṽŵẋýžÁƁÇĎÉƑĜĤÍĴĶĹḾÑÓÞɊŔŠŤÚṼŴẊÝŽ",
)
_HEBREW = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "אבקדעפגהיחכלמנועקרסתושוסיזאבקדעפגהיחכלמנועקרסתושוסיז",
)


def write(folder: Path) -> Path:
    """Catalogs of both languages below `folder`, to be named in LOCALE_PATHS."""
    for language, _name in LANGUAGES:
        file = folder / language / "LC_MESSAGES" / "django.mo"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(as_mo(catalog(language)))
    return folder


def catalog(language: str) -> Words:
    made = Words()
    for message in words_of(extracted()):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = [spoken(each, language) for each in ids]
        made.add(message.id, strings if len(ids) > 1 else strings[0], context=message.context)
    for text in _of_packages():
        if text not in made:
            made.add(text, spoken(text, language))
    return made


@lru_cache(maxsize=1)
def _of_packages() -> tuple[str, ...]:
    """Messages of the packages, plural ones left out: a form of ours shows none."""
    found: set[str] = set()
    for folder in PACKAGES:
        with (folder / "de" / "LC_MESSAGES" / "django.mo").open("rb") as file:
            found |= {key for key in gettext.GNUTranslations(file)._catalog if isinstance(key, str) and key}  # type: ignore[attr-defined]
    return tuple(sorted(text for text in found if "\x04" not in text))


def spoken(text: str, language: str) -> str:
    """`text` as the made-up language has it, its gaps and HTML left alone."""
    parts = _KEPT.split(text)
    return f"⟦{''.join(part if _KEPT.fullmatch(part) else _word(part, language) for part in parts)}⟧"


def _word(text: str, language: str) -> str:
    """Two fifths longer: every vowel stands twice."""
    longer = re.sub(r"[aeiouAEIOU]", lambda vowel: vowel[0] + vowel[0].lower(), text)
    return longer.translate(_HEBREW if language in RIGHT_TO_LEFT else _ACCENTED)
