"""Bytes and header values of foreign mails as clean text. Nothing here raises on any input.

Clean means: no NUL (PostgreSQL refuses it), no lone surrogate, no control character but tab and newline.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re
from collections.abc import Iterable
from email.utils import getaddresses

from charset_normalizer import from_bytes

#: what mailers write → what they mean
CHARSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "iso-2022-jp": "iso2022_jp_ext",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "x-mac-roman": "mac_roman",
    "utf8": "utf-8",
    "cp-850": "cp850",
}
#: labels that say nothing, and Python codecs that are no character sets of mail
UNKNOWN = {
    "",
    "us-ascii",
    "ascii",
    "unknown-8bit",
    "unknown",
    "x-unknown",
    "default",
    "binary",
    "8bit",
    "idna",
    "punycode",
    "unicode_escape",
    "unicode-escape",
    "raw_unicode_escape",
    "raw-unicode-escape",
    "undefined",
}
SAMPLE = 32 * 1024
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(\?=)[ \t\r\n]+(=\?)")


def clean(text: str) -> str:
    """`text` with one kind of line end and without what the database or a terminal would choke on."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def decode(data: bytes, charset: str | None) -> str:
    """Read `data`, labelled `charset` by its sender, as well as can be done."""
    label = (charset or "").strip().strip("\"'").lower()
    label = CHARSETS.get(label, label)
    for candidate in ("" if label in UNKNOWN else label, "utf-8"):
        text = _strict(data, candidate)
        if text is not None:
            return clean(text)
    return clean(_lenient(data, "" if label in UNKNOWN else label))


def _strict(data: bytes, codec: str) -> str | None:
    if not codec:
        return None
    try:
        return data.decode(codec)
    except (LookupError, ValueError, RecursionError):
        return None


def _lenient(data: bytes, label: str) -> str:
    """A broken character or two keep the label; more of them make us guess."""
    if label and _is_codec(label):
        text = data.decode(label, "replace")
        if text.count("\ufffd") * 100 <= len(text):
            return text
    guess = from_bytes(data[:SAMPLE]).best()
    return data.decode(guess.encoding if guess else "cp1252", "replace")


def _is_codec(label: str) -> bool:
    try:
        codecs.lookup(label)
        b"a".decode(label, "replace")
    except (LookupError, ValueError):
        return False
    return True


def header_text(value: str) -> str:
    """A raw header value (as the parser kept it) as one line of text, encoded words (RFC 2047) read.

    Neighbouring words of one character set are joined before they are decoded, because mailers split
    multi-byte characters between words although they must not.
    """
    value = _eight_bit(value)
    value = _BETWEEN.sub(r"\1\2", value)
    out: list[str] = []
    pending = b""
    pending_charset = ""
    position = 0
    for match in _ENCODED.finditer(value):
        charset, data = match[1].split("*")[0].lower(), _word(match[2], match[3])
        gap = value[position : match.start()]
        if pending_charset and (gap or charset != pending_charset):
            out.append(decode(pending, pending_charset))
            pending = b""
        out.append(gap)
        pending, pending_charset = pending + data, charset
        position = match.end()
    if pending_charset:
        out.append(decode(pending, pending_charset))
    out.append(value[position:])
    return " ".join(clean("".join(out)).split())


def _eight_bit(value: str) -> str:
    """Headers sent as raw bytes arrive with surrogate escapes: read those bytes."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return decode(value.encode("utf-8", "surrogateescape"), None)
    return value


def _word(encoding: str, data: str) -> bytes:
    raw = data.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(raw.replace(b"_", b" "))
    raw = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return base64.b64decode(raw[: len(raw) // 4 * 4])


def addresses(values: Iterable[str], *, limit: int = 300) -> list[tuple[str, str]]:
    """[(name, address)] of address headers; entries without an `@` are left out."""
    found: list[tuple[str, str]] = []
    for value in values:
        try:
            pairs = getaddresses([_eight_bit(value)[:65536]])
        except (ValueError, IndexError, RecursionError):
            pairs = [("", match) for match in re.findall(r"[^\s<>,;\"()]+@[^\s<>,;\"()]+", value[:65536])]
        for name, address in pairs:
            address = clean(address).strip().strip("<>\"'")
            if "@" in address and len(address) <= 320 and not re.search(r"\s", address):
                found.append((header_text(name)[:200], address))
            if len(found) >= limit:
                return found
    return found
