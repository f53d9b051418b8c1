"""Somebody without an account asks, is answered, and finds his ticket when he makes one."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.conftest import body
from tests.e2e.test_stories import AGENT, code_in, confirm, picture, sign_up, write


def test_a_guest_asks_with_a_file_is_answered_and_finds_the_ticket_in_a_new_account(
    visit, received, desk, tmp_path, size
):
    who = f"runa.dahl{size['width']}@fjordmail.example"
    subject = f"Label printer prints blank labels ({size['width']})"
    guest = visit(size=size)
    guest.go("/")
    guest.page.get_by_role("link", name="Ask without an account").click()
    guest.page.get_by_label("Your name").fill("Runa Dahl")
    guest.page.get_by_label("E-mail").fill(who)
    guest.page.get_by_label("Subject").fill(subject)
    guest.page.locator("input[type=file]").set_input_files(picture(tmp_path))
    expect(guest.page.locator("input[name=uploads]")).to_have_count(1)
    write(guest.page, "Since the new roll was put in.")
    guest.page.wait_for_timeout(3000)  # nobody types that fast
    guest.page.get_by_role("button", name="Send", exact=True).click()
    expect(guest.page.get_by_role("heading", name="We have your message")).to_be_visible()
    expect(guest.page.get_by_text(who)).to_be_visible()
    expect(guest.page.get_by_text(re.compile(r"^\w{4}-\w{4}-\w{4}$"))).to_be_visible()
    assert not guest.overflows()
    receipt = received(who, "We have your message")
    number = int(re.search(r"ticket #(\d+)", body(receipt)).group(1))

    agent = visit(AGENT, size=size)
    agent.go(f"/desk/tickets/{number}/")
    expect(agent.page.get_by_text("Came by web form, address not verified")).to_be_visible()
    expect(agent.page.locator(".timeline img")).to_be_visible()
    write(agent.page, "Turn the roll around, please.")
    agent.page.get_by_role("button", name=re.compile("^Send and")).first.click()
    expect(agent.page.locator(".timeline").get_by_text("Turn the roll around")).to_be_visible()
    received(who, "Turn the roll around")

    sign_up(guest.page, desk.address, "Runa Dahl", who)
    confirm(guest.page, code_in(received(who, "code")))
    guest.go("/portal/")
    guest.page.get_by_role("link", name=re.compile(re.escape(subject))).click()
    expect(guest.page.get_by_text("Turn the roll around")).to_be_visible()
    with guest.page.expect_download() as download:
        guest.page.get_by_role("link", name="Download all as zip").click()
    assert download.value.suggested_filename == f"ticket-{number}-files.zip"
    assert download.value.path().read_bytes().startswith(b"PK")

    # what is redacted goes from the open page by itself
    boss = visit("teodor@lanternfield.example")
    boss.go(f"/desk/tickets/{number}/")
    boss.go(boss.page.locator(".message-out a[href*=redaction]").first.get_attribute("href"))
    boss.page.get_by_role("button", name=re.compile("for ever")).click()
    expect(guest.page.get_by_text("Turn the roll around")).to_have_count(0, timeout=20_000)
    for visitor in (guest, agent):
        assert not visitor.overflows()
