"""Logo, icon and faces: pictures a person chose, made again by us so that nothing else is in them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from deskbell.files import actions as files
from deskbell.files.models import Blob
from deskbell.files.sniff import content_type

#: bytes, and pixels along the longer side, of what is taken
LIMIT = 5_000_000
LONGEST = 4_000
#: what is kept, in pixels: sharp on a screen of double density
LOGO = (480, 160)
ICON = 180
#: a photo of a person as it is kept; phones take larger ones than a logo may be
FACE, LONGEST_PHOTO = 256, 8_000
KINDS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
#: what Pillow raises for a file that is not what it seems
BROKEN = (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError)


class BadPicture(ValueError):
    """Not a PNG, JPEG or WebP picture of a sane size. Vector graphics may hold scripts and are refused."""


@dataclass(frozen=True)
class Picture:
    """`blob` is the picture within LOGO (PNG), of `width` × `height` pixels; `icon` the same as a square."""

    blob: Blob
    width: int
    height: int
    icon: Blob


def keep(file: BinaryIO) -> Picture:
    """Store the uploaded `file` as logo and as icon. Raises BadPicture."""
    content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise BadPicture("too big")
    image = _read(content)
    logo = image.copy()
    logo.thumbnail(LOGO, Image.Resampling.LANCZOS)
    return Picture(_store(logo), logo.width, logo.height, _store(_square(image)))


def keep_face(file: BinaryIO) -> Blob:
    """Store the uploaded `file` as a square of FACE pixels cut out of its middle. Raises BadPicture."""
    content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise BadPicture("too big")
    image = _read(content, longest=LONGEST_PHOTO)
    face = Image.new("RGB", (FACE, FACE), "#ffffff")
    cut = ImageOps.fit(image, (FACE, FACE), Image.Resampling.LANCZOS, centering=(0.5, 0.4))
    face.paste(cut, mask=cut)
    out = io.BytesIO()
    face.save(out, "JPEG", quality=88)
    return files.store(out.getvalue())


def icon_of(logo: Blob) -> Blob:
    """The icon made of a logo that is kept already."""
    with Image.open(logo.path) as image:
        return _store(_square(image.convert("RGBA")))


def _read(content: bytes, longest: int = LONGEST) -> Image.Image:
    kind = KINDS.get(content_type(content[:8192]))
    if kind is None:
        raise BadPicture("not a picture we take")
    try:
        with Image.open(io.BytesIO(content), formats=[kind]) as image:
            if max(image.size) > longest:
                raise BadPicture("too large")
            return ImageOps.exif_transpose(image).convert("RGBA")
    except BROKEN as error:
        raise BadPicture("broken") from error


def _square(image: Image.Image) -> Image.Image:
    """The whole picture in the middle of a transparent square."""
    return ImageOps.pad(image, (ICON, ICON), Image.Resampling.LANCZOS, color=(0, 0, 0, 0))


def _store(image: Image.Image) -> Blob:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return files.store(out.getvalue())
