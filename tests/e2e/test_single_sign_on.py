"""Single sign-on in a browser, at a provider that runs as a program of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.test_signing_in import person
from tests.support.browser import PHONE, Visitor
from tests.support.openid import RealProvider, real_provider

OWNER = "maren@lanternfield.example"


@pytest.fixture(scope="module")
def program() -> Iterator[RealProvider]:
    with real_provider() as running:
        yield running


def sign_in_there(visitor: Visitor, program: RealProvider, *, back: str) -> None:
    page = visitor.page
    # the provider's pages fetch a style sheet from elsewhere
    page.context.route("https://**/*", lambda route: route.abort())
    page.get_by_role("link", name="Sign in with Company login").click()
    page.wait_for_url(f"{program.issuer}/**")
    page.locator("input[name=sub]").fill("nils")
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(back)
    visitor.complaints.clear()  # of pages that are no part of the desk


def test_the_owner_sets_a_provider_up_and_people_come_in_by_it(visit, desk, program):
    who = person(desk, "nils.single@lanternfield.example", "engineer")
    program.knows("nils", email=who, email_verified=True, name="Nils")
    boss = visit(OWNER)
    page = boss.go("/setup/single-sign-on/new/").page
    page.get_by_label("Name", exact=True).fill("Company login")
    page.get_by_label("Address of the provider").fill(program.issuer)
    page.get_by_label("Client id").fill("desk")
    page.get_by_label("Client secret").fill("secret")
    page.get_by_label("Offer it on the sign-in pages").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("It answers, and its keys can be read")).to_be_visible()

    visitor = visit()
    page = visitor.go("/signin/?next=/account/second-factor/").page
    sign_in_there(visitor, program, back="**/account/second-factor/")
    expect(page.get_by_text("Company login")).to_be_visible()

    phone = visit(size=PHONE)
    page = phone.go("/field/signin/").page
    sign_in_there(phone, program, back="**/field/")
    (kept,) = [each for each in page.context.cookies() if each["name"] == "deskbell"]
    assert kept["expires"] > time.time() + 20 * 86400  # the tick of the page went along

    page = visitor.go("/signout/").page
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out here")).to_be_visible()
    away = page.get_by_role("link", name="Sign out of Company login").get_attribute("href")
    assert away is not None
    assert away.startswith(program.issuer)
