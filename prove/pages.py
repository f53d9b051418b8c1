"""Every page of the demo company: nothing serious for axe, nothing in the console, no overflow."""

from __future__ import annotations

from collections.abc import Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from deskbell.demo import company
from prove import require
from prove.desk import running, say
from shots.pages import SHOTS, Shot, path_of
from tests.support.browser import DESKTOP, PHONE, Visitor, chromium

#: who looks at the pages of a role; signed out: nobody
PEOPLE = {
    "Owner": "maren@lanternfield.example",
    "Agent": "jonas@lanternfield.example",
    "Auditor": "ruth@lanternfield.example",
    "Field engineer": "kofi@lanternfield.example",
    "Customer manager": "dana.whitlock@quayside.example",
    "Customer": "samir.haddow@quayside.example",
    None: None,
}
#: axe looks once at each page in each scheme, on the screen in the one and on the phone in the other
SIZE = {"light": DESKTOP, "dark": PHONE}
#: somebody else's page
NOT_OURS = "API"
AXE = Axe()
#: what the console says when axe asks a frame that takes no messages; our own pages send none to windows
AXE_KNOCKS = "Failed to execute 'postMessage' on 'DOMWindow'"


def run(names: tuple[str, ...] = ()) -> None:
    """Look at the pages called `names`, at all of them when none is named."""
    shots = [shot for shot in SHOTS if not names or shot.name in names]
    require(shots, f"there are no pages called {', '.join(names)}")
    with running("--demo") as desk, chromium() as browser:
        faults = [fault for scheme in SIZE for fault in faults_of(browser, desk.address, shots, scheme)]
    require(not faults, "\n".join(faults))
    say(f"{len(shots)} pages, light and dark, at {DESKTOP['width']} and {PHONE['width']}: no fault")


def faults_of(browser: Browser, address: str, shots: list[Shot], scheme: str) -> Iterator[str]:
    """One sentence for each fault of each page."""
    for role in dict.fromkeys(shot.role for shot in shots):
        visitor = Visitor.of(browser.new_context(viewport=DESKTOP, color_scheme=scheme), address)
        if who := PEOPLE[role]:
            visitor.sign_in(who, company.PASSWORD)
        for shot in shots:
            if shot.role == role:
                yield from _faults_of_page(visitor, shot, scheme)
        visitor.page.context.close()


def _faults_of_page(visitor: Visitor, shot: Shot, scheme: str) -> Iterator[str]:
    visitor.go(path_of(visitor, shot.path))
    for size in (DESKTOP, PHONE):
        visitor.page.set_viewport_size(size)
        if visitor.overflows():
            yield f"{shot.name} at {size['width']}: wider than the window"
    visitor.page.set_viewport_size(SIZE[scheme])
    if shot.name != NOT_OURS:
        for found in AXE.run(visitor.page).response["violations"]:
            if found["impact"] in {"serious", "critical"}:
                yield f"{shot.name}, {scheme}: {found['id']} {found['nodes'][0]['html'][:120]}"
    for complaint in visitor.complaints:
        if "404" not in complaint and AXE_KNOCKS not in complaint:
            yield f"{shot.name}: {complaint}"
    visitor.complaints.clear()
