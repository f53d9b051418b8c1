"""The Sim behind HTTP on the loopback address, in the form the Graph API has."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from deskbell.demo.whatsapp.sim import Refused, Silent, Sim


class Handler(BaseHTTPRequestHandler):
    """The Graph API in front of a Sim."""

    server_version = "WhatsAppSim"
    protocol_version = "HTTP/1.1"
    sim: Sim

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, what: Any) -> None:
        parts = urlsplit(self.path)
        path = re.sub(r"^/v\d+\.\d+/", "/", parts.path).strip("/")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.sim.calls.append((self.command, path))
        try:
            if self.headers.get("Authorization") != f"Bearer {self.sim.token}":
                raise Refused(401, 190, "Error validating access token")
            answer = what(path, parse_qs(parts.query), body)
        except Silent:
            self.close_connection = True
            return
        except Refused as refused:
            error: dict[str, Any] = {
                "message": f"(#{refused.code}) {refused.message}",
                "type": "OAuthException",
                "code": refused.code,
                "error_data": {"messaging_product": "whatsapp", "details": refused.message},
                "fbtrace_id": "Sim",
            }
            if refused.subcode:
                error["error_subcode"] = refused.subcode
            self._send(refused.status, json.dumps({"error": error}).encode(), "application/json")
            return
        if isinstance(answer, tuple):
            self._send(200, answer[0], answer[1])
        else:
            self._send(200, json.dumps(answer).encode(), "application/json")

    def _get(self, path: str, query: dict[str, list[str]], body: bytes) -> Any:
        sim = self.sim
        if path.startswith("files/"):
            return sim.bytes_of(path.removeprefix("files/"))
        if path == sim.number_id:
            return sim.number()
        if path == f"{sim.waba_id}/message_templates":
            return sim.listed(query.get("after", [""])[0])
        if path == f"{sim.waba_id}/subscribed_apps":
            return {
                "data": [{"whatsapp_business_api_data": {"id": "1", "name": "Desk"}}]
                if sim.subscribed
                else []
            }
        return sim.media_of(path)

    def _post(self, path: str, query: dict[str, list[str]], body: bytes) -> Any:
        sim = self.sim
        if path == f"{sim.number_id}/messages":
            return sim.take(json.loads(body))
        if path == f"{sim.number_id}/media":
            return sim.upload(*_file_in(self.headers.get("Content-Type", ""), body))
        if path == f"{sim.waba_id}/message_templates":
            return sim.submit(json.loads(body))
        if path == f"{sim.waba_id}/subscribed_apps":
            sim.subscribed = True
            return {"success": True}
        raise Refused(400, 100, "Unsupported post request", subcode=33)

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _file_in(kind: str, body: bytes) -> tuple[bytes, str]:
    """The file of a multipart form, and its type."""
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        content = part.get_payload(decode=True)
        if part.get_param("name", header="content-disposition") == "file" and isinstance(content, bytes):
            return content, part.get_content_type()
    raise Refused(400, 100, "the file is missing")


def server_of(
    sim: Sim, listening: socket.socket | None = None, *, handler: type[Handler] = Handler
) -> ThreadingHTTPServer:
    """The server of `sim`, on a socket that listens already or on any free port of 127.0.0.1."""
    made = type("SimHandler", (handler,), {"sim": sim})
    server = ThreadingHTTPServer(("127.0.0.1", 0), made, bind_and_activate=listening is None)
    if listening is not None:
        server.socket.close()
        server.socket = listening
        server.server_address = listening.getsockname()
        server.server_port = server.server_address[1]
    server.daemon_threads = True
    sim.address = f"http://127.0.0.1:{server.server_port}"
    return server


@contextmanager
def serve(sim: Sim, *, handler: type[Handler] = Handler, certificate: Path | None = None) -> Iterator[Sim]:
    """Behind HTTP on 127.0.0.1 until the block ends, or HTTPS with a `certificate`; at `sim.address`."""
    server = server_of(sim, handler=handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        sim.address = sim.address.replace("http:", "https:")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield sim
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
