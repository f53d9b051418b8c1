"""A passkey in a browser, by Chromium's own virtual authenticator."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_signing_in import person, type_password
from tests.support.browser import PHONE, Visitor

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def by_name(visit, desk, browser):
    """No browser makes a passkey for 127.0.0.1."""
    opened: list[Visitor] = []

    def open_one(**more) -> Visitor:
        visitor = visit(**more)
        visitor.address = f"http://localhost:{desk.port}"
        session = visitor.page.context.new_cdp_session(visitor.page)
        session.send("WebAuthn.enable", {"enableUI": False})
        session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        opened.append(visitor)
        return visitor

    return open_one


def leave(page: Page) -> None:
    page.context.clear_cookies(name="deskbell")


def test_a_passkey_is_added_and_signs_in_on_both_pages(by_name, desk, received):
    who = person(desk, "nils.key@lanternfield.example", "engineer")
    visitor = by_name(size=PHONE)
    page = type_password(visitor, who)
    page.wait_for_url(lambda url: "/signin" not in url)
    visitor.go("/account/second-factor/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Nils’ phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Nils’ phone")).to_be_visible()
    assert not visitor.overflows()
    received(who, "A passkey was added")

    leave(page)
    visitor.go("/signin/?next=/account/devices/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/account/devices/")
    expect(page.get_by_text("signed in with a passkey").first).to_be_visible()

    leave(page)
    visitor.go("/field/signin/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/field/")

    # after the password it is the second step
    leave(page)
    page = type_password(visitor, who)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(lambda url: "/signin" not in url)


def test_without_a_passkey_the_page_says_so_and_stays(by_name):
    visitor = by_name()
    page = visitor.go("/signin/").page
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("No passkey was used")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_enabled()
    visitor.complaints.clear()


def test_by_its_number_the_desk_offers_none(visit):
    page = visit().go("/signin/").page
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
