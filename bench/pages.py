"""The requests that are measured, as a browser sends them over one kept connection."""

from __future__ import annotations

import hmac
import http.client
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from bench.prepare import COMMON, RARE, Given

CSRF = "b" * 32
#: seconds for which a kept connection is trusted
IDLE = 2


@dataclass(frozen=True)
class Target:
    """One kind of request. `floor` names the target it is compared with, `bound` how many times as much it
    may cost; neither for a floor, no bound for what is only told.
    """

    name: str
    send: Callable[[Browser, int], None]
    floor: str = ""
    bound: float | None = None
    #: of a page, for the profile when it is over its bound
    path: str = ""


class Browser:
    def __init__(self, port: int, given: Given) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.given = given
        self.used = 0.0
        self.cookie = f"deskbell={given.session}; deskbell_csrf={CSRF}"

    def get(self, path: str) -> None:
        self._send("GET", path, None, {"Cookie": self.cookie}, {200})

    def post(self, path: str, form: dict[str, object], *, part: bool = False) -> None:
        headers = {
            "Cookie": self.cookie,
            "X-CSRFToken": CSRF,
            "Content-Type": "application/x-www-form-urlencoded",
            **({"HX-Request": "true"} if part else {}),
        }
        self._send("POST", path, urlencode(form), headers, {200} if part else {302})

    def bare(self, path: str, body: str, headers: dict[str, str]) -> None:
        """Without a session, as another server posts."""
        self._send("POST", path, body, {"Content-Type": "application/json", **headers}, {200})

    def call(self, path: str, body: dict[str, object]) -> None:
        headers = {"Authorization": f"Bearer {self.given.token}", "Content-Type": "application/json"}
        self._send("POST", path, json.dumps(body), headers, {201})

    def _send(
        self, method: str, path: str, body: str | None, headers: dict[str, str], good: set[int]
    ) -> None:
        if time.monotonic() - self.used > IDLE:
            self.connection.close()  # the server may be about to close it; the next request opens another
        self.used = time.monotonic()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in good:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")


def _open(browser: Browser, turn: int) -> None:
    browser.post(
        "/desk/tickets/new/",
        {
            "once": secrets.token_urlsafe(16),
            "customer": browser.given.customer,
            "subject": f"The scanner of station {turn} is offline",
            "text": "Since this morning.\n\nWe have switched it off and on.",
            "visibility": "public",
            "source": "phone",
            "queue": browser.given.queue,
            "priority": 2,
            "tell": "on",
        },
    )


def _reply(browser: Browser, turn: int, *, part: bool = False) -> None:
    number = browser.given.active[turn % len(browser.given.active)]
    browser.post(
        f"/desk/tickets/{number}/messages/",
        {
            "once": secrets.token_urlsafe(16),
            "text": "Please sign out and in once.\n\nWrite again if it **comes back**.",
            "visibility": "public",
            "then": "keep",
        },
        part=part,
    )


def _api_open(browser: Browser, turn: int) -> None:
    body: dict[str, object] = {
        "subject": f"Scanner {turn}",
        "body": "Since this morning.",
        "requester": {"id": browser.given.customer},
    }
    browser.call("/api/v1/tickets", body)


def _api_reply(browser: Browser, turn: int) -> None:
    number = browser.given.active[turn % len(browser.given.active)]
    body: dict[str, object] = {"body": "Please sign out and in once.", "visibility": "public"}
    browser.call(f"/api/v1/tickets/{number}/messages", body)


def _page(name: str, path: str, bound: float | None = None) -> Target:
    return Target(name, lambda browser, turn: browser.get(path), READ if bound else "", bound, path)


def webhook_body(turn: int) -> str:
    """One short message of one of a hundred people."""
    message = {
        "id": f"wamid.{secrets.token_hex(12)}",
        "from": str(919_800_000_000 + turn % 100),
        "type": "text",
    }
    message |= {"timestamp": "1795000001", "text": {"body": f"The scanner of station {turn} is offline"}}
    value = {"metadata": {"phone_number_id": "1"}, "messages": [message]}
    return json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]})


def post_webhook(browser: Browser, turn: int) -> None:
    body = webhook_body(turn)
    signature = hmac.new(browser.given.secret.encode(), body.encode(), "sha256").hexdigest()
    browser.bare(browser.given.webhook, body, {"X-Hub-Signature-256": f"sha256={signature}"})


def post_bare(browser: Browser, turn: int) -> None:
    browser.bare("/bench/insert/", webhook_body(turn), {})


READ, WRITE, INSERT = "read floor", "write floor", "insert floor"


def targets(given: Given) -> list[Target]:
    return [
        _page(READ, "/bench/read/"),
        _page(WRITE, "/bench/write/"),
        _page("list", "/desk/", 4),
        _page("ticket of 20 messages", f"/desk/tickets/{given.busy}/", 5),
        Target("opening", _open, WRITE, 4),
        Target("replying", _reply, WRITE, 4),
        Target("replying, page redrawn", lambda browser, turn: _reply(browser, turn, part=True), WRITE),
        Target("opening by API", _api_open, WRITE),
        Target("replying by API", _api_reply, WRITE),
        _page("search, rare word", f"/desk/search/?q={RARE}", 10),
        _page("search, common word", f"/desk/search/?q={COMMON}", 10),
    ]


def webhook_targets() -> list[Target]:
    return [Target(INSERT, post_bare), Target("webhook", post_webhook, INSERT, 1.5)]
