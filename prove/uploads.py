"""Uploads that are cut, chunked or slow: no message without its file, no page that waits for them."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import time
from statistics import median
from typing import Any
from urllib.parse import urlencode

from prove import require
from prove.desk import Api, command, running, say
from tests.support.desk import Desk

BOUNDARY = "prove-boundary"
SLOW = 8
#: seconds a page may take beside SLOW slow uploads
QUICK = 1.0


def run(slow_seconds: float = 20, size: int = 2_000_000) -> None:
    """A form cut in the middle, a chunked upload, eight slow ones of `slow_seconds` beside pages."""
    with running("--demo") as desk:
        listed = command(desk, "demo")
        owner, customer = _address(listed, "Owner"), _address(listed, "Customer")
        api = Api(desk, command(desk, "token", "create", owner[0], "--name", "prove").strip())
        number = _open(api, customer[0])
        browser = _Browser(desk)
        browser.sign_in(*customer)
        _cut(desk, api, browser, number, size)
        _chunked(desk, api, size)
        _slow(desk, api, browser, slow_seconds)


def _address(listed: str, role: str) -> tuple[str, str]:
    """Address and password of the first person with `role` in what `deskbell demo` prints."""
    for line in listed.splitlines():
        address, password, name = line.split(maxsplit=2)
        if name.strip() == role:
            return address, password
    raise AssertionError(f"no {role} in the demo")


def _open(api: Api, email: str) -> int:
    body = {"subject": "Files", "body": "Here they come.", "requester": {"email": email}}
    status, ticket = api.call("POST", "/tickets", body)
    require(status == 201, f"no ticket: {status} {ticket}")
    return int(ticket["number"])


class _Browser:
    """Signed in on the portal."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.cookies: dict[str, str] = {}

    def send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.desk.port, timeout=60)
        headers = {"Cookie": self.cookie, **({"Content-Type": kind} if kind else {})}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                cookie, _, content = value.split(";")[0].partition("=")
                self.cookies[cookie] = content
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def sign_in(self, email: str, password: str) -> None:
        _, page = self.send("GET", "/signin/")
        form = {
            "csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken"),
            "login": email,
            "password": password,
        }
        status, page = self.send(
            "POST", "/signin/", urlencode(form).encode(), "application/x-www-form-urlencoded"
        )
        require(status == 302, f"signing in was answered with {status}")


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    require(found, f"the page has no field {name}")
    return found[1] if found else ""


def _form(fields: dict[str, str], size: int, *, field: str = "files") -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="big.log"\r\n'
        "Content-Type: text/plain\r\n\r\n"
    )
    return b"".join([*parts, head.encode(), b"x" * size, f"\r\n--{BOUNDARY}--\r\n".encode()])


def _cut(desk: Desk, api: Api, browser: _Browser, number: int, size: int) -> None:
    """The connection ends in the middle of a reply's file: no reply. Sent again as a whole: one, with it."""
    _, page = browser.send("GET", f"/portal/tickets/{number}/")
    fields = {
        "csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken"),
        "once": hidden(page, "once"),
        "text": "With the log.",
    }
    body = _form(fields, size)
    path = f"/portal/tickets/{number}/replies/"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{desk.port}\r\nCookie: {browser.cookie}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    before = _messages(api, number)
    for share in (0.1, 0.5, 0.999):
        with socket.create_connection(("127.0.0.1", desk.port), timeout=10) as line:
            line.sendall(head.encode() + body[: int(len(body) * share)])
    # the next request of this person is answered only after the cut ones were dealt with or dropped
    browser.send("GET", f"/portal/tickets/{number}/")
    require(_messages(api, number) == before, "a cut upload became a reply")
    status, _ = browser.send("POST", path, body, f"multipart/form-data; boundary={BOUNDARY}")
    require(status == 302, f"the whole reply was answered with {status}")
    added = _messages(api, number)[len(before) :]
    require(
        [(each["text"], [file["size"] for file in each["attachments"]]) for each in added]
        == [("With the log.", [size])],
        f"the whole reply did not come with its file: {added}",
    )
    say("cut three times: no reply; sent whole: one reply with its file")


def _messages(api: Api, number: int) -> list[dict[str, Any]]:
    return list(api.every(f"/tickets/{number}/messages"))


def _chunked(desk: Desk, api: Api, size: int) -> None:
    """A body without a length, in chunks, is the same file."""
    body = _form({}, size, field="file")
    connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=60)
    chunks = (body[begin : begin + 64_000] for begin in range(0, len(body), 64_000))
    connection.request("POST", "/api/v1/uploads", chunks, _upload_headers(api), encode_chunked=True)
    answer = connection.getresponse()
    kept = json.loads(answer.read())
    require((answer.status, kept.get("size")) == (201, size), f"chunked: {answer.status} {kept}")
    say(f"a chunked upload of {size} bytes arrived whole")


def _upload_headers(api: Api) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {api.token}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }


def _slow(desk: Desk, api: Api, browser: _Browser, seconds: float) -> None:
    answers: list[tuple[int, int]] = []
    body = _form({}, 100_000, field="file")
    threads = [
        threading.Thread(target=_trickle, args=(desk, api, body, seconds, answers)) for _ in range(SLOW)
    ]
    for thread in threads:
        thread.start()
    times = []
    end = time.monotonic() + seconds * 0.8
    while time.monotonic() < end:
        began = time.monotonic()
        status, _ = browser.send("GET", "/portal/")
        times.append(time.monotonic() - began)
        require(status == 200, f"a page beside slow uploads was answered with {status}")
        time.sleep(0.2)
    require(all(thread.is_alive() for thread in threads), "the slow uploads were not slow")
    for thread in threads:
        thread.join(seconds + 60)
    require(median(times) < QUICK, f"pages took {median(times):.2f} s beside {SLOW} slow uploads")
    require(answers == [(201, 100_000)] * SLOW, f"the slow uploads were answered with {answers}")
    say(
        f"{SLOW} uploads of {seconds:.0f} s each arrived; {len(times)} pages beside them took "
        f"{median(times) * 1000:.0f} ms (at most {max(times) * 1000:.0f} ms)"
    )


def _trickle(desk: Desk, api: Api, body: bytes, seconds: float, answers: list[tuple[int, int]]) -> None:
    head = [f"{name}: {value}" for name, value in _upload_headers(api).items()]
    start = f"POST /api/v1/uploads HTTP/1.1\r\nHost: 127.0.0.1:{desk.port}\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", desk.port), timeout=seconds + 60) as line:
        line.sendall((start + "\r\n".join(head) + "\r\n\r\n").encode())
        parts = 40
        for turn in range(parts):
            line.sendall(body[len(body) * turn // parts : len(body) * (turn + 1) // parts])
            time.sleep(seconds / parts)
        answer = http.client.HTTPResponse(line)
        answer.begin()
        answers.append((answer.status, json.loads(answer.read()).get("size", 0)))
