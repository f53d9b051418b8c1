"""A desk without the demo: its first hours, and how its company looks."""

from __future__ import annotations

import email
import re
import socket
from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, expect

from tests.e2e.test_stories import NEW_PASSWORD, code_in, confirm, sign_up, write
from tests.support.browser import DESKTOP, Visitor
from tests.support.desk import Desk, deskbell
from tests.support.sizes import ON_SCREEN
from tests.support.waiting import until

HELP = "help@nordlicht.example"
IDA = "ida@nordlicht.example"
LENA = "lena@brightmail.example"


class Mailroom:
    """A mail server that takes everything, and refuses while `refusing` is set."""

    def __init__(self) -> None:
        self.refusing = ""
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server, session, envelope):  # type: ignore[no-untyped-def]
        if self.refusing:
            return self.refusing
        self.mails.append(email.message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 taken"

    def received(self, address: str, words: str) -> EmailMessage:
        """The newest mail to `address` with `words` in its subject or text; waits for it."""

        def look() -> EmailMessage | None:
            for one in reversed(self.mails):
                text = one.get_body(("plain",)).get_content()  # type: ignore[union-attr]
                if address in str(one["To"]) and words in f"{one['Subject']}\n{text}":
                    return one
            return None

        return until(look, seconds=30, what=f"a mail to {address} with {words!r}")


@pytest.fixture(scope="module")
def mailroom() -> Iterator[Mailroom]:
    room = Mailroom()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(room, hostname="127.0.0.1", port=port)
    controller.start()
    room.url = f"smtp://127.0.0.1:{port}"  # type: ignore[attr-defined]
    yield room
    controller.stop()


@pytest.fixture
def visitors(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Open a browser of one's own at a desk. What it complains of fails the test, but for refused forms."""
    opened = []

    def open_one(desk: Desk, size: dict[str, int] = DESKTOP) -> Visitor:
        visitor = Visitor.of(browser.new_context(viewport=size), desk.address)
        opened.append(visitor)
        return visitor

    yield open_one
    complaints = [what for visitor in opened for what in visitor.complaints]
    for visitor in opened:
        visitor.page.context.close()
    assert complaints == []


@ON_SCREEN
def test_from_the_first_start_to_the_first_answered_ticket(folder, visitors, mailroom, size) -> None:
    with Desk(folder / "data", EMAIL_URL=mailroom.url) as desk:
        # the link stands in the terminal, and makes the owner
        (link,) = re.findall(r"http://\S+/account/first/\S+/", desk.said.read_text())
        owner = visitors(desk, size).go(link.removeprefix(desk.address))
        page = owner.page
        page.get_by_label("Your name").fill("Ida Storm")
        page.get_by_label("E-mail").fill(IDA)
        page.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_role("heading", name="First steps")).to_be_visible()
        ticks = page.get_by_role("img", name="Done")
        expect(ticks).to_have_count(0)

        # who we are
        page.get_by_role("link", name="Name your company").click()
        page.get_by_label("Name", exact=True).fill("Nordlicht")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        owner.go("/setup/start/")
        expect(ticks).to_have_count(1)

        # a mail is refused, then taken
        mailroom.refusing = "550 no such sender"
        page.get_by_label("Support address").fill(HELP)
        page.get_by_role("button", name="Send a test mail to me").click()
        expect(page.get_by_text("no such sender (550)")).to_be_visible(timeout=20_000)
        expect(ticks).to_have_count(1)
        mailroom.refusing = ""
        page.get_by_role("button", name="Send a test mail to me").click()
        expect(page.get_by_text("The mail server took the test mail")).to_be_visible(timeout=20_000)
        expect(ticks).to_have_count(2)
        assert mailroom.received(IDA, "It works")["From"] == f"Nordlicht <{HELP}>"

        # a colleague; the queues stay as they are
        page.get_by_role("link", name="Invite", exact=True).click()
        page.get_by_label("Who").fill("ann@nordlicht.example")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_text("is on its way")).to_be_visible()
        owner.go("/setup/start/")
        expect(ticks).to_have_count(3)
        page.get_by_role("button", name="Skip: Sort the work").click()
        expect(page.get_by_role("img", name="Skipped")).to_have_count(1)

        # a customer asks
        customer = visitors(desk, size)
        sign_up(customer.page, desk.address, "Lena Hart", LENA)
        confirm(customer.page, code_in(mailroom.received(LENA, "code")))
        customer.go("/portal/tickets/new/")
        customer.page.get_by_label("Subject").fill("The printer is offline")
        write(customer.page, "It shows E-204.")
        customer.page.get_by_role("button", name=re.compile("^Send")).click()
        expect(customer.page.get_by_role("heading", name="The printer is offline")).to_be_visible()

        # and is answered, which was the last step
        owner.go("/setup/start/")
        page.get_by_role("link", name=re.compile("^Answer ticket #")).click()
        page.get_by_text("Reply", exact=True).first.click()
        write(page, "Please switch it off for a minute.")
        page.get_by_role("button", name=re.compile("^Send and")).first.click()
        expect(page.locator(".waiting-replies").get_by_text("switch it off")).to_be_visible()
        expect(page.locator(".timeline").get_by_text("switch it off")).to_be_visible(timeout=30_000)
        answer = mailroom.received(LENA, "switch it off for a minute")
        assert answer["From"] == f"Ida Storm via Nordlicht <{HELP}>"
        expect(customer.page.get_by_text("switch it off")).to_be_visible(timeout=20_000)
        owner.go("/setup/start/")
        expect(ticks).to_have_count(4)
        expect(page.get_by_text("the rest is done")).to_be_visible()
        assert not owner.overflows()
        assert desk.get(link.removeprefix(desk.address))[0] == 410


def colour_of(visitor: Visitor, selector: str) -> str:
    return str(visitor.page.locator(selector).first.evaluate("e => getComputedStyle(e).backgroundColor"))


def test_logo_and_colour_are_changed_and_seen_everywhere(folder, visitors, mailroom) -> None:
    logo: Path = folder / "logo.png"
    drawn = Image.new("RGBA", (600, 150))
    ImageDraw.Draw(drawn).ellipse((10, 10, 140, 140), fill="#7a1fa2")
    drawn.save(logo)
    with Desk(folder / "data", EMAIL_URL=mailroom.url) as desk:
        made = deskbell(
            desk.data, "user", "create", IDA, "--name", "Ida", "--role", "owner", "--password-stdin",
            given=NEW_PASSWORD.encode(),
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        guest = visitors(desk).go("/signin/")
        expect(guest.page.locator(".brand-logo")).to_have_count(0)
        owner = visitors(desk).sign_in(IDA, NEW_PASSWORD).go("/setup/company/")
        page = owner.page

        # seen while it is chosen, by nobody else
        page.get_by_label("Name", exact=True).fill("Nordlicht")
        page.locator("input[name=logo]").set_input_files(logo)
        page.get_by_label("Use a colour of our own").check()
        page.locator("input[name=accent]").fill("#ffd400")
        expect(page.locator(".setup-save .button-primary")).to_have_css(
            "background-color", "rgb(138, 115, 0)"
        )
        assert guest.go("/signin/").page.locator(".brand-logo").count() == 0
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.")).to_be_visible()

        # and by everybody once it is stored: the yellow is dark enough for white words
        for visitor, path in ((guest, "/signin/"), (guest, "/"), (owner, "/desk/"), (owner, "/portal/")):
            visitor.go(path)
            shown = visitor.page.locator(".brand-logo:visible").first
            expect(shown).to_have_attribute("alt", "Nordlicht")
            assert shown.evaluate("e => e.complete && e.naturalWidth") == 480
            assert colour_of(visitor, ".button-primary") == "rgb(138, 115, 0)"
        guest.go("/signin/code/").page.get_by_label("E-mail").fill(IDA)
        guest.page.get_by_role("button", name="Send the code").click()
        message = mailroom.received(IDA, "sign-in code")
        html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
        assert "#8a7300" in html
        assert "cid:logo@company" in html
        (picture,) = [part for part in message.walk() if part["Content-ID"] == "<logo@company>"]
        assert picture.get_content_type() == "image/png"
        assert message.get_content_type() == "multipart/related"
