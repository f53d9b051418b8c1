"""A sign-in provider (OAuth 2.0) as a real HTTP server on the loopback address."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

CLIENT, SECRET = "desk-client", "client & secret"
#: what the address of the sign-in page holds besides what the desk adds
EXTRA = "prompt=consent"


class Refusal(Exception):
    """(status, error, description)"""


@dataclass
class OAuthServer:
    """Gives out codes and tokens, each refresh token once. Whoever signs in is `user`."""

    port: int = 0
    user: str = "support@desk.example"
    lasts: int = 3600
    #: what the next answers of the token address are instead: (status, body)
    answers: list[tuple[int, dict[str, Any] | str]] = field(default_factory=list)
    #: held back until then
    gate: threading.Event = field(default_factory=threading.Event)
    gives_refresh: bool = True
    #: every form that came to the token address
    asked: list[dict[str, str]] = field(default_factory=list)
    #: code → what the sign-in page was asked for
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    #: the one that counts
    refresh: str = ""
    #: access token → (user, when it ends)
    access: dict[str, tuple[str, float]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def authorize_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/authorize?{EXTRA}"

    @property
    def token_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    def renew(self) -> None:
        """As if it had just been started."""
        self.__init__(port=self.port)  # type: ignore[misc]

    def visit(self, address: str) -> dict[str, str]:
        """Somebody opens `address` and signs in: the query he is sent back with."""
        parts = urlsplit(address)
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        link.request("GET", f"{parts.path}?{parts.query}")
        back = link.getresponse().headers["Location"]
        link.close()
        return dict(parse_qsl(urlsplit(back).query))

    def signed_in(self, asked: dict[str, str]) -> dict[str, str]:
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
        code = f"code-{next(self.numbers)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def tokens(self, user: str = "") -> dict[str, Any]:
        number = next(self.numbers)
        self.access[f"access-{number}"] = (user or self.user, time.time() + self.lasts)
        return {"access_token": f"access-{number}", "token_type": "Bearer", "expires_in": self.lasts}

    def takes(self, user: str, token: str) -> bool:
        whose, until = self.access.get(token, ("", 0.0))
        return whose == user and until > time.time()

    def void(self) -> None:
        """Every token that was given out ends now, before its time."""
        self.access.clear()

    def answer(self, form: dict[str, str]) -> tuple[int, dict[str, Any] | str]:
        self.asked.append(form)
        self.gate.wait(20)
        if self.answers:
            return self.answers.pop(0)
        try:
            return 200, self._granted(form)
        except Refusal as refusal:
            status, error, description = refusal.args
            return status, {"error": error, "error_description": description}

    def _granted(self, form: dict[str, str]) -> dict[str, Any]:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            raise Refusal(401, "invalid_client", "The secret is wrong.\r\nTrace ID: 1234")
        match form["grant_type"]:
            case "authorization_code":
                asked = self.codes.pop(form["code"], {})
                digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
                challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
                if (challenge, form["redirect_uri"]) != (
                    asked.get("code_challenge"),
                    asked.get("redirect_uri"),
                ):
                    raise Refusal(400, "invalid_grant", "The code is not yours.")
            case "refresh_token":
                if form["refresh_token"] != self.refresh:
                    raise Refusal(400, "invalid_grant", "The refresh token was used before.")
            case "client_credentials":
                return self.tokens()
        self.refresh = f"refresh-{next(self.numbers)}" if self.gives_refresh else ""
        return self.tokens() | ({"refresh_token": self.refresh} if self.refresh else {})


class _Handler(BaseHTTPRequestHandler):
    provider: OAuthServer

    def do_GET(self) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query, strict_parsing=True))
        back = self.provider.signed_in(asked)
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(back)}")
        self.end_headers()

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if self.path.startswith("/introspect"):
            user, _until = self.provider.access.get(form.get("token", ""), ("", 0.0))
            active = self.provider.takes(user, form.get("token", ""))
            status, body = 200, {"active": active, "username": user, "client_id": CLIENT}
        else:
            status, body = self.provider.answer(form)
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def oauth_server() -> Iterator[OAuthServer]:
    provider = OAuthServer()
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
