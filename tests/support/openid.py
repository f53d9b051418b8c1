"""Identity providers for tests: a real program on this machine, and one that lies as it is told."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from bench.machine import free_port
from tests.support.waiting import until

CLIENT, SECRET = "desk", "a secret, of the desk: ü"


class RealProvider:
    """oidc-provider-mock, a provider one runs as a program; whoever is typed in is who he says."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"

    def knows(self, subject: str, **claims: Any) -> None:
        httpx.put(f"{self.issuer}/users/{subject}", json=claims).raise_for_status()

    def visit(self, address: str, subject: str) -> str:
        """Sign in as somebody on the provider's page; the address the browser is sent back to."""
        answer = httpx.post(address, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]


@contextmanager
def real_provider() -> Iterator[RealProvider]:
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    provider = RealProvider(port)

    def answers() -> bool:
        assert process.poll() is None, "the provider ended"
        try:
            return httpx.get(f"{provider.issuer}/jwks").status_code == 200
        except httpx.TransportError:
            return False

    try:
        until(answers, seconds=30, what="the provider answers")
        yield provider
    finally:
        process.terminate()
        process.wait(10)


class Liar:
    """Follows the protocol to the letter, but for what a test changes of its answers."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.renew()

    def renew(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.published: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.signs_with: Any = None
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def visit(self, address: str) -> str:
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
        code = base64.urlsafe_b64encode(hashlib.sha256(query["state"].encode()).digest()).decode()
        self.codes[code] = query
        back = urllib.parse.urlencode({"code": code, "state": query["state"]})
        return f"{query['redirect_uri']}?{back}"

    def about(self) -> dict[str, Any]:
        names = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "keys",
            "userinfo_endpoint": "userinfo",
        }
        said = {name: f"{self.issuer}/{path}" for name, path in names.items()}
        return {"issuer": self.issuer, **said, **self.published}

    def keys(self) -> dict[str, Any]:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**key, "kid": "one", "use": "sig"}]}

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        begun = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        pair = ":".join(urllib.parse.quote_plus(each) for each in (CLIENT, SECRET)).encode()
        right = (
            begun is not None
            and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == begun["code_challenge"]
            and form.get("redirect_uri") == begun["redirect_uri"]
            and authorization == f"Basic {base64.b64encode(pair).decode()}"
        )
        if begun is None or not right:
            return 400, {"error": "invalid_grant", "error_description": "that code is not yours"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "4711",
            "nonce": begun["nonce"],
            "iat": now,
            "exp": now + 60,
            "email": "mira@example.com",
            "email_verified": True,
        } | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "one", **self.header}
        key = None if header["alg"] == "none" else self.signs_with or self.key
        signed = jwt.encode(claims, key, algorithm=header["alg"], headers={"kid": header["kid"]})
        return 200, {"id_token": signed, "access_token": "access", "token_type": "Bearer"}


@contextmanager
def liar() -> Iterator[Liar]:
    provider = Liar(0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            if self.path == "/.well-known/openid-configuration":
                self.say(200, provider.about())
            elif self.path == "/keys":
                self.say(200, provider.keys())
            elif self.path == "/userinfo" and provider.userinfo is not None:
                self.say(200, provider.userinfo)
            else:
                self.say(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.say(*provider.token(dict(urllib.parse.parse_qsl(body)), self.headers["Authorization"] or ""))

        def say(self, status: int, said: dict[str, Any]) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
