"""Every page in made-up languages: nothing untranslated, nothing too wide, also from right to left.

`xa` is English with accents, two fifths longer and in brackets; `xr` the same in letters that read from
right to left (`words/pseudo.py`).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser

from prove import require
from prove.desk import command, running, say
from shots.pages import SHOTS, Shot, path_of
from tests.support.browser import Visitor, chromium
from tests.support.desk import Desk
from words import pseudo
from words.unspoken import Stored, texts, unspoken

WIDTHS = (360, 390, 1440)
#: written for programmers, in English
ENGLISH = {"API"}
#: elements that stick out of the window although nothing may scroll there
STICKING_OUT = """() => [...document.querySelectorAll("body *")].filter((element) => {
  const box = element.getBoundingClientRect();
  if (!box.width || !element.checkVisibility()) return false;
  if (element.closest(".visually-hidden, .skip, svg")) return false;
  for (let outer = element.parentElement; outer; outer = outer.parentElement)
    if (getComputedStyle(outer).overflowX !== "visible" && outer !== document.body) return false;
  const style = getComputedStyle(element);
  return style.position !== "fixed" && (box.right > window.innerWidth + 1 || box.left < -1);
}).slice(0, 3).map((element) => `${element.tagName.toLowerCase()}.${element.className}`)"""


def run(pages: int = 0) -> None:
    """`pages` of the list in shots/pages.py, all when 0."""
    with tempfile.TemporaryDirectory(prefix="words-") as folder:
        pseudo.write(Path(folder))
        Path(folder).chmod(0o755)
        more = {"DJANGO_SETTINGS_MODULE": "words.settings", "WORDS_FOLDER": folder}
        with running("--demo", **more) as desk, chromium() as browser:
            faults = list(_walk(desk, browser, SHOTS[:pages] if pages else SHOTS))
    for fault in faults:
        say(fault)
    require(not faults, f"{len(faults)} faults on {len(SHOTS)} pages")


def _walk(desk: Desk, browser: Browser, shots: tuple[Shot, ...]) -> Iterator[str]:
    people = {}
    for line in reversed(command(desk, "demo").splitlines()):
        address, password, role = line.split(maxsplit=2)
        people[role.strip()] = (address, password)
    data = _stored(desk)
    for language, _name in pseudo.LANGUAGES:
        for role in dict.fromkeys(shot.role for shot in shots):
            visitor = _visitor(desk, browser, language, people.get(role or ""))
            for shot in (shot for shot in shots if shot.role == role):
                yield from _look(visitor, shot, language, data)
            visitor.page.context.close()


def _visitor(desk: Desk, browser: Browser, language: str, who: tuple[str, str] | None) -> Visitor:
    """A browser that reads `language`: a guest's asks for it, a person's account is set to it."""
    visitor = Visitor.of(browser.new_context(locale=language), desk.address)
    if who:
        visitor.sign_in(*who)
        visitor.go("/account/").page.select_option("select[name=language]", language)
        with visitor.page.expect_navigation():
            visitor.page.locator("select[name=language]").evaluate("element => element.form.requestSubmit()")
    return visitor


def _look(visitor: Visitor, shot: Shot, language: str, data: Stored) -> Iterator[str]:
    """What is wrong with one page, at every width."""
    path = path_of(visitor, shot.path)
    for width in WIDTHS:
        visitor.page.set_viewport_size({"width": width, "height": 844})
        visitor.go(path)
        if shot.click:
            visitor.page.click(shot.click)
        where = f"{shot.name} in {language} at {width}"
        if visitor.overflows():
            yield f"{where}: wider than the window"
        elif width < WIDTHS[-1] and (found := visitor.page.evaluate(STICKING_OUT)):
            yield f"{where}: sticks out: {', '.join(found)}"
    spoken = visitor.page.get_attribute("html", "lang")
    if shot.name not in ENGLISH:
        if spoken != language:
            yield f"{shot.name}: in {spoken}, not in {language}"
        said = unspoken(texts(visitor.page.content()), data)
        yield from (f"{shot.name} in {language}: not translated: {text}" for text in said)


def _stored(desk: Desk) -> Stored:
    """What stands in the database of `desk`."""
    told = "import json; from words.unspoken import stored; print(json.dumps(sorted(stored().values)))"
    return Stored(set(json.loads(command(desk, "manage", "shell", "--verbosity", "0", "-c", told))))
