"""The template environment of all pages: undefined names fail, strings are translated, dates are cheap."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, partial
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile
from zlib import crc32

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.template.backends.utils import csrf_input
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from jinja2 import Environment, StrictUndefined, pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape

from deskbell.kit import markdown, once, stored, time

#: name → function of the request; areas above `kit` add what every page may show (kept lazy)
PROVIDED: dict[str, Callable[[HttpRequest], object]] = {
    "live_token": lambda request: "",
    #: whom somebody looks at the desk as; mostly none
    "viewed": lambda request: None,
    #: HTML at the end of the bar above every page
    "corner": lambda request: "",
    #: HTML above the form of a sign-in page and on the front page: other ways in
    "ways_in": lambda request: "",
}
#: name → function that every template and macro may call, mails too; filled like PROVIDED. `company()` shows
#: as the company's name
SHARED: dict[str, Callable[..., object]] = {}

STYLES = Path(__file__).parent / "static" / "kit" / "css"
AVATAR_COLOURS = 6
#: icons that point along the line: they turn round where it runs from right to left
DIRECTED = re.compile(r"(arrow|chevron)(-up)?-(left|right)|external-link|log-(in|out)|reply|send|undo-2")


def environment(**options: Any) -> Environment:
    """What Django's Jinja2 backend calls once (`TEMPLATES`, OPTIONS, environment)."""
    options["undefined"] = StrictUndefined
    jinja = Environment(**options, extensions=["jinja2.ext.i18n", "jinja2.ext.do"])  # noqa: S701 - set by Django
    jinja.install_gettext_callables(  # type: ignore[attr-defined]
        translation.gettext,
        translation.ngettext,
        newstyle=True,
        pgettext=translation.pgettext,
        npgettext=translation.npgettext,
    )
    jinja.policies["ext.i18n.trimmed"] = True
    jinja.globals.update(
        _=translated,
        word=word,
        kept=kept,
        time_tag=time_tag,
        url=url,
        static=static,
        icon=icon,
        now=timezone.now,
        once_key=once.new_key,
        stylesheets=stylesheets,
        language=language,
        direction=direction,
        avatar_colour=avatar_colour,
        initials=initials,
        **SHARED,
    )
    jinja.filters.update(
        ago=time.relative,
        when=time.exact,
        day=time.day,
        clock=time.clock,
        duration=time.duration,
        iso=time.iso,
        filesize=file_size,
        number=number,
        linebreaks=line_breaks,
        markdown=lambda text: Markup(markdown.to_html(text)),  # noqa: S704 - cleaned there
        plain=markdown.to_text,
    )
    return jinja


def page(request: HttpRequest) -> dict[str, object]:
    """What every page knows. Lazy: a fragment that shows none of it pays for none of it."""
    provided = {name: SimpleLazyObject(partial(function, request)) for name, function in PROVIDED.items()}
    return {
        "user": SimpleLazyObject(lambda: getattr(request, "user", None)),
        "messages": SimpleLazyObject(lambda: get_messages(request)),
        "languages": settings.LANGUAGES,
        # one for all forms of a page: Django's own makes another one each time it is written
        "csrf_input": SimpleLazyObject(partial(csrf_input, request)),
        **provided,
    }


@lru_cache(maxsize=8192)
def url(name: str, *args: object, **kwargs: object) -> str:
    """The path of the named route. Remembered: a list asks for fifty."""
    return reverse(name, args=args or None, kwargs=kwargs or None)


@pass_eval_context
def translated(where: EvalContext, text: str, **values: object) -> str:
    """`text` in the active language, its `%(name)s` filled in (escaped, but in plain text)."""
    words = _translated(text, translation.get_language())
    return words % values if where.autoescape else str(words) % values


@lru_cache(maxsize=8192)
def _translated(text: str, language: str | None) -> Markup:
    return Markup(translation.gettext(text))  # noqa: S704 - our own words


def word(name: str) -> str:
    """What is stored in English: in the active language if it is one of our words, else as it was given."""
    return stored.said(name) if name else ""


_kept: OrderedDict[tuple, Markup] = OrderedDict()
KEPT = 8192


def kept(macro: Callable[..., Markup], *values: object) -> Markup:
    """What `macro` makes of `values`, made once per language: for what many rows or pages show alike.

    The macro's name must be its own, and what it shows must follow from `values` alone.
    """
    key = (getattr(macro, "name", ""), translation.get_language(), *values)
    shown = _kept.get(key)
    if shown is None:
        while len(_kept) >= KEPT:
            _kept.popitem(last=False)
        shown = _kept[key] = macro(*values)
    return shown


def time_tag(value: datetime | None) -> Markup:
    """How long ago, the exact time on hover; `kit/js/times.js` keeps it fresh."""
    if value is None:
        return Markup()
    return _time_tag(value, int((timezone.now() - value).total_seconds() / 60), time.manner())


@lru_cache(maxsize=8192)
def _time_tag(value: datetime, minutes: int, manner: tuple[str, str, str]) -> Markup:
    """The same text as long as it is as many minutes ago and the reader's manner is the same."""
    exact, ago = escape(time.exact(value)), escape(time.relative(value))
    tag = f'<time datetime="{time.iso(value)}" title="{exact}" data-relative>{ago}</time>'
    return Markup(tag)  # noqa: S704 - escaped above


@lru_cache(maxsize=512)
def icon(name: str, size: int = 16, label: str = "", extra: str = "") -> Markup:
    """The Lucide icon `name`, `size` CSS pixels wide; for readers of the screen only if it has a `label`."""
    directed = " icon-directed" if DIRECTED.fullmatch(name) else ""
    drawing = ElementTree.fromstring(_drawing(name))  # noqa: S314 - of the package
    drawing.set("width", str(size))
    drawing.set("height", str(size))
    drawing.set("class", f"icon{directed} {extra}".strip())
    for attribute, value in (("role", "img"), ("aria-label", label)) if label else (("aria-hidden", "true"),):
        drawing.set(attribute, value)
    return Markup(ElementTree.tostring(drawing, encoding="unicode"))  # noqa: S704 - escaped there


def _drawing(name: str) -> bytes:
    """Without its namespace, which HTML knows by the tag."""
    return _drawings().read(f"{name}.svg").replace(b' xmlns="http://www.w3.org/2000/svg"', b"", 1)


@lru_cache(maxsize=1)
def _drawings() -> ZipFile:
    """Opened once: the package's own way reads the list of them all for each of them."""
    return ZipFile(BytesIO((files("lucide") / "lucide.zip").read_bytes()))


@lru_cache(maxsize=1)
def stylesheets() -> tuple[str, ...]:
    """Addresses of the style sheets of `kit`. The tokens come first: they name the layers."""
    names = sorted(
        (file.name for file in STYLES.glob("*.css")), key=lambda name: (name != "tokens.css", name)
    )
    return tuple(static(f"kit/css/{name}") for name in names)


def language() -> str:
    """The active language for `<html lang>`."""
    return translation.get_language() or settings.LANGUAGE_CODE


def direction() -> str:
    """`rtl` or `ltr`, for `<html dir>`."""
    return "rtl" if translation.get_language_bidi() else "ltr"


@lru_cache(maxsize=4096)
def avatar_colour(name: str) -> int:
    """1 to AVATAR_COLOURS, always the same for one name."""
    return crc32(name.casefold().encode()) % AVATAR_COLOURS + 1


@lru_cache(maxsize=4096)
def initials(name: str) -> str:
    """One or two letters that stand for a name or an e-mail address."""
    words = re.findall(r"[^\W_]+", name.partition("@")[0])
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def number(value: int) -> str:
    """A whole number with the separators of the active language."""
    return _number(value, language())


@lru_cache(maxsize=4096, typed=True)
def _number(value: float, code: str) -> str:
    # slow to import; pages without numbers need not wait for it
    from babel.numbers import format_decimal

    pattern = "#,##0.0" if isinstance(value, float) else "#,##0"
    return format_decimal(value, pattern, locale=time.locale(code))


def file_size(size: int) -> str:
    """Bytes as people read them: `0 B`, `812 B`, `1.4 MB`, `1,4 MB`. Steps of 1,000, as storage is sold."""
    amount, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 999.5 or unit == "TB":
            break
        amount /= 1000
    rounded = round(amount, 1) if unit != "B" and amount < 9.95 else round(amount)
    return f"{_number(rounded, language())}\N{NO-BREAK SPACE}{unit}"


def line_breaks(text: str) -> Markup:
    """Plain text with its line breaks as `<br>`."""
    return Markup("<br>").join(escape(line) for line in text.splitlines())
