"""Files that people attach, made here: screens, photographs, a cabinet, a display, logs, tables, a PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = (880, 420)


def maker(name: str, kind: str, said: list[str]) -> Callable[[datetime], bytes]:
    """What makes the file `name`: `kind` is screen, display, cabinet, text, csv or pdf, `said` its lines.

    A screen or display whose name ends in .jpg looks photographed. Raises KeyError for another kind.
    """
    makers: dict[str, Callable[[], bytes]] = {
        "screen": lambda: screen(said[0], said[1:]),
        "display": lambda: _png(_display(said)),
        "cabinet": lambda: _png(_cabinet(said)),
        "text": lambda: "".join(f"{line}\n" for line in said).encode(),
        "csv": lambda: "".join(f"{line}\r\n" for line in said).encode(),
        "pdf": lambda: pdf(said),
    }
    if name.endswith(".jpg"):
        drawn = {"screen": partial(_window, said[0], said[1:]), "display": partial(_display, said)}[kind]
        return lambda moment: _photograph(drawn())
    make = makers[kind]
    return lambda moment: make()


def screen(title: str, lines: list[str], *, accent: str = "#b3261e") -> bytes:
    """A PNG of a window with a heading and lines of text."""
    return _png(_window(title, lines, accent=accent))


def _window(title: str, lines: list[str], *, accent: str = "#b3261e") -> Image.Image:
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
    return image


def _display(lines: list[str]) -> Image.Image:
    """The two or three lines that a device shows, with its keys."""
    image = Image.new("RGB", SIZE, "#3a3f45")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((90, 60, 620, 330), radius=10, fill="#1c2522", outline="#595f66", width=6)
    for place, line in enumerate(lines):
        draw.text((122, 92 + place * 70), line, fill="#9fe8b4", font=ImageFont.load_default(size=40))
    for place, colour in enumerate(("#5c636b", "#5c636b", "#d9822b", "#4f9d63")):
        top = 72 + place * 66
        draw.rounded_rectangle((670, top, 790, top + 44), radius=22, fill=colour, outline="#22262a", width=3)
    return image


def _cabinet(units: list[str]) -> Image.Image:
    """A network cabinet from the front: one box a unit, cables hanging between them."""
    image = Image.new("RGB", (640, 720), "#c9c4bb")
    draw = ImageDraw.Draw(image)
    draw.rectangle((110, 40, 530, 690), fill="#24272b", outline="#111315", width=10)
    height = 600 // max(len(units), 1)
    for place, unit in enumerate(units):
        top = 66 + place * height
        draw.rectangle((138, top, 502, top + 84), fill="#4a5058", outline="#6d747c", width=2)
        draw.text((150, top + 6), unit, fill="#e7eaed", font=ImageFont.load_default(size=18))
        for port in range(12):
            left = 150 + port * 28
            lit = "#6fd08c" if (port * 7 + place) % 4 else "#e0a54a"
            draw.rectangle((left, top + 42, left + 20, top + 62), fill="#15171a", outline="#7b828a")
            draw.rectangle((left + 7, top + 68, left + 13, top + 74), fill=lit)
    cables = ("#3f78c4", "#c9a13b", "#b5483f", "#5a9a5d")
    for place in range(14):
        left = 156 + place * 24
        draw.arc((left - 50, 130, left + 60, 300 + place * 17), 300, 100, fill=cables[place % 4], width=5)
    return image


def _photograph(image: Image.Image) -> bytes:
    """A JPEG of `image` as a telephone takes it: askew, soft, darker to one side, on a desk."""
    wide, high = image.size
    desk = Image.new("RGB", (wide + 120, high + 120), "#77695a")
    desk.paste(image, (60, 60))
    turned = desk.rotate(-2.4, resample=Image.Resampling.BILINEAR, fillcolor="#6c5f51")
    light = Image.linear_gradient("L").rotate(90).resize(turned.size).point(lambda level: level // 3)
    shaded = Image.composite(Image.new("RGB", turned.size, "#14110d"), turned, light)
    out = BytesIO()
    shaded.filter(ImageFilter.GaussianBlur(0.9)).save(out, "JPEG", quality=78)
    return out.getvalue()


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", compress_level=6)
    return out.getvalue()


def pdf(lines: list[str]) -> bytes:
    """One page of plain lines, the first one large (PDF 1.4, ISO 32000-1 section 7.5)."""
    escaped = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines]
    text = f"BT /F1 22 Tf 72 760 Td ({escaped[0]}) Tj /F1 12 Tf 0 -20 Td " + " ".join(
        f"0 -22 Td ({line}) Tj" for line in escaped[1:]
    )
    stream = f"{text} ET".encode("latin-1")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + trailer


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
