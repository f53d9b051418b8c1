"""Ways in, in a browser: a code of an app, a code by mail, and a second factor that a role asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.account.test_second_factor import code_for
from tests.e2e.conftest import PASSWORD
from tests.e2e.test_stories import code_in
from tests.support.browser import DESKTOP, PHONE, Visitor
from tests.support.desk import Desk, deskbell


def person(desk: Desk, email: str, role: str) -> str:
    """Somebody of his own for a story: a second factor would stand in the way of others."""
    done = deskbell(
        desk.data,
        *("user", "create", email, "--name", "Nils Ostrander", "--role", role, "--password-stdin"),
        given=PASSWORD.encode(),
    )
    assert done.returncode == 0, done.stderr
    return email


def type_password(visitor: Visitor, who: str) -> Page:
    page = visitor.go("/signin/").page
    page.get_by_label("E-mail").fill(who)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    return page


def set_up(page: Page) -> str:
    """Take the secret on the page into use; gives it."""
    expect(page.get_by_alt_text("QR code for your authenticator app")).to_be_visible()
    page.get_by_text("Cannot scan it?").click()
    secret = page.locator(".second-factor-secret").inner_text().replace(" ", "")
    page.get_by_label("Code").fill(code_for(secret, ahead=-1))
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    return secret


def test_signing_in_by_a_code_of_an_app(visit, desk, received):
    who = person(desk, "nils.app@lanternfield.example", "auditor")
    first = visit()
    page = type_password(first, who)
    page.wait_for_url(lambda url: "/signin" not in url)
    first.go("/account/second-factor/").page.get_by_role("link", name="Set up").click()
    secret = set_up(page)
    recovery = page.locator(".recovery-codes code").first.inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert recovery in download.value.path().read_text()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 of 10 left")).to_be_visible()
    received(who, "second factor")

    phone = visit(size=PHONE)
    page = type_password(phone, who)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    assert not phone.overflows()
    code = code_for(secret)
    page.get_by_label("Code").fill(code)
    page.get_by_label("Do not ask on this device").check()
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/signin" not in url)

    # the code was used; a recovery code is not
    other = visit()
    page = type_password(other, who)
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("was used before")).to_be_visible()
    assert [what for what in other.complaints if "422" not in what] == []
    other.complaints.clear()
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/signin" not in url)
    received(who, "A recovery code was used")

    # the phone is remembered
    phone.page.context.clear_cookies(name="deskbell")
    type_password(phone, who).wait_for_url(lambda url: "/signin" not in url)


def test_signing_in_by_a_code_by_mail(visit, desk, received):
    who = person(desk, "nils.mail@lanternfield.example", "agent")
    visitor = visit(size=PHONE)
    page = visitor.go("/signin/").page
    page.get_by_role("link", name="Send me a sign-in code").click()
    page.get_by_label("E-mail").fill(who)
    page.get_by_role("button", name=re.compile("code", re.I)).click()
    page.get_by_label("Code").fill(code_in(received(who, "sign-in code")))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/signin" not in url)
    expect(visitor.go("/account/").page.get_by_role("heading", name="Nils Ostrander")).to_be_visible()


def copied(visit, number: str, *, size: dict[str, int]) -> str:
    """The code in the newest message on a played phone."""
    phone = visit(size=size)
    page = phone.go(f"/demo/phone/?as={number}").page
    button = page.get_by_role("button", name="Copy code").last
    expect(button).to_be_visible(timeout=30_000)
    assert not phone.overflows()
    code = button.get_attribute("data-copy")
    assert code
    expect(page.get_by_text(f"{code} is your verification code.")).to_be_visible()
    return code


def test_signing_in_by_a_code_by_whatsapp(visit):
    visitor = visit(size=DESKTOP)
    page = visitor.go("/signin/").page
    page.get_by_role("link", name="Send me a code by WhatsApp").click()
    page.get_by_label("WhatsApp number").fill("+44 1632 960383")
    page.get_by_role("button", name="Send the code").click()
    expect(page.get_by_role("heading", name="Check your WhatsApp")).to_be_visible()
    page.get_by_label("Code").fill(copied(visit, "441632960383", size=PHONE))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/signin" not in url)
    expect(visitor.go("/account/").page.get_by_role("heading", name="Petra Quill")).to_be_visible()
    visitor.go("/account/devices/")
    expect(page.get_by_text("signed in with a code by WhatsApp").first).to_be_visible()


def test_an_engineer_signs_in_by_whatsapp_on_the_phone_page_and_adds_a_number(visit):
    visitor = visit(size=PHONE)
    page = visitor.go("/field/signin/").page
    page.get_by_role("link", name="Send me a code by WhatsApp").click()
    expect(page.get_by_label("Stay signed in on this phone")).to_be_checked()
    assert not visitor.overflows()
    page.get_by_label("WhatsApp number").fill("+44 7700 900112")
    page.get_by_role("button", name="Send the code").click()
    page.get_by_label("Code").fill(copied(visit, "447700900112", size=PHONE))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: url.endswith("/field/"))
    visitor.go("/account/whatsapp/")
    page.get_by_label("Another number").fill("+44 7700 900113")
    page.get_by_role("button", name="Send a code").last.click()
    page.get_by_label("Code").fill(copied(visit, "447700900113", size=PHONE))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("From now on you can sign in by WhatsApp with +447700900113.")).to_be_visible()
    assert not visitor.overflows()


@pytest.fixture
def asked_for(desk: Desk) -> Iterator[None]:
    """Auditors sign in with a second factor."""
    _ask(desk, True)
    yield
    _ask(desk, False)


def _ask(desk: Desk, needed: bool) -> None:
    change = (
        "from deskbell.people.models import Role; "
        f"Role.objects.filter(slug='auditor').update(needs_second_factor={needed})"
    )
    done = deskbell(desk.data, "manage", "shell", "-c", change)
    assert done.returncode == 0, done.stderr


def test_a_role_asks_for_a_second_factor_and_a_link_helps_who_lost_it(visit, desk, asked_for):
    who = person(desk, "nils.asked@lanternfield.example", "auditor")
    visitor = visit()
    page = type_password(visitor, who)
    expect(page.get_by_text("Your role asks for a second factor")).to_be_visible()
    visitor.go("/desk/")
    expect(page.get_by_role("heading", name="Set up a second factor")).to_be_visible()
    set_up(page)
    page.get_by_role("link", name="I have kept them").click()
    page.wait_for_url(lambda url: url.endswith("/desk/"))

    done = deskbell(desk.data, "user", "recover", who)
    assert done.returncode == 0, done.stderr
    link = done.stdout.strip()
    locked_out = visit()
    page = locked_out.go(link[link.index("/account/") :]).page
    page.get_by_label("New password").fill("another good secret")
    page.get_by_role("button", name="Set the password and sign in").click()
    expect(page.get_by_role("heading", name="Set up a second factor")).to_be_visible()
    visitor.go("/desk/").page.wait_for_url(lambda url: "/signin/" in url)
    # the stream of the page that was signed out asked for a new token, and was refused
    assert [what for what in visitor.complaints if "401" not in what] == []
    visitor.complaints.clear()
