"""An accent colour in all the shades a page needs, readable whatever colour was picked.

Contrast and relative luminance are those of WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
Hue and saturation stay as they were picked; the lightness moves until the words can be read.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache

#: a little more than level AA asks of words (4.5) and of edges (3): shades are rounded to whole bytes
WORDS, EDGES = 4.6, 3.1
WHITE = (255, 255, 255)
#: the light and the dark background of tokens.css that lie nearest to the accent: the hardest to read on
LIGHT, DARK = (232, 235, 240), (38, 42, 50)
#: the dark surface that tints are mixed with
DARK_SURFACE = (23, 25, 30)
HEX = re.compile(r"#[0-9a-fA-F]{6}")

Bytes = tuple[int, int, int]


@dataclass(frozen=True)
class Shades:
    """Each `(light, dark)` as `#rrggbb`; the names are those of the tokens in kit/css/tokens.css.

    `accent` and `accent_strong` carry white words, `accent_text` are words on the page, on `accent_soft` and
    on `accent_faint`.
    """

    accent: tuple[str, str]
    accent_strong: tuple[str, str]
    accent_soft: tuple[str, str]
    accent_faint: tuple[str, str]
    accent_text: tuple[str, str]

    def css(self) -> str:
        """A style sheet that redefines the tokens; linked after tokens.css."""
        lines = []
        for each in fields(self):
            light, dark = getattr(self, each.name)
            lines.append(f"  --{each.name.replace('_', '-')}: light-dark({light}, {dark});")
        return ":root {\n" + "\n".join(lines) + "\n}\n"


@lru_cache(maxsize=64)
def shades(picked: str) -> Shades:
    """The shades of `picked`, which is `#rrggbb`. Raises ValueError for anything else."""
    colour = _bytes(picked)
    light = _darker(colour, lambda shade: _reads(shade, WHITE, WORDS))
    dark = _lighter(
        _darker(colour, lambda shade: _reads(shade, WHITE, WORDS)),
        lambda shade: _reads(shade, DARK_SURFACE, EDGES),
    )
    soft = _mixed(light, WHITE, 0.13), _mixed(dark, DARK_SURFACE, 0.28)
    faint = _mixed(light, WHITE, 0.06), _mixed(dark, DARK_SURFACE, 0.13)
    text = (
        _darker(colour, lambda shade: _reads(shade, soft[0], WORDS) and _reads(shade, LIGHT, WORDS)),
        _lighter(colour, lambda shade: _reads(shade, soft[1], WORDS) and _reads(shade, DARK, WORDS)),
    )
    strong = _mixed(light, (0, 0, 0), 0.84), _mixed(dark, (0, 0, 0), 0.88)
    return Shades(*((_hex(one), _hex(other)) for one, other in ((light, dark), strong, soft, faint, text)))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#rrggbb`, from 1 to 21."""
    return _contrast(_bytes(one), _bytes(other))


def _bytes(colour: str) -> Bytes:
    if not HEX.fullmatch(colour):
        raise ValueError(f"{colour!r} is not #rrggbb")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(colour: Bytes) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _luminance(colour: Bytes) -> float:
    parts = (byte / 255 for byte in colour)
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: Bytes, other: Bytes) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _reads(one: Bytes, other: Bytes, ratio: float) -> bool:
    return _contrast(one, other) >= ratio


def _mixed(colour: Bytes, other: Bytes, share: float) -> Bytes:
    red, green, blue = (round(a * share + b * (1 - share)) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _darker(colour: Bytes, fits: Callable[[Bytes], bool]) -> Bytes:
    """The lightest shade of `colour` that fits, at most as light as it is."""
    return _moved(colour, fits, -1)


def _lighter(colour: Bytes, fits: Callable[[Bytes], bool]) -> Bytes:
    """The darkest shade of `colour` that fits, at least as light as it is."""
    return _moved(colour, fits, 1)


def _moved(colour: Bytes, fits: Callable[[Bytes], bool], step: int) -> Bytes:
    """In steps of half a byte; black and white, where each way ends, always fit what is asked here."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(byte / 255 for byte in colour))
    shade, moves = colour, 0
    while not fits(shade) and 0 <= lightness + step * moves / 510 <= 1:
        moves += 1
        moved = min(1.0, max(0.0, lightness + step * moves / 510))
        red, green, blue = (round(part * 255) for part in colorsys.hls_to_rgb(hue, moved, saturation))
        shade = (red, green, blue)
    return shade
