"""Outlook's `winmail.dat`: the files and the body that it hides (MS-OXTNEF, TNEF).

A reader of our own, because every count in the format is a promise of the sender's: a file of sixty bytes may
announce four thousand million properties. Here a count never makes more steps than there are bytes.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_ATTRIBUTES = 20_000

_SIGNATURE = 0x223E9F78
_BODY, _PROPERTIES, _CODEPAGE = 0x800C, 0x9003, 0x9007
_ATTACH_BEGIN, _ATTACH_DATA, _ATTACH_TITLE, _ATTACH_PROPERTIES = 0x9002, 0x800F, 0x8010, 0x9005
_P_BODY, _P_RTF, _P_HTML, _P_CODEPAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
_P_DATA, _P_FILENAME, _P_LONG_FILENAME, _P_MIME, _P_CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
_NAMED, _MULTIPLE = 0x8000, 0x1000
_STRING, _UNICODE = 0x001E, 0x001F
_SIZES = {2: 2, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 2, 0x14: 8, 0x40: 8, 0x48: 16}
_COUNTED = (_STRING, _UNICODE, 0x000D, 0x0102)
#: what precedes a whole message that is attached as an object
_EMBEDDED = bytes.fromhex("0703020000000000c000000000000046")
_PAGES = {20127: "ascii", 20866: "koi8-r", 28591: "cp1252", 65000: "utf-7", 65001: "utf-8", 936: "gb18030"}


class Unreadable(ValueError):
    """The file is no TNEF, or a damaged one."""


@dataclass
class TnefFile:
    filename: str = ""
    content_type: str = ""
    content_id: str = ""
    content: bytes = b""


@dataclass
class Tnef:
    """`whole` is False when it holds something that is not shown here: only the file itself has it then."""

    text: str = ""
    html: str = ""
    files: list[TnefFile] = field(default_factory=list)
    whole: bool = True


def read(data: bytes) -> Tnef:
    """What is in a `winmail.dat`. Raises Unreadable."""
    try:
        return _read(data)
    except (struct.error, LookupError, UnicodeError, OverflowError) as error:
        raise Unreadable(str(error)) from error


def _read(data: bytes) -> Tnef:
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        raise Unreadable("wrong signature")
    found = Tnef()
    page = "cp1252"
    rich = False
    for name, value in _attributes(data):
        if name == _CODEPAGE:
            page = _codec(struct.unpack_from("<I", value)[0])
        elif name == _BODY:
            found.text = found.text or _text(value, page)
        elif name == _PROPERTIES:
            rich = _body(found, dict(_properties(value)), page) or rich
        elif name == _ATTACH_BEGIN:
            found.files.append(TnefFile())
        elif name in (_ATTACH_DATA, _ATTACH_TITLE, _ATTACH_PROPERTIES) and found.files:
            _attachment(found, name, value, page)
    found.whole = found.whole and not (rich and not (found.text or found.html))
    found.files = [file for file in found.files if file.content]
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(id, value) of each attribute: level, id, type, length, value, checksum."""
    offset = 6
    for _number in range(MAX_ATTRIBUTES):
        if offset + 9 > len(data):
            return
        _level, name, _type, length = struct.unpack_from("<BHHI", data, offset)
        offset += 9
        if offset + length > len(data):
            raise Unreadable("cut off")
        yield name, data[offset : offset + length]
        offset += length + 2
    raise Unreadable("too many attributes")


def _body(found: Tnef, properties: dict[int, bytes], page: str) -> bool:
    """Put the message's body into `found`; answers whether there is one in rich text format."""
    if _P_CODEPAGE in properties:
        page = _codec(struct.unpack_from("<I", properties[_P_CODEPAGE])[0])
    if _P_BODY in properties:
        found.text = _text(properties[_P_BODY], page)
    if _P_HTML in properties:
        found.html = _text(properties[_P_HTML], page)
    return _P_RTF in properties


def _attachment(found: Tnef, name: int, value: bytes, page: str) -> None:
    file = found.files[-1]
    if name == _ATTACH_DATA:
        file.content = value
    elif name == _ATTACH_TITLE:
        file.filename = file.filename or _text(value, page)
    else:
        properties = dict(_properties(value))
        for key in (_P_LONG_FILENAME, _P_FILENAME):
            if key in properties:
                file.filename = _text(properties[key], page)
                break
        file.content_type = _text(properties.get(_P_MIME, b""), page).lower()
        file.content_id = _text(properties.get(_P_CONTENT_ID, b""), page).strip("<> ")
        if properties.get(_P_DATA, b"").startswith(_EMBEDDED):
            found.whole = False
        elif _P_DATA in properties:
            file.content = properties[_P_DATA]


def _properties(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(id, first value) of each MAPI property; texts in UTF-16 come as UTF-8 with its mark."""
    (count,) = struct.unpack_from("<I", data)
    offset = 4
    for _number in range(min(count, len(data) // 4)):
        if offset + 4 > len(data):
            return
        kind, name = struct.unpack_from("<HH", data, offset)
        offset += 4
        if name >= _NAMED:
            offset = _after_name(data, offset)
        value, offset = _value(data, offset, kind)
        yield name, value


def _after_name(data: bytes, offset: int) -> int:
    """Behind the set and the number or words that name a property."""
    (by_words,) = struct.unpack_from("<I", data, offset + 16)
    offset += 20
    if not by_words:
        return offset + 4
    (length,) = struct.unpack_from("<I", data, offset)
    return offset + 4 + _padded(length)


def _value(data: bytes, offset: int, kind: int) -> tuple[bytes, int]:
    several, kind = bool(kind & _MULTIPLE), kind & ~_MULTIPLE
    if kind in _COUNTED:
        return _counted(data, offset, kind)
    if kind not in _SIZES:
        raise Unreadable(f"unknown type {kind:#x}")
    count = 1
    if several:
        (count,) = struct.unpack_from("<I", data, offset)
        offset += 4
    size = _SIZES[kind]
    return data[offset : offset + size], offset + _padded(size * count)


def _counted(data: bytes, offset: int, kind: int) -> tuple[bytes, int]:
    (count,) = struct.unpack_from("<I", data, offset)
    offset += 4
    first = b""
    for number in range(min(count, len(data))):
        (length,) = struct.unpack_from("<I", data, offset)
        offset += 4
        if offset + length > len(data):
            raise Unreadable("cut off")
        if number == 0:
            first = data[offset : offset + length]
        offset += _padded(length)
    if kind == _UNICODE:
        first = codecs.BOM_UTF8 + first.decode("utf-16-le", "replace").encode("utf-8", "replace")
    return first, offset


def _padded(length: int) -> int:
    return length + -length % 4


def _codec(page: int) -> str:
    name = _PAGES.get(page, f"cp{page}")
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name


def _text(value: bytes, page: str) -> str:
    if value.startswith(codecs.BOM_UTF8):
        page = "utf-8-sig"
    return value.decode(page, "replace").rstrip("\0")
