"""Photos lose what the camera wrote into them, and look as before."""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps
from PIL.Image import Exif

from deskbell.files.bare import bare
from deskbell.files.sniff import content_type

#: words of the metadata that may be in no file afterwards
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>52,31.2N</exif:GPSLatitude></x:xmpmeta>'
PRIVATE = (b"GPSLatitude", b"Spyglass 9", b"2030:06:03")
HEIC = Path(__file__).parent / "photo.heic"
AS_DECODED = "e80d7f6811c66b41e5b76240bf0a0542440151337de871b76e118247f3209304"
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")


def exif(upright: int) -> Exif:
    made = Image.Exif()
    made[0x0112], made[0x010F], made[0x0132] = upright, "Spyglass 9", "2030:06:03 10:00:00"
    made.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return made


def photo(form: str, upright: int = 6) -> bytes:
    image = Image.new("RGB", (40, 24), "navy")
    image.paste("orange", (0, 0, 10, 12))
    out = io.BytesIO()
    image.save(out, form, exif=exif(upright), xmp=XMP, icc_profile=b"a profile" * 20)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def stripped(content: bytes) -> bytes:
    return bare(io.BytesIO(content)).read()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("upright", [1, 3, 6, 8])
def test_the_place_and_the_device_are_gone_and_the_picture_looks_as_before(form, upright):
    before = photo(form, upright)
    assert any(word in before for word in PRIVATE)
    after = stripped(before)
    assert [word for word in PRIVATE if word in after] == []
    assert not opened(after).getexif().get_ifd(0x8825)
    assert opened(after).info.get("icc_profile") == opened(before).info.get("icc_profile")
    shown = [ImageOps.exif_transpose(opened(each)).convert("RGB") for each in (before, after)]
    assert shown[0].size == shown[1].size
    assert ImageChops.difference(*shown).getbbox() is None
    assert content_type(after[:64]) == content_type(before[:64])


def test_a_photo_of_a_phone_that_writes_heic_loses_them_too():
    """`photo.heic` was written by libheif 1.23 with `exif(6)` and `XMP`. What is left of it was decoded by
    the same library: the same pixels, the same way up, no Exif and an empty XMP.
    """
    before = HEIC.read_bytes()
    assert [word for word in PRIVATE if word in before] == list(PRIVATE)
    after = stripped(before)
    assert [word for word in PRIVATE if word in after] == []
    assert hashlib.sha256(after).hexdigest() == AS_DECODED
    assert stripped(after) == after
    for cut in range(12, len(before), 7):
        assert len(stripped(before[:cut])) <= cut + 60


@pytest.mark.parametrize("form", FORMATS)
def test_twice_is_as_once(form):
    once = stripped(photo(form))
    assert stripped(once) == once


def test_what_phones_hide_behind_a_picture_is_gone():
    before = photo("JPEG")
    assert stripped(before + b"a film of GPSLatitude") == stripped(before)
    before = photo("AVIF")
    film = b"GPSLatitude of a film"
    after = stripped(before + struct.pack(">I4s", len(film) + 8, b"mpvd") + film)
    assert (film in after, opened(after).size) == (False, opened(before).size)


def test_a_progressive_picture_with_a_comment_keeps_its_pixels():
    out = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(out, "JPEG", progressive=True, comment="at home", quality=95)
    after = stripped(out.getvalue())
    assert b"at home" not in after
    assert opened(after).tobytes() == opened(out.getvalue()).tobytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"plain words",
        b"%PDF-1.7 GPSLatitude",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe1\xff\xff",
        b"\x89PNG\r\n\x1a\n" + b"0" * 20,
        b"RIFF\xff\xff\xff\x7fWEBPVP8X",
        b"\0\0\0\x18ftypheic" + b"\xff" * 40,
        b"\0\0\0\x10ftypheic\0\0\0\0\0\0\0\x08meta",
    ],
)
def test_what_is_no_whole_photo_stays_as_it_came(content):
    assert stripped(content) == content


@pytest.mark.parametrize("form", FORMATS)
def test_a_damaged_photo_does_no_harm(form):
    whole = photo(form)
    for cut in range(12, len(whole), 7):
        assert len(stripped(whole[:cut])) <= cut + 60
