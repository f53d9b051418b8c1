"""A customer wrote by mail and by chat: an agent sees that they are one, merges them, and takes it back."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.test_stories import mail_from
from tests.support.browser import PHONE

BOSS = "priya@lanternfield.example"
#: has a chat in the demo, and no mail address
CHATS = "Rosa Menardi"


def test_a_mail_customer_and_a_chat_customer_become_one_and_two_again(visit, post):
    subject = "The till prints blank receipts again"
    boss = visit(BOSS)
    boss.go("/desk/?box=open")
    row = boss.page.locator("[data-row]").filter(has_text=subject)
    post(mail_from("Farah A. <farah.mail@counter.example>", subject, "It is the same till as last week."))
    expect(row).to_have_count(1, timeout=20_000)

    # from the page of the one who wrote by mail to the one who writes by chat
    boss.go("/desk/people/?q=farah.mail@counter.example")
    boss.page.locator("a.row-link").first.click()
    by_mail = boss.page.url
    boss.page.get_by_role("link", name="Merge with…").click()
    boss.page.get_by_role("searchbox", name="The other person").fill(CHATS)
    boss.page.locator(".merge-choice", has_text=CHATS).click()
    expect(boss.page.get_by_text("You can undo it for 30 days")).to_be_visible()
    assert not boss.overflows()
    boss.page.set_viewport_size(PHONE)
    assert not boss.overflows()
    expect(boss.page.get_by_role("heading", name=re.compile("What goes to Farah A\\."))).to_be_visible()
    boss.page.get_by_label("I have made sure that both are the same person").check()
    boss.page.get_by_role("button", name="Merge", exact=True).click()

    # one page with the tickets and addresses of both; the list shows one
    expect(boss.page.get_by_text("is part of this person now")).to_be_visible()
    assert boss.page.url == by_mail
    expect(boss.page.get_by_text(subject)).to_be_visible()
    expect(boss.page.locator(".about-address", has_text="farah.mail@counter.example")).to_be_visible()
    expect(boss.page.locator(".about-address", has_text=re.compile(r"^\s*\+44")).first).to_be_visible()
    assert not boss.overflows()
    boss.go(f"/desk/people/?q={CHATS}")
    expect(boss.page.locator("[data-row]")).to_have_count(0)

    # and two again
    boss.page.goto(by_mail)
    boss.page.get_by_role("button", name=f"Undo the merge of {CHATS}").click()
    expect(boss.page.get_by_text(f"{CHATS} stands alone again.")).to_be_visible()
    expect(boss.page.get_by_role("heading", level=1, name=CHATS)).to_be_visible()
    boss.page.goto(by_mail)
    expect(boss.page.locator(".about-address", has_text=re.compile(r"^\s*\+44"))).to_have_count(0)
    expect(boss.page.get_by_text(subject)).to_be_visible()
