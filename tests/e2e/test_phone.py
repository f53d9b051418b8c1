"""A chat between the phone that the demo plays and the desk, in two browsers."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.test_stories import AGENT, picture, write
from tests.support.browser import PHONE


def test_a_photo_from_the_phone_is_answered_and_the_desk_sees_that_it_was_read(visit, tmp_path):
    agent, customer = visit(AGENT), visit(size=PHONE)
    agent.go("/desk/?box=open")
    row = agent.page.locator("[data-row]").filter(has_text="Our cash drawer stays shut")
    expect(row).to_have_count(0)

    customer.go("/demo/phone/")
    customer.page.get_by_role("link", name=re.compile("Joy Adeyo")).click()
    customer.page.locator("input[type=file]").set_input_files(picture(tmp_path))
    expect(customer.page.get_by_text("screen.png")).to_be_visible()
    customer.page.get_by_role("textbox", name="Message").fill("Our cash drawer stays shut")
    customer.page.keyboard.press("Enter")
    expect(customer.page.locator(".phone-row-own").get_by_label("Delivered")).to_be_visible()

    # the ticket appears without a reload, with the photo
    expect(row).to_have_count(1, timeout=20_000)
    row.get_by_role("link").first.click()
    expect(agent.page.locator(".timeline img")).to_be_visible()

    # nobody looks at the chat while the answer comes: it is delivered, not read
    customer.page.goto("about:blank")
    write(agent.page, "Is the **key** turned?")
    agent.page.get_by_role("button", name=re.compile("^Send and")).first.click()
    expect(agent.page.get_by_text("Delivered to +441632960501")).to_be_visible(timeout=20_000)

    customer.go("/demo/phone/")
    customer.page.get_by_role("link", name=re.compile("Joy Adeyo.*unread", re.DOTALL)).click()
    expect(customer.page.locator(".phone-text strong", has_text="key")).to_be_visible()
    expect(agent.page.get_by_text("Read by +441632960501")).to_be_visible(timeout=20_000)
    for visitor in (agent, customer):
        assert not visitor.overflows()
