"""The gateway's HTTP: signed requests of the desk, on the loopback address (docs/whatsapp-web-gateway.md)."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from deskbell.gateway.protocol import HEADER, LARGEST, VERSION, Code, is_signed
from deskbell.gateway.session import Refused, Session

log = logging.getLogger(__name__)

#: bytes of a file
LARGEST_FILE = 64_000_000
FILES = frozenset({"image", "video", "audio", "document"})
#: what has no file
WORDS = frozenset({"text", "reaction"})
_PATH = re.compile(r"/v1/sessions/(?P<sid>[^/]+)(?:/(?P<what>[a-z-]+)(?:/(?P<name>[^/]+))?)?")
_CHAT = re.compile(r"[0-9]{3,30}@(s\.whatsapp\.net|lid)")
_ID = re.compile(r"[A-Za-z0-9:_.-]{1,100}")
#: HTTP status of a refusal
STATUS = {Code.NOT_CONNECTED: 409, Code.LOGGED_OUT: 409, Code.MEDIA_TOO_BIG: 413}


class Wrong(Exception):
    """What was asked cannot be done; the code says why."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Server(ThreadingHTTPServer):
    """Of one session, called `sid`."""

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], session: Session, sid: str, secret: str, library: str
    ) -> None:
        super().__init__(address, Handler)
        self.session, self.sid, self.secret, self.library = session, sid, secret, library
        self.began = time.time()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, format: str, *args: Any) -> None:
        """No line for each request: pages that show a code ask each second."""

    def _answer(self, method: str) -> None:
        try:
            body = self._body()
            if not is_signed(self.server.secret, self.headers.get(HEADER, ""), method, self.path, body):
                raise Wrong(401, "signature")
            answer = self._do(method, body)
        except Wrong as wrong:
            return self._send(wrong.status, {"code": wrong.code})
        except Refused as refused:
            return self._send(STATUS.get(refused.code, 422), {"code": refused.code, "until": refused.until})
        except Exception:
            log.exception("a request failed")
            return self._send(500, {"code": Code.INTERNAL})
        if isinstance(answer, bytes):
            return self._write(200, answer, "application/octet-stream")
        return self._send(*answer)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length") or "0"
        files = self.path.endswith("/files")
        if not length.isdigit() or int(length) > (LARGEST_FILE if files else LARGEST):
            self.close_connection = True
            raise Wrong(413, Code.MEDIA_TOO_BIG)
        return self.rfile.read(int(length))

    def _do(self, method: str, body: bytes) -> bytes | tuple[int, dict[str, Any]]:
        if (method, self.path) == ("GET", "/v1/health"):
            return 200, self._health()
        found = _PATH.fullmatch(self.path)
        if found is None or found["sid"] != self.server.sid:
            raise Wrong(404, "no_such_session")
        session, what, name = self.server.session, found["what"], unquote(found["name"] or "")
        match method, what, bool(name):
            case "GET", None, False:
                return 200, session.state()
            case "GET", "messages", True:
                if known := session.store.message(name):
                    return 200, known
                raise Wrong(404, "no_such_message")
            case "GET", "media", True:
                if (content := session.media(name)) is not None:
                    return content
                raise Wrong(404, "no_such_media")
            case "POST", "files", False:
                return 201, {"media_ref": self._keep(body)}
        if method != "POST" or name:
            raise Wrong(404, "no_such_address")
        given = _object(body)
        match what:
            case "start":
                session.start()
            case "stop":
                session.stop()
            case "logout":
                session.log_out()
            case "pair-code":
                phone = str(given.get("phone") or "")
                if not phone.isdigit():
                    raise Wrong(422, Code.INVALID_RECIPIENT)
                return 200, {"code": session.pair_code(phone), "expires_in": 160}
            case "messages":
                return 202, session.put(_message(given))
            case "read":
                ids = given.get("msg_ids")
                session.mark_read(_chat(given), [str(each) for each in ids] if isinstance(ids, list) else [])
                return 202, {}
            case _:
                raise Wrong(404, "no_such_address")
        return 200, session.state()

    def _health(self) -> dict[str, Any]:
        server = self.server
        return {
            "v": VERSION,
            "library": server.library,
            "uptime": int(time.time() - server.began),
            "waiting_events": server.session.store.waiting_events(),
        }

    def _keep(self, body: bytes) -> str:
        """A file for a message that comes next."""
        ref = secrets.token_hex(16)
        folder = self.server.session.files
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / ref).write_bytes(body)
        return ref

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        self._write(status, json.dumps(answer).encode(), "application/json")

    def _write(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Wrong(400, "no_object")
    if given.get("v", VERSION) != VERSION:
        raise Wrong(400, "version")
    return given


def _chat(given: dict[str, Any]) -> str:
    chat = str(given.get("chat") or "")
    if not _CHAT.fullmatch(chat):
        raise Wrong(422, Code.INVALID_RECIPIENT)
    return chat


def _message(given: dict[str, Any]) -> dict[str, Any]:
    """What is known of a message, checked. Raises Wrong."""
    client_id, kind, ref = str(given.get("client_id") or ""), given.get("kind"), given.get("media_ref")
    if not _ID.fullmatch(client_id):
        raise Wrong(422, "client_id")
    has_file = kind in FILES and isinstance(ref, str) and re.fullmatch("[0-9a-f]{32}", ref)
    if not (has_file or kind in WORDS) or (kind == "reaction" and not given.get("reply_to")):
        raise Wrong(422, Code.UNSUPPORTED)
    typing, read = given.get("typing_ms"), given.get("read")
    return {
        "client_id": client_id,
        "chat": _chat(given),
        "kind": kind,
        "text": str(given.get("text") or "")[:65_536],
        "media_ref": ref if has_file else None,
        "mime": str(given.get("mime") or "")[:100],
        "filename": str(given.get("filename") or "")[:255],
        "reply_to": str(given.get("reply_to") or "")[:100],
        "reply_text": str(given.get("reply_text") or "")[:500],
        "typing_ms": min(typing, 10_000) if isinstance(typing, int) and typing > 0 else 0,
        "read": [str(each)[:100] for each in read[:50]] if isinstance(read, list) else [],
    }
