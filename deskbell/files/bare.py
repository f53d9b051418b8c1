"""Photos without what the camera wrote into them: the place, the device, the person. Pixels stay as they are.

Kept is what a picture needs to look right: which way is up, and its colours. Formats: JPEG (ITU T.81 and
Exif), PNG (W3C PNG 3), WebP (RFC 9649), HEIC and AVIF (ISO/IEC 14496-12 and 23008-12). What cannot be read so
stays as it came.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image

from deskbell.files.sniff import content_type

ORIENTATION = 0x0112
#: PNG chunks with words, a time or Exif in them
PNG_DROPPED = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
WEBP_DROPPED = frozenset({b"EXIF", b"XMP "})
#: bits of the extended WebP header that say these are there
WEBP_EXIF, WEBP_XMP = 0x08, 0x04
HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}
)
#: an Exif item with nothing in it: where the TIFF block begins, and an empty one
HEIF_EXIF = struct.pack(">I2sHIHI", 0, b"MM", 42, 8, 0, 0)
#: boxes that phones add behind the picture: a short film, notes of the maker
HEIF_DROPPED = frozenset({b"mpvd", b"sefd", b"uuid"})
BROKEN = (ValueError, IndexError, KeyError, struct.error, OSError, SyntaxError, Image.DecompressionBombError)


def bare(content: BinaryIO) -> BinaryIO:
    """A photo without camera data, or `content` itself, from its beginning, when it is none."""
    head = content.read(64)
    content.seek(0)
    strip = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp}.get(content_type(head))
    if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS:
        strip = _heif
    if strip is None:
        return content
    whole = content.read()
    try:
        return io.BytesIO(strip(whole))
    except BROKEN:
        content.seek(0)
        return content


def _upright(whole: bytes) -> int:
    """Which way is up: 1 as it lies, 2 to 8 as Exif has them."""
    with Image.open(io.BytesIO(whole)) as image:
        value = image.getexif().get(ORIENTATION, 1)
    return value if value in range(1, 9) else 1


def _exif(upright: int) -> bytes:
    """The TIFF block with nothing in it but which way is up."""
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, ORIENTATION, 3, 1, upright, 0, 0)


# --- JPEG -----------------------------------------------------------------------------------------


def _jpeg(whole: bytes) -> bytes:
    out = [whole[:2]]
    if (upright := _upright(whole)) != 1:
        block = b"Exif\0\0" + _exif(upright)
        out.append(b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block)
    out += _jpeg_parts(whole)
    return b"".join(out)


def _jpeg_parts(whole: bytes) -> Iterator[bytes]:
    """The segments to keep, up to the end of the picture: phones hide films and more pictures behind it."""
    at = 2
    while True:
        if whole[at] != 0xFF:
            raise ValueError("no marker")
        marker = whole[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == 0xD9:
            yield whole[at : at + 2]
            return
        end = at + 2 + struct.unpack_from(">H", whole, at + 2)[0]
        if marker == 0xDA:  # the picture itself follows, up to the next marker that is none of its own
            end = _after_scan(whole, end)
        if _jpeg_kept(marker, whole[at + 4 : at + 16]):
            yield whole[at:end]
        at = end


def _jpeg_kept(marker: int, begin: bytes) -> bool:
    """JFIF, colour profiles and Adobe's colour mark, of all that applications may add; no comments."""
    if marker == 0xE2:
        return begin.startswith(b"ICC_PROFILE\0")
    return marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _after_scan(whole: bytes, at: int) -> int:
    while True:
        at = whole.index(b"\xff", at)
        if whole[at + 1] != 0 and not 0xD0 <= whole[at + 1] <= 0xD7 and whole[at + 1] != 0xFF:
            return at
        at += 1 if whole[at + 1] == 0xFF else 2


# --- PNG ------------------------------------------------------------------------------------------


def _png(whole: bytes) -> bytes:
    upright = _upright(whole)
    out, at = [whole[:8]], 8
    while True:
        size, name = struct.unpack_from(">I4s", whole, at)
        end = at + 12 + size
        if end > len(whole):
            raise ValueError("cut")
        if name not in PNG_DROPPED:
            out.append(whole[at:end])
        if name == b"IHDR" and upright != 1:
            block = b"eXIf" + _exif(upright)
            out.append(struct.pack(">I", len(block) - 4) + block + struct.pack(">I", zlib.crc32(block)))
        if name == b"IEND":
            return b"".join(out)
        at = end


# --- WebP -----------------------------------------------------------------------------------------


def _webp(whole: bytes) -> bytes:
    upright = _upright(whole)
    out, at = [], 12
    while at + 8 <= len(whole):
        name, size = struct.unpack_from("<4sI", whole, at)
        end = at + 8 + size + size % 2
        if at + 8 + size > len(whole):
            raise ValueError("cut")
        chunk = whole[at:end]
        if name == b"VP8X":
            flags = chunk[8] & ~(WEBP_EXIF | WEBP_XMP) | (WEBP_EXIF if upright != 1 else 0)
            chunk = chunk[:8] + bytes([flags]) + chunk[9:]
        if name not in WEBP_DROPPED:
            out.append(chunk)
        at = end
    if upright != 1:
        block = _exif(upright)
        out.append(struct.pack("<4sI", b"EXIF", len(block)) + block)
    body = b"WEBP" + b"".join(out)
    return b"RIFF" + struct.pack("<I", len(body)) + body


# --- HEIC and AVIF --------------------------------------------------------------------------------


def _heif(whole: bytes) -> bytes:
    """Blanks the metadata where it lies, because other parts are found by their distance from the beginning.

    Which way is up is a property of the picture here, not metadata.
    """
    out = bytearray(whole)
    meta = None
    for name, begin, end in _boxes(whole, 0, len(whole)):
        if name == b"meta":
            meta = (begin + 4, end)
        elif name in HEIF_DROPPED:
            out[begin:end] = bytes(end - begin)
    if meta is None:
        raise ValueError("no metadata box")
    boxes = {name: (begin, end) for name, begin, end in _boxes(whole, *meta)}
    private = _private_items(whole, *boxes[b"iinf"])
    for item, method, pieces in _places(whole, boxes[b"iloc"][0]):
        if item not in private:
            continue
        base = boxes[b"idat"][0] if method == 1 else 0
        for offset, length in pieces:
            blank = HEIF_EXIF if private[item] == b"Exif" and length >= len(HEIF_EXIF) else b""
            out[base + offset : base + offset + length] = blank.ljust(length, b"\0")
    if len(out) != len(whole):
        raise ValueError("outside the file")
    return bytes(out)


def _boxes(whole: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of the content of each box."""
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", whole, at)
        begin = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", whole, begin)
            begin += 8
        after = end if size == 0 else at + size
        if after < begin or after > end:
            raise ValueError("a box that reaches too far")
        yield name, begin, after
        at = after


def _private_items(whole: bytes, begin: int, end: int) -> dict[int, bytes]:
    """The items that are Exif or, as XMP is, of a MIME type: number → kind."""
    version = whole[begin]
    found = {}
    for name, at, _ in _boxes(whole, begin + (6 if version == 0 else 8), end):
        if name != b"infe" or whole[at] < 2:
            continue
        form = ">HH4s" if whole[at] == 2 else ">IH4s"
        item, _, kind = struct.unpack_from(form, whole, at + 4)
        if kind in (b"Exif", b"mime"):
            found[item] = kind
    return found


def _places(whole: bytes, begin: int) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Number, way of construction, and (offset, length) of the pieces of each item."""
    version, at = whole[begin], begin + 4
    sizes = struct.unpack_from(">H", whole, at)[0]
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    at += 2
    wide = 4 if version == 2 else 2

    def number(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(whole[at - size : at], "big")

    for _ in range(number(wide)):
        item = number(wide)
        method = number(2) & 15 if version else 0
        number(2)
        base = number(base_size)
        pieces = []
        for _ in range(number(2)):
            number(index_size)
            pieces.append((base + number(offset_size), number(length_size)))
        yield item, method, pieces
