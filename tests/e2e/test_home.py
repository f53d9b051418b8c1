"""The home page of those who oversee the desk, in a real browser."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, expect

from tests.support.sizes import ON_SCREEN

SUPERVISOR = "priya@lanternfield.example"
#: rows of one page of a list
PAGE = 50


@ON_SCREEN
def test_a_supervisor_opens_a_figure_of_his_home_and_gets_its_list(visit: Any, size: dict[str, int]) -> None:
    supervisor = visit(SUPERVISOR, size=size)
    supervisor.go("/")
    page = supervisor.page
    expect(page).to_have_url(re.compile("/desk/home/$"))

    def opens(figure: Locator, number: int) -> None:
        assert number > 0
        figure.click()
        page.wait_for_url(re.compile(r"/desk/\?box="))
        expect(page.locator("[data-row]")).to_have_count(min(number, PAGE))
        page.go_back()
        expect(page.get_by_role("heading", name="Created and resolved per day")).to_be_visible()

    for title in ("By status", "By priority", "By queue", "By agent"):
        line = page.get_by_role("region", name=title).locator(".share").first
        opens(line, int(line.locator(".share-number").inner_text()))
    column = page.locator(".flow-drawing a").last
    said = column.get_attribute("aria-label") or ""
    opens(column, int(said.split()[0]))
    page.get_by_text("Show as a table").click()
    cell = page.locator(".figure-table td a").first
    opens(cell, int(cell.inner_text()))
    tile = page.locator(".tile").last
    opens(tile, int(re.search(r"of (\d+) tickets", tile.inner_text()).group(1)))  # type: ignore[union-attr]
    assert not supervisor.overflows()
