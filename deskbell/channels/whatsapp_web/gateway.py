"""The gateway as the desk speaks to it (docs/whatsapp-web-gateway.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

from deskbell.channels.models import Channel
from deskbell.channels.whatsapp_web.account import secret_of
from deskbell.gateway.protocol import HEADER, VERSION, Link, sign
from deskbell.kit import http

#: seconds for an answer; only a file takes longer
SECONDS, FILE_SECONDS = 10, 120


class GatewayError(Exception):
    """The gateway answered and would not; `code` is its word for why."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"HTTP {status} {code}".strip())
        self.status, self.code = status, code


@dataclass(frozen=True)
class Session:
    """How a gateway says that its linked device is. `qr` is shown and forgotten, never stored or logged."""

    link_state: str
    send_state: str = ""
    until: float | None = None
    detail: str = ""
    qr: str = field(default="", repr=False)
    qr_seconds: int = 0
    phone: str = ""
    name: str = ""
    ignored: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Session:
        own = answer.get("me") if isinstance(answer.get("me"), dict) else {}
        ignored = answer.get("ignored") if isinstance(answer.get("ignored"), dict) else {}
        state = str(answer.get("link_state"))
        until = answer.get("until")
        return cls(
            link_state=state if state in Link.__members__ else Link.STOPPED,
            send_state=str(answer.get("send_state") or ""),
            until=float(until) if isinstance(until, int | float) else None,
            detail=str(answer.get("detail") or "")[:200],
            qr=str(answer.get("qr") or "")[:1000],
            qr_seconds=_int(answer.get("qr_seconds")),
            phone=str((own or {}).get("pn") or "")[:40],
            name=str((own or {}).get("name") or "")[:200],
            ignored={str(kind)[:20]: _int(count) for kind, count in list((ignored or {}).items())[:20]},
        )


class Gateway:
    """Of one number. Every call raises GatewayError, kit.http NoAnswer and BadAddress."""

    def __init__(self, channel: Channel) -> None:
        self.address = channel.device.address
        self.secret = secret_of(channel)
        self.session_path = f"/v1/sessions/{channel.uuid}"

    def look(self) -> Session:
        return Session.of(self._ask("GET", self.session_path))

    def start(self) -> Session:
        """Connect; without keys it waits to be paired."""
        return Session.of(self._ask("POST", f"{self.session_path}/start", {}))

    def stop(self) -> Session:
        return Session.of(self._ask("POST", f"{self.session_path}/stop", {}))

    def log_out(self) -> Session:
        """Unlink it at WhatsApp and delete its keys."""
        return Session.of(self._ask("POST", f"{self.session_path}/logout", {}))

    def pair_code(self, phone: str) -> str:
        """The code to type into the phone with these digits."""
        return str(self._ask("POST", f"{self.session_path}/pair-code", {"phone": phone}).get("code") or "")

    def send(self, message: dict[str, Any]) -> dict[str, Any]:
        """Hand a message over; the same `client_id` again is the same message. The answer is `message`'s."""
        return self._ask("POST", f"{self.session_path}/messages", message)

    def message(self, client_id: str) -> dict[str, Any] | None:
        """`{state, msg_id?, code?, until?}` of what was handed over; None when the gateway knows nothing."""
        try:
            return self._ask("GET", f"{self.session_path}/messages/{quote(client_id, safe='')}")
        except GatewayError as error:
            if error.status == 404:
                return None
            raise

    def upload(self, content: BinaryIO) -> str:
        """A file for a message: what the message then calls it."""
        path = f"{self.session_path}/files"
        body = content.read()
        answer = self._call("POST", path, body, "application/octet-stream", FILE_SECONDS)
        return str(answer.json().get("media_ref") or "")

    def read(self, chat: str, sender: str, ids: list[str]) -> None:
        self._ask("POST", f"{self.session_path}/read", {"chat": chat, "sender": sender, "msg_ids": ids})

    def download(self, token: str, into: BinaryIO, *, most: int) -> None:
        """Write a customer's file into `into`."""
        path = f"{self.session_path}/media/{quote(token, safe='')}"
        self._call("GET", path, b"", "", FILE_SECONDS, into=into, most=most)

    def _ask(self, method: str, path: str, value: dict[str, Any] | None = None) -> dict[str, Any]:
        body = b"" if value is None else json.dumps({"v": VERSION, **value}).encode()
        return self._call(method, path, body, "application/json", SECONDS).json()

    def _call(
        self, method: str, path: str, body: bytes, content_type: str, seconds: int, **more: Any
    ) -> http.Answer:
        whole = urlsplit(self.address).path + path
        headers = {HEADER: sign(self.secret, method, whole, body)}
        headers |= {"Content-Type": content_type} if body else {}
        answer = http.ask(
            method,
            self.address + path,
            headers=headers,
            content=body or None,
            seconds=seconds,
            to_loopback=True,
            **more,
        )
        if not 200 <= answer.status < 300:
            raise GatewayError(answer.status, str(answer.json().get("code") or ""))
        return answer


def _int(given: Any) -> int:
    return given if isinstance(given, int) and 0 <= given < 2**31 else 0
