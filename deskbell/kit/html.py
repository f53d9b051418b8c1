"""HTML that strangers wrote: cleaned for the sandboxed frame, or turned into plain text."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

import nh3
from inscriptis import get_text
from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.model.config import ParserConfig
from lxml.etree import LxmlError

#: characters of input that are looked at; a longer one is cut (its plain text is kept whole elsewhere)
LONGEST = 1_000_000
#: tags one may stand inside of; deeper nesting makes parsers and browsers slow, so its markup is dropped
DEEPEST = 200
#: ampersands that are looked at: the parser's time grows with their square
MOST_REFERENCES = 100_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = _words(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd "
    "del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd "
    "li main mark nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table "
    "tbody td tfoot th thead time tr tt u ul var wbr"
)
#: removed with everything inside them
DROPPED = _words(
    "script style title template noscript noframes iframe frameset object applet embed svg select audio "
    "video canvas"
)
ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align", "valign", "width", "height", "bgcolor"},
    "a": {"href", "name"},
    "img": {"src", "alt", "border"},
    "font": {"color", "face", "size"},
    "table": {"border", "cellpadding", "cellspacing", "summary"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "ol": {"start", "type", "reversed"},
    "li": {"value"},
    "time": {"datetime"},
}
#: nothing that loads, floats over other content, or hides text
STYLES = _words(
    "background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width "
    "border-collapse border-color border-left border-left-color border-left-style border-left-width "
    "border-radius border-right border-right-color border-right-style border-right-width border-spacing "
    "border-style border-top border-top-color border-top-style border-top-width border-width color "
    "direction font font-family font-size font-style font-variant font-weight height letter-spacing "
    "line-height list-style-type margin margin-bottom margin-left margin-right margin-top max-width padding "
    "padding-bottom padding-left padding-right padding-top text-align text-decoration text-indent "
    "text-transform vertical-align white-space width word-break"
)
SCHEMES = {"http", "https", "mailto", "tel", "cid"}
LINK_REL = "noopener noreferrer nofollow"

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)[^<>]*>")
_IMAGE = re.compile(r'<img(?: [a-z-]+="[^"]*")*>')
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
#: tags that hold nothing, or that a following one closes by itself: they do not nest on their own
_FLAT = _words(
    "br hr img wbr col area base input link meta source track embed param p li dt dd tr td th thead tbody "
    "tfoot colgroup rt rp"
)


@dataclass(frozen=True)
class Cleaned:
    #: safe to show in the sandboxed frame; remote images wait in `data-remote-src`
    html: str
    remote_images: int


def clean_mail(html: str, *, cid: Callable[[str], str | None]) -> Cleaned:
    """`html` without anything that runs, loads, or lies over the page.

    `cid` gets the content id of an inline image (no `cid:`, no angle brackets) and returns the address of our
    copy, or None when there is none; to decide that at display time it may return `cid:…` again. Images from
    the web keep their address aside: see `with_remote_images`. Images inside the text (`data:`) are left out.
    Never raises, whatever the input.
    """
    mark = secrets.token_hex(8)
    remote = 0

    def image(tag: str, attribute: str, value: str) -> str | None:
        nonlocal remote
        if tag != "img" or attribute != "src":
            return value
        scheme, _, rest = value.strip().partition(":")
        if scheme.lower() == "cid":
            return cid(rest.strip("<> "))
        if scheme.lower() in {"http", "https"}:
            remote += 1
            return f"{mark}:{value.strip()}"
        return None

    cleaned = nh3.clean(
        _bounded(html),
        tags=set(TAGS),
        clean_content_tags=set(DROPPED),
        attributes=ATTRIBUTES,
        attribute_filter=image,
        url_schemes=SCHEMES,
        filter_style_properties=set(STYLES),
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel=LINK_REL,
        strip_comments=True,
    )
    return Cleaned(cleaned.replace(f' src="{mark}:', ' data-remote-src="'), remote)


def with_remote_images(cleaned: str) -> str:
    """`Cleaned.html` with its remote images put back, for a reader who asked to see them."""
    return _IMAGE.sub(lambda image: image[0].replace(" data-remote-src=", " src="), cleaned)


def text_from_html(html: str) -> str:
    """What a reader of `html` would see, as plain text with paragraphs, lists and tables. Never raises."""
    plain = nh3.clean(
        _bounded(html),
        tags=set(TAGS) - {"img"},
        clean_content_tags=set(DROPPED),
        attributes={"a": {"href"}, "ol": {"start"}},
        link_rel=None,
    )
    try:
        text = get_text(plain, ParserConfig(css=STRICT_CSS_PROFILE)).strip() if plain.strip() else ""
    except (LxmlError, ValueError, RecursionError):
        text = ""  # lxml refuses some inputs, such as comments alone; the words follow below
    if not text:
        text = unescape(_TAG.sub(" ", plain))
    return _BLANK_LINES.sub("\n\n", text.replace("\xa0", " ")).strip()


def _bounded(html: str) -> str:
    """`html` cut to LONGEST, without NUL and without tags nested deeper than DEEPEST."""
    html = html[:LONGEST].replace("\x00", "")
    if html.count("&") > MOST_REFERENCES:
        html = "&".join(html.split("&", MOST_REFERENCES)[:MOST_REFERENCES])
    if html.count("<") <= DEEPEST:
        return html
    depth = 0

    def keep(tag: re.Match[str]) -> str:
        nonlocal depth
        if tag[2].lower() in _FLAT:
            return tag[0]
        if not tag[1]:
            depth += 1
        kept = tag[0] if depth <= DEEPEST else ""
        if tag[1]:
            depth = max(0, depth - 1)
        return kept

    return _TAG.sub(keep, html)
