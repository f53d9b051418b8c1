"""Every page of the demo company: nothing serious for axe, nothing in the console, no overflow."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from shots.pages import SHOTS, path_of
from tests.support.browser import DESKTOP, PHONE

PEOPLE = {
    "Owner": "maren@lanternfield.example",
    "Agent": "jonas@lanternfield.example",
    "Auditor": "ruth@lanternfield.example",
    "Field engineer": "kofi@lanternfield.example",
    "Customer manager": "dana.whitlock@quayside.example",
    "Customer": "samir.haddow@quayside.example",
    None: None,
}
AXE = Axe()


#: axe looks once at each page in each scheme, on the screen in the one and on the phone in the other
SIZE = {"light": DESKTOP, "dark": PHONE}


@pytest.mark.parametrize("scheme", list(SIZE))
@pytest.mark.parametrize("role", list(dict.fromkeys(shot.role for shot in SHOTS)))
def test_pages_are_sound_at_both_sizes(visit, role, scheme):
    visitor = visit(PEOPLE[role], scheme=scheme)
    faults = []
    for shot in (shot for shot in SHOTS if shot.role == role):
        visitor.go(path_of(visitor, shot.path))
        for size in (DESKTOP, PHONE):
            visitor.page.set_viewport_size(size)
            if visitor.overflows():
                faults.append(f"{shot.name} at {size['width']}: wider than the window")
        visitor.page.set_viewport_size(SIZE[scheme])
        found = AXE.run(visitor.page).response["violations"]
        faults += [
            f"{shot.name}: {one['id']} {one['nodes'][0]['html'][:120]}"
            for one in found
            if one["impact"] in {"serious", "critical"} and shot.name != "API"  # another's page
        ]
    visitor.complaints[:] = [what for what in visitor.complaints if "404" not in what]
    assert faults == []
