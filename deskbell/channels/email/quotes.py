"""What is new in a mail: its text without the quoted history below, above or between.

The whole text is always kept beside it, so a wrong cut costs a click, never a word.
"""

from __future__ import annotations

import re

import quotequail

#: the line above which customers answer, in any language: `##- … -##`
DELIMITER = re.compile(r"^[>\s|]*##- .{1,200} -##\s*$")
FORWARDED = re.compile(
    r"^\s*(fwd?|wg|tr|rv|vb|doorst|i|enc|pd|转发|轉寄)\s*(\[\d+\])?\s*[:：]", re.IGNORECASE
)
REPLIED = re.compile(
    r"^\s*(re|aw|sv|antw|odp|ynt|ref|res|rif|vs|回复|回覆|答复)\s*(\[\d+\])?\s*[:：]", re.IGNORECASE
)
#: where mail programs begin the quoted part of an HTML body
HTML_QUOTE = re.compile(
    r"<(?:div|blockquote|hr|span|p|table)\b[^<>]{0,400}?(?:"
    r"class\s*=\s*[\"'][^\"'<>]{0,200}?\b(?:gmail_quote|moz-cite-prefix|yahoo_quoted|protonmail_quote|zmail_extra)\b"
    r"|id\s*=\s*[\"']?(?:divRplyFwdMsg|appendonsend|mail-editor-reference-message-container|OLK_SRC_BODY_SECTION)\b"
    r"|type\s*=\s*[\"']?cite\b)",
    re.IGNORECASE,
)
MAX_LINES = 2000
LONG_LINE = 500


def is_forward(subject: str) -> bool:
    """Whether `subject` says that the mail forwards another one, whose text must then stay."""
    return bool(FORWARDED.match(subject))


def is_reply(subject: str) -> bool:
    """Whether `subject` begins with one of the reply marks of common mail programs."""
    return bool(REPLIED.match(subject))


def bare_subject(subject: str) -> str:
    """`subject` without its reply and forward marks."""
    while match := (REPLIED.match(subject) or FORWARDED.match(subject)):
        subject = subject[match.end() :]
    return subject.strip()


def html_before_quote(html: str) -> str | None:
    """The part of an HTML body above the quoted mail, None when no quote was found."""
    match = HTML_QUOTE.search(html)
    return html[: match.start()] if match else None


def new_text(text: str, *, reply: bool) -> str:
    """`text` without quoted history; all of it when nothing would be left.

    `reply` says that headers or subject call the mail a reply. Without it only an unmistakable sign
    (our own line, "On … wrote:") cuts, since logs and pasted mails look much like quotes.
    """
    above = _above_delimiter(text)
    cut = _unquoted(text if above is None else above, reply=reply or above is not None)
    return cut.strip() or text.strip()


def _above_delimiter(text: str) -> str | None:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if DELIMITER.match(line[:260]):
            return "\n".join(lines[:number])
    return None


def _unquoted(text: str, *, reply: bool) -> str:
    """Our use of quotequail: bounded in lines and their length, as its patterns are quadratic in both."""
    lines = text.split("\n")
    kept: list[str] = []
    short = [_placeholder(line, kept) for line in lines[:MAX_LINES]]
    found = quotequail.unwrap("\n".join(short))
    if found is None or (found["type"] != "reply" and not reply):
        return text
    top, bottom = found.get("text_top", ""), _without_quotes(found.get("text_bottom", ""))
    if bottom is None or (bottom and len(lines) > MAX_LINES):
        return text
    return _restored("\n\n".join(part for part in (_own_intro_removed(top), bottom) if part), kept)


def _placeholder(line: str, kept: list[str]) -> str:
    if len(line) <= LONG_LINE:
        return line
    kept.append(line)
    return f"\x01{len(kept) - 1}\x01"


def _restored(text: str, kept: list[str]) -> str:
    return re.sub("\x01(\\d+)\x01", lambda match: kept[int(match[1])], text)


def _without_quotes(bottom: str) -> str | None:
    """The answer below a quote; None when answers and quotes alternate, which must be read as a whole."""
    lines = bottom.strip().split("\n")
    quoted = [line.startswith(">") for line in lines]
    if not any(quoted):
        return bottom.strip()
    if all(mark or not line.strip() for mark, line in zip(quoted, lines, strict=True)):
        return ""
    return None


def _own_intro_removed(top: str) -> str:
    """Outlook's rule of underscores stands above the headers that quotequail found."""
    return re.sub(r"\n?_{20,}\s*$", "", top).strip()
