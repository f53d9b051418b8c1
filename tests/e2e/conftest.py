"""A real desk with its demo company, and real browsers at it."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser

from tests.support.browser import DESKTOP, PHONE, Visitor, chromium
from tests.support.desk import Desk, deskbell, open_folder
from tests.support.waiting import until

PASSWORD = "deskbell-demo"


def pytest_collection_modifyitems(items) -> None:  # type: ignore[no-untyped-def]
    """One worker runs them all, with one desk."""
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.xdist_group("e2e"))


AT_ONCE = """
from deskbell.events.actor import SYSTEM
from deskbell.people.actions import change_company
change_company(by=SYSTEM, undo_seconds=0)
"""


@pytest.fixture(scope="package")
def desk() -> Iterator[Desk]:
    with open_folder() as folder, Desk(folder / "data", "--demo") as running:
        # the stories see a reply leave at once; that it waits by default is seen in test_company
        done = deskbell(running.data, "manage", "shell", "-c", AT_ONCE)
        assert done.returncode == 0, done.stderr
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(params=[pytest.param(DESKTOP, marks=pytest.mark.thorough), PHONE], ids=["desktop", "phone"])
def size(request) -> dict[str, int]:
    return request.param


@pytest.fixture
def visit(browser: Browser, desk: Desk) -> Iterator[Callable[..., Visitor]]:
    """Open a browser of one's own, signed in when an address is given. Complaints fail the test."""
    visitors = []

    def open_one(who: str | None = None, *, size: dict[str, int] = DESKTOP, scheme: str = "light") -> Visitor:
        context = browser.new_context(viewport=size, color_scheme=scheme)
        visitor = Visitor.of(context, desk.address)
        visitors.append(visitor)
        return visitor.sign_in(who, PASSWORD) if who else visitor

    yield open_one
    complaints = [what for visitor in visitors for what in visitor.complaints]
    for visitor in visitors:
        visitor.page.context.close()
    assert complaints == []


@pytest.fixture
def post(desk: Desk) -> Callable[[EmailMessage], None]:
    """Put a mail into the support mailbox as a mail server does."""

    def deliver(message: EmailMessage) -> None:
        done = deskbell(
            desk.data, "mail", "receive", "--to", "support@lanternfield.example", given=message.as_bytes()
        )
        assert done.returncode == 0, done.stderr
        assert re.match(r"inbound \d+$", done.stdout.strip())

    return deliver


@pytest.fixture
def received(desk: Desk) -> Callable[..., EmailMessage]:
    """The newest mail that reached an address and whose text or subject has the words; waits for it."""

    def find(address: str, words: str) -> EmailMessage:
        def look() -> EmailMessage | None:
            for path in sorted(
                (desk.data / "mail").glob("*.eml"), key=lambda p: p.stat().st_mtime, reverse=True
            ):
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                if (
                    address in str(message["To"]).lower()
                    and words in f"{message['Subject']}\n{body(message)}"
                ):
                    return message
            return None

        return until(look, seconds=30, what=f"a mail to {address} with {words!r}")

    return find


def body(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    return part.get_content() if part else ""
