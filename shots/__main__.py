"""Start a demo, photograph every page, write the contact sheets."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from shots.pages import SHOTS, Shot, path_of
from shots.sheet import sheets
from tests.support.browser import DESKTOP, PHONE, Visitor, chromium
from tests.support.desk import Desk

OUT = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
#: single pictures kept for the README
KEPT = {"needs reply": "1440-light", "a ticket": "1440-dark", "a customer's ticket": "390-light"}


def main() -> int:
    given = argparse.ArgumentParser(prog="bin/shots")
    given.add_argument("folder", nargs="?", type=Path, help="where the single pictures go")
    given.add_argument("--only", help="pages whose name contains this; writes no contact sheet")
    options = given.parse_args()
    data = Path(tempfile.mkdtemp(prefix="shots-"))
    data.chmod(0o755)
    pictures = options.folder or data / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    chosen = [shot for shot in SHOTS if not options.only or options.only in shot.name]
    try:
        with Desk(data / "desk", "--demo") as desk, chromium() as browser:
            faults = _photograph(browser, desk, chosen, pictures)
        if not options.only:
            _write(pictures)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    print("\n".join(faults) or f"{len(chosen)} pages, nothing to complain of")
    return 1 if faults else 0


def _photograph(browser: Browser, desk: Desk, chosen: list[Shot], pictures: Path) -> list[str]:
    people = {
        role: (email, password)
        for email, password, role in reversed(
            re.findall(r"^  (\S+@\S+) +(\S+) +(.+)$", desk.said.read_text(), re.MULTILINE)
        )
    }
    faults = []
    for scheme in ("light", "dark"):
        for role in dict.fromkeys(shot.role for shot in chosen):
            context = browser.new_context(viewport=DESKTOP, color_scheme=scheme)
            visitor = Visitor.of(context, desk.address)
            if role:
                visitor.sign_in(*people[role])
            for shot in (s for s in chosen if s.role == role):
                faults += _shoot(visitor, shot, scheme, pictures)
            context.close()
    return faults


def _shoot(visitor: Visitor, shot: Shot, scheme: str, pictures: Path) -> list[str]:
    faults = []
    visitor.complaints.clear()
    for size in (DESKTOP, PHONE):
        visitor.page.set_viewport_size(size)
        visitor.go(path_of(visitor, shot.path))
        if shot.click:
            visitor.page.click(shot.click)
        if shot.until:
            visitor.page.locator(shot.until).first.wait_for()
        visitor.page.wait_for_timeout(400)
        where = f"{shot.name} at {size['width']}, {scheme}"
        if visitor.overflows():
            faults.append(f"{where}: wider than the window")
        visitor.page.screenshot(path=pictures / f"{shot.name}-{size['width']}-{scheme}.png")
    return faults + [f"{shot.name}, {scheme}: {what}" for what in visitor.complaints if "404" not in what]


def _write(pictures: Path) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    sheets([shot.name for shot in SHOTS], pictures, OUT)
    for name, column in KEPT.items():
        with Image.open(pictures / f"{name}-{column}.png") as picture:
            stem = re.sub(r"\W+", "-", name)
            picture.convert("RGB").save(OUT / f"{stem}.webp", quality=85, method=6)


if __name__ == "__main__":
    sys.exit(main())
