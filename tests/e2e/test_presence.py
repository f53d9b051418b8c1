"""Two agents at one ticket see each other before both answer."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.support.browser import PHONE
from tests.support.sizes import ON_SCREEN

JONAS, AYLIN = "jonas@lanternfield.example", "aylin@lanternfield.example"
NUMBER = 1003


@ON_SCREEN
def test_an_agent_sees_who_else_reads_and_writes(visit, size):
    jonas, aylin = visit(JONAS, size=size), visit(AYLIN, size=PHONE)
    jonas.go(f"/desk/tickets/{NUMBER}/")
    head = jonas.page.locator("#ticket-head")
    alone = head.bounding_box()["height"]
    aylin.go(f"/desk/tickets/{NUMBER}/")
    here, there = (each.page.locator("#present .truncate") for each in (jonas, aylin))
    expect(here).to_have_text("Aylin Moreau is here too")
    expect(there).to_have_text("Jonas Achterberg is here too")
    # what stands beside the ticket is not covered
    assert head.bounding_box()["height"] == alone

    field = aylin.page.get_by_role("textbox", name="Message")
    field.press_sequentially("We have ")
    expect(here).to_have_text("Aylin Moreau is writing")
    # what happens to the ticket meanwhile changes nothing about that
    jonas.page.locator("#prop-priority").select_option(label="Urgent")
    expect(head).to_contain_text("Urgent")
    expect(here).to_have_text("Aylin Moreau is writing")
    assert not jonas.overflows() and not aylin.overflows()

    field.fill("")
    expect(here).to_have_text("Aylin Moreau is here too")
    field.press_sequentially("Replaced.")
    expect(here).to_have_text("Aylin Moreau is writing")
    aylin.page.get_by_role("button", name=re.compile("^Send and")).first.click()
    expect(here).to_have_text("Aylin Moreau is here too")
    aylin.go("/desk/")
    expect(here).to_have_count(0)
