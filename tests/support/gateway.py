"""A WhatsApp Web gateway for tests: a real HTTP server that speaks the documented interface, with a phone and
customers that do what a test tells them. Nothing of our own gateway is in it but the signatures.
"""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from deskbell.gateway.protocol import HEADER, is_signed, sign

PN, LID = "919810000001", "77001234567890@lid"
CHAT = f"{PN}@s.whatsapp.net"
_PATH = re.compile(r"/v1/sessions/(?P<sid>[0-9a-f-]+)(?:/(?P<what>[a-z-]+)(?:/(?P<name>[^/]+))?)?")


@dataclass
class FakeGateway:
    """`events` are what it has to tell; a test delivers them when and as often as it likes."""

    sid: str = ""
    secret: str = ""
    address: str = ""
    state: dict[str, Any] = field(default_factory=lambda: {"link_state": "STOPPED", "send_state": "ok"})
    events: list[dict[str, Any]] = field(default_factory=list)
    #: what was handed over: client_id → message; and how each came out
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: how often a message was asked to be sent, whatever came of it
    handed: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    media: dict[str, bytes] = field(default_factory=dict)
    #: code of what the next messages come to; none: they leave
    refuse: tuple[str, float | None] | None = None
    #: whether a message is accepted and then nothing more is heard of it
    silent: bool = False
    #: whether answers are withheld after the message was taken
    hang_up: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    # --- what customers and the phone do ---

    def tell(self, kind: str, data: dict[str, Any], *, at: float | None = None) -> dict[str, Any]:
        event = {"id": uuid.uuid4().hex, "at": at or time.time(), "type": kind, "data": data}
        self.events.append(event)
        return event

    def write(
        self, text: str = "", *, msg_id: str = "", pn: str = PN, lid: str = "", chat: str = "", **more: Any
    ) -> str:
        msg_id = msg_id or uuid.uuid4().hex[:20].upper()
        whole = {
            "msg_id": msg_id,
            "chat": {"id": chat or (f"{pn}@s.whatsapp.net" if pn else lid), "kind": "dm"},
            "from": {"pn": pn, "lid": lid, "name": "Asha Rao"},
            "from_me": False,
            "ts": int(time.time()),
            "kind": "text",
            "text": text,
        }
        self.tell("message", {**whole, **more})
        return msg_id

    def phone_writes(self, text: str, *, chat: str = CHAT, **more: Any) -> str:
        """Somebody of the company answers on the phone itself."""
        msg_id = uuid.uuid4().hex[:20].upper()
        data = {"msg_id": msg_id, "chat": {"id": chat, "kind": "dm"}, "to": {"pn": PN, "lid": ""}}
        more = {"ts": int(time.time()), "kind": "text", "text": text, **more}
        self.tell("message", {**data, "from_me": True, **more})
        return msg_id

    def link(self, state: str, *, at: float | None = None, **more: Any) -> None:
        self.state = {"link_state": state, "send_state": "ok", **more}
        told = {name: value for name, value in self.state.items() if not name.startswith("qr")}
        self.tell("session", told, at=at)

    def scan(self, pn: str = "4930900000") -> None:
        """The phone scans the code that is shown."""
        self.link("WORKING", me={"pn": pn, "lid": "1@lid", "name": "Support"})

    def receipt(self, status: str, *ids: str) -> None:
        self.tell("receipt", {"chat": CHAT, "msg_ids": list(ids), "status": status, "ts": int(time.time())})

    def deliver(self, desk: str) -> None:
        """Post what there is to tell to the desk at that address, as often as it takes to be taken."""
        path = f"/channels/whatsapp-web/{self.sid}/"
        body = json.dumps({"v": 1, "sid": self.sid, "events": self.events}).encode()
        headers = {HEADER: sign(self.secret, "POST", path, body), "Content-Type": "application/json"}
        request = urllib.request.Request(desk + path, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200
        self.events.clear()

    # --- what the desk asks ---

    def take(self, message: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        client_id = message["client_id"]
        with self.lock:
            self.handed.append(client_id)
            if client_id not in self.messages:
                if self.state["link_state"] != "WORKING":
                    return 409, {"code": "not_connected"}
                self.messages[client_id] = message
                self.outcomes[client_id] = {"client_id": client_id, "state": "queued"}
                if not self.silent:
                    self.settle(client_id)
            return 202, {"client_id": client_id, "state": "queued"}

    def settle(self, client_id: str) -> None:
        """It leaves, or does not."""
        if self.refuse is None:
            msg_id = f"OUT{len(self.outcomes)}"
            self.outcomes[client_id] = {"client_id": client_id, "state": "sent", "msg_id": msg_id}
            self.tell("send_result", {"client_id": client_id, "ok": True, "msg_id": msg_id})
            return
        code, until = self.refuse
        state = "unknown" if code == "timeout_unknown" else "failed"
        self.outcomes[client_id] = {"client_id": client_id, "state": state, "code": code}
        told = {"client_id": client_id, "ok": False, "code": code}
        self.tell("send_result", {**told, **({"until": until} if until else {})})

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/v1/health":
            return 200, {"v": 1, "library": "fake", "uptime": 1, "waiting_events": len(self.events)}
        found = _PATH.fullmatch(path)
        if found is None or found["sid"] != self.sid:
            return 404, {"code": "no_such_session"}
        match method, found["what"]:
            case "GET", None:
                return 200, self.state
            case "GET", "messages":
                known = self.outcomes.get(found["name"])
                return (200, known) if known else (404, {"code": "no_such_message"})
            case "GET", "media":
                content = self.media.get(found["name"])
                return (200, content) if content is not None else (404, {"code": "no_such_media"})
            case "POST", "files":
                ref = uuid.uuid4().hex
                self.files[ref] = body
                return 201, {"media_ref": ref}
            case "POST", "messages":
                return self.take(json.loads(body))
            case "POST", "read":
                return 202, {}
            case "POST", "pair-code":
                return (
                    (200, {"code": "ABCD-1234", "expires_in": 160})
                    if self.state["link_state"] == "PAIRING"
                    else (409, {"code": "not_connected"})
                )
            case "POST", "start":
                if self.state["link_state"] not in ("WORKING", "PAIRING"):
                    self.link("PAIRING", qr="2@abc,def,ghi", qr_seconds=20)
            case "POST", "stop":
                self.link("STOPPED")
            case "POST", "logout":
                self.link("LOGGED_OUT")
            case _:
                return 404, {"code": "no_such_address"}
        return 200, self.state


@contextmanager
def serve(gateway: FakeGateway) -> Iterator[FakeGateway]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._do("GET")

        do_POST = lambda self: self._do("POST")  # noqa: E731

        def _do(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not is_signed(gateway.secret, self.headers.get(HEADER, ""), method, self.path, body):
                status, answer = 401, {"code": "signature"}
            else:
                status, answer = gateway.answer(method, self.path, body)
            if gateway.hang_up and method == "POST":
                self.close_connection = True
                return
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
