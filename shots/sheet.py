"""Single pictures become contact sheets: one row a page, both sizes, light and dark."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDE, NARROW, HIGH = 480, 139, 300
GAP, TITLE, ROWS = 12, 26, 6
COLUMNS = (("1440-light", WIDE), ("1440-dark", WIDE), ("390-light", NARROW), ("390-dark", NARROW))


def sheets(names: list[str], pictures: Path, out: Path) -> list[Path]:
    """Write `contact-1.webp` … of ROWS pages each; returns them."""
    made = []
    for number, start in enumerate(range(0, len(names), ROWS), 1):
        path = out / f"contact-{number}.webp"
        _sheet(names[start : start + ROWS], pictures).save(path, quality=80, method=6)
        made.append(path)
    return made


def _sheet(names: list[str], pictures: Path) -> Image.Image:
    width = GAP + sum(column + GAP for _, column in COLUMNS)
    sheet = Image.new("RGB", (width, GAP + len(names) * (TITLE + HIGH + GAP)), "#d9dce3")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    top = GAP
    for name in names:
        draw.text((GAP, top), name, fill="#20242c", font=font)
        left = GAP
        for column, wide in COLUMNS:
            with Image.open(pictures / f"{name}-{column}.png") as picture:
                small = picture.convert("RGB")
                small = small.resize(
                    (wide, round(small.height * wide / small.width)), Image.Resampling.LANCZOS
                )
                sheet.paste(small.crop((0, 0, wide, min(HIGH, small.height))), (left, top + TITLE))
            left += wide + GAP
        top += TITLE + HIGH + GAP
    return sheet
