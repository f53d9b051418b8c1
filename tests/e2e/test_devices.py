"""A phone that stays signed in, until somebody at the desk signs it out."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD
from tests.support.browser import PHONE

ENGINEER = "kofi@lanternfield.example"
OWNER = "maren@lanternfield.example"
#: opens a stream as the page's own and remembers whether it was opened and whether it ended
LISTEN = """async () => {
  const token = document.querySelector('meta[name="live"]').content;
  window.token = token;
  const answer = await fetch(`/live?t=${encodeURIComponent(token)}`);
  window.stream = "open";
  const reader = answer.body.getReader();
  (async () => { while (!(await reader.read()).done); window.stream = "ended"; })();
  return answer.status;
}"""
#: opens one with the token of before; resolves when it has ended
AGAIN = """async () => {
  const answer = await fetch(`/live?t=${encodeURIComponent(window.token)}`);
  await answer.text();
  return answer.status;
}"""


def test_a_phone_stays_signed_in_and_is_out_at_once_when_the_setup_revokes_it(visit):
    engineer, owner = visit(size=PHONE), visit(OWNER)
    phone = engineer.page
    engineer.go("/field/signin/")
    phone.fill("input[name=login]", ENGINEER)
    phone.fill("input[name=password]", PASSWORD)
    expect(phone.get_by_label("Stay signed in on this phone")).to_be_checked()
    phone.get_by_role("button", name="Sign in", exact=True).click()
    expect(phone).to_have_url(re.compile(r"/field/$"))
    (cookie,) = [each for each in phone.context.cookies() if each["name"] == "deskbell"]
    assert cookie["expires"] - phone.evaluate("Date.now() / 1000") > 29 * 24 * 3600
    engineer.go("/field/")
    assert phone.evaluate(LISTEN) == 200
    assert phone.evaluate("window.stream") == "open"

    owner.go("/setup/people/")
    owner.page.get_by_role("link", name="Kofi Brandt").click()
    devices = owner.page.get_by_role("region", name="Devices")
    device = devices.get_by_role("listitem").filter(has_text="Phone page").first
    expect(device).to_contain_text("stays signed in until")
    device.get_by_role("button", name=re.compile("Sign out")).click()
    expect(owner.page.get_by_text("is signed out.")).to_be_visible()

    phone.wait_for_function("window.stream === 'ended'")
    assert phone.evaluate(AGAIN) == 200  # opened, and ended at once
    engineer.go("/field/")
    expect(phone).to_have_url(re.compile(r"/field/signin/"))
    # the page had asked for a new token when its stream ended
    engineer.complaints[:] = [said for said in engineer.complaints if "401" not in said]
