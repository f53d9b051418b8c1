"""Files that customers attach, made here: a screen with an error and a few lines of a log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

SIZE = (880, 420)


def screen(title: str, lines: list[str], *, accent: str = "#b3261e") -> bytes:
    """A PNG of a window with a heading and lines of text, as somebody would photograph it off a screen."""
    image = Image.new("RGB", SIZE, "#dfe4ea")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((60, 50, SIZE[0] - 60, SIZE[1] - 50), radius=14, fill="#ffffff", outline="#b8c0ca")
    draw.rounded_rectangle((60, 50, SIZE[0] - 60, 96), radius=14, fill="#f1f3f6")
    for place, colour in enumerate(("#e0655b", "#e6b04e", "#6dbb63")):
        draw.ellipse((82 + place * 26, 66, 96 + place * 26, 80), fill=colour)
    draw.rectangle((60, 96, 68, SIZE[1] - 64), fill=accent)
    draw.text((100, 122), title, fill="#1f2730", font=ImageFont.load_default(size=30))
    for place, line in enumerate(lines):
        draw.text((100, 182 + place * 34), line, fill="#4a5560", font=ImageFont.load_default(size=22))
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def vpn_log(until: datetime) -> bytes:
    """What a VPN client writes while its tunnel is lost every ten minutes, up to `until`."""
    said = (
        (0, "no answer to keepalive (3 of 3)"),
        (1, "down"),
        (9, "rekey, proposal AES_GCM_16_256"),
        (11, "up, 10.20.4.17"),
    )
    lost = [until - timedelta(minutes=10 * turn - 1) for turn in range(8, 0, -1)]
    return _log(
        (at + timedelta(seconds=seconds), f"client[1184]: tunnel qs-office: {words}")
        for at in lost
        for seconds, words in said
    )


def backup_log(until: datetime) -> bytes:
    """The end of a nightly backup that found its disk full."""
    night = until.replace(hour=2, minute=0, second=4)
    said = (
        (0, "job 'projects nightly' started, 2 sources"),
        (6, "source \\\\hb-files\\drawings: 41 208 files, 612.4 GB"),
        (48, "target /mnt/rotation-b: write failed: no space left"),
        (48, "job 'projects nightly' FAILED (exit 28)"),
    )
    return _log((night + timedelta(minutes=minutes), words) for minutes, words in said)


def _log(lines: Iterable[tuple[datetime, str]]) -> bytes:
    return "".join(f"{at:%Y-%m-%d %H:%M:%S} {words}\n" for at, words in lines).encode()
