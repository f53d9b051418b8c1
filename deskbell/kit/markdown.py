"""Markdown as the desk writes it. Made for people who paste logs: nothing that was typed may vanish."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline, emphasis
from markdown_it.token import Token
from markupsafe import escape

#: characters; a longer text is shown as it is, without marks
LONGEST = 100_000
REMEMBERED = 8_000

TAGS = {"a", "blockquote", "br", "code", "del", "em", "li", "ol", "p", "pre", "s", "strong", "table", "tbody"}
TAGS |= {"td", "th", "thead", "tr", "ul"}
_SPACES = re.compile(r"  +")


def to_html(text: str) -> str:
    """`text` as safe HTML: bold, italic, struck, code, lists, quotes, tables, links; line breaks are `<br>`.

    HTML, headings (`# a root prompt`), rules (`-----`), escapes (`\\\\server\\share`), entities, references
    and `__dunder__` stay as typed: in a ticket they are far more often pasted than meant as marks.
    """
    if len(text) <= REMEMBERED:
        return _remembered(text)
    return _render(text)


def to_text(text: str) -> str:
    """`text` without its marks, for previews, subjects and search; list bullets and line breaks are kept."""
    if len(text) > LONGEST:
        return text
    lines = (_plain(token) for token in _reader().parse(text.replace("\x00", "")))
    return re.sub(r"\n{3,}", "\n\n", "".join(lines)).strip()


#: what opens or closes → WhatsApp's own mark (faq.whatsapp.com, "How to format your messages")
CHAT_MARKS = {"strong": "*", "em": "_", "s": "~"}


def to_chat(text: str) -> str:
    """`text` with the marks of WhatsApp; links stand behind their words, tables keep their tabs."""
    if len(text) > LONGEST:
        return text
    return re.sub(r"\n{3,}", "\n\n", "".join(_chat_blocks(_reader().parse(text.replace("\x00", ""))))).strip()


def _chat_blocks(tokens: Sequence[Token]) -> list[str]:
    out: list[str] = []
    quotes: list[int] = []
    for token in tokens:
        if token.type == "blockquote_open":
            quotes.append(len(out))
        elif token.type == "blockquote_close":
            begin = quotes.pop()
            lines = "".join(out[begin:]).strip().split("\n")
            out[begin:] = ["\n".join(f"> {line}" for line in lines), "\n\n"]
        elif token.type == "inline":
            out.append(_chat_words(token.children or []))
        elif token.type in {"fence", "code_block"}:
            out.append(f"```{token.content.rstrip()}```\n\n")
        else:
            out.append(_plain(token))
    return out


def _chat_words(tokens: Sequence[Token]) -> str:
    out: list[str] = []
    links: list[tuple[int, str]] = []
    for token in tokens:
        name = token.type.rpartition("_")[0]
        if token.type == "link_open":
            links.append((len(out), str(token.attrGet("href") or "")))
        elif token.type == "link_close":
            begin, href = links.pop()
            words = "".join(out[begin:])
            out.append(
                "" if href.removeprefix("mailto:").rstrip("/").endswith(words.rstrip("/")) else f" ({href})"
            )
        elif token.type == "code_inline":
            out.append(f"`{token.content}`")
        else:
            out.append(CHAT_MARKS.get(name) or _plain(token))
    return "".join(out)


@lru_cache(maxsize=1024)
def _remembered(text: str) -> str:
    return _render(text)


def _render(text: str) -> str:
    text = text.replace("\x00", "")
    if len(text) > LONGEST:
        return f"<pre>{escape(text)}</pre>"
    return nh3.clean(
        _reader().render(text),
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    reader = MarkdownIt(
        "commonmark", {"html": False, "linkify": True, "breaks": True}, renderer_cls=_Renderer
    )
    reader.enable(["table", "strikethrough", "linkify"])
    reader.disable(["heading", "lheading", "hr", "reference", "html_block"])
    reader.disable(["image", "autolink", "html_inline", "entity", "escape"])
    reader.inline.ruler.at("emphasis", _stars_only)
    reader.inline.ruler.at("newline", _newline)
    return reader


class _Renderer(RendererHTML):
    def text(self, tokens: Sequence[Token], idx: int, options: object, env: object) -> str:
        """Runs of spaces hold their width, so that columns of a pasted log stay columns."""
        return _SPACES.sub(lambda run: "\xa0" * (len(run[0]) - 1) + " ", str(escape(tokens[idx].content)))


def _stars_only(state: StateInline, silent: bool) -> bool:
    return state.src[state.pos] == "*" and emphasis.tokenize(state, silent)


def _newline(state: StateInline, silent: bool) -> bool:
    """A line break that keeps the indentation of the next line (the library's own rule drops it)."""
    if state.src[state.pos] != "\n":
        return False
    end = state.pos + 1
    while end < state.posMax and state.src[end] in " \t":
        end += 1
    if not silent:
        indentation = state.src[state.pos + 1 : end].expandtabs(4)
        state.pending = state.pending.rstrip(" ")
        state.push("softbreak", "br", 0)
        state.pending += "\xa0" * len(indentation)
    state.pos = end
    return True


def _plain(token: Token) -> str:
    if token.type == "inline":
        return "".join(_plain(child) for child in token.children or [])
    if token.type in {"fence", "code_block"}:
        return f"{token.content}\n"
    if token.type in {"text", "code_inline"}:
        return token.content.replace("\xa0", " ")
    if token.type in {"softbreak", "hardbreak", "tr_close"}:
        return "\n"
    if token.type == "list_item_open":
        return f"{token.info}{token.markup} " if token.info else "- "
    if token.type in {"td_close", "th_close"}:
        return "\t"
    if token.type == "paragraph_close":
        return "\n" if token.hidden else "\n\n"
    return ""
