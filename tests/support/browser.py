"""A real Chromium, as the tests and bin/shots drive it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
#: the first that is there; the shell has no windows and does the same pages for two thirds of the work
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise RuntimeError(f"Chromium is missing: apt install {BROWSERS[0]}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """One person's browser: a page, and what it complained of or asked from elsewhere."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, context: BrowserContext, address: str) -> Visitor:
        context.set_default_timeout(15_000)
        visitor = cls(context.new_page(), address)
        visitor.page.on("console", visitor._heard)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"error: {error}"))
        visitor.page.on("request", visitor._asked)
        return visitor

    def _heard(self, message) -> None:  # type: ignore[no-untyped-def]
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, request) -> None:  # type: ignore[no-untyped-def]
        if not request.url.startswith((self.address, "data:", "blob:", "about:")):
            self.complaints.append(f"left the machine: {request.url}")

    def go(self, path: str) -> Visitor:
        self.page.goto(self.address + path)
        return self

    def sign_in(self, email: str, password: str) -> Visitor:
        """Without drawing a page; how people do it is tested where it is the story."""
        ask, address = self.page.context.request, f"{self.address}/signin/"
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', ask.get(address).text())
        assert token is not None
        given = {"csrfmiddlewaretoken": token[1], "login": email, "password": password}
        answer = ask.post(address, form=given, headers={"Referer": address}, max_redirects=0)
        assert answer.status == 302, answer.status
        return self

    def overflows(self) -> bool:
        return self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
