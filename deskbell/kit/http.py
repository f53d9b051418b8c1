"""The only way by which the desk asks another server by HTTP.

Https alone, with a valid certificate, so that no service of the house that speaks anything else can be led
to answer. No redirect is followed, an answer has a size and a time, and addresses that only a machine's own
network knows (169.254.…, where clouds hand out their keys) are left alone. Private networks are not: the
company's own sign-in server may stand there.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast
from urllib.parse import SplitResult, urlsplit

import httpcore
import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from deskbell import __version__
from deskbell.kit.network import told, trusted

#: seconds until a connection stands, until the whole answer is here, and its bytes
CONNECT = 5
PATIENCE = 15
MOST = 256 * 1024


class BadAddress(ValueError):
    """The desk does not go there; the message is for people."""


class NoAnswer(Exception):
    """Nothing came back that could be read; the message is for people.

    Unless `sent`, the other side never had the request.
    """

    def __init__(self, text: str, *, sent: bool = True) -> None:
        super().__init__(text)
        self.sent = sent


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)

    def json(self) -> dict[str, Any]:
        """The object in it; empty when there is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def checked(url: str, *, to_loopback: bool = False) -> SplitResult:
    """The parts of an address that the desk may ask, without encryption on this machine alone where
    `to_loopback` says so. Raises BadAddress.
    """
    try:
        parts = urlsplit(url)
        host, _port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or parts.username is not None or not url.isascii() or any(sign <= " " for sign in url):
        raise BadAddress(_("This is not a complete address such as https://login.example.com/token."))
    here = parts.scheme == "http" and host == "127.0.0.1"
    plain = here and (to_loopback or settings.HTTP_PLAIN_TO_LOOPBACK)
    if parts.scheme != "https" and not plain:
        raise BadAddress(_("The address must begin with https://."))
    return parts


def post_form(url: str, body: str) -> Answer:
    """Post a form that is encoded already. Raises BadAddress, NoAnswer."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return ask("POST", url, headers=headers, content=body.encode())


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    files: Mapping[str, tuple[str, BinaryIO, str]] | None = None,
    into: BinaryIO | None = None,
    most: int = MOST,
    seconds: float | None = None,
    to_loopback: bool = False,
) -> Answer:
    """One request and its whole answer of at most `most` bytes, in at most `seconds` (PATIENCE).

    `files` are parts of a form: name → (filename, content, type). A good answer's body goes `into` a file
    where one is given, and is empty then. `to_loopback`: see `checked`. Raises BadAddress, NoAnswer.
    """
    host = str(checked(url, to_loopback=to_loopback).hostname)
    request = httpx.Request(
        method,
        url,
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"Deskbell/{__version__}",
            **(headers or {}),
        },
        content=content,
        json=json,
        data=form,
        files=files,
    )
    wire = _Wire(seconds or PATIENCE)
    try:
        with httpcore.ConnectionPool(ssl_context=trusted("http"), network_backend=wire) as pool:
            return _exchange(pool, request, host, into, most)
    except httpcore.ProtocolError as error:
        text = _("%(host)s answers with something that is no HTTP: %(reason)s")
        raise NoAnswer(text % {"host": host, "reason": f"{error}"[:200] or type(error).__name__}) from None
    except httpcore.TimeoutException:
        raise NoAnswer(told(TimeoutError(), host), sent=wire.connected) from None
    except httpcore.NetworkError as error:
        raise NoAnswer(told(wire.failure or OSError(str(error)), host), sent=wire.connected) from None


def _exchange(
    pool: httpcore.ConnectionPool, request: httpx.Request, host: str, into: BinaryIO | None, most: int
) -> Answer:
    response = pool.handle_request(
        httpcore.Request(
            request.method,
            httpcore.URL(str(request.url)),
            headers=request.headers.raw,
            content=cast(Iterable[bytes], request.stream),
            extensions={"timeout": {"connect": CONNECT, "read": PATIENCE, "write": PATIENCE, "pool": None}},
        )
    )
    try:
        good = 200 <= response.status < 300
        body = bytearray()
        write: Callable[[bytes], Any] = into.write if into is not None and good else body.extend
        size = 0
        for piece in cast(Iterator[bytes], response.stream):
            size += len(piece)
            if size > most:
                raise NoAnswer(_("%(host)s answers with more than can be right.") % {"host": host})
            write(piece)
    finally:
        response.close()
    return Answer(response.status, bytes(body), httpx.Headers(response.headers))


class _Wire(httpcore.NetworkBackend):
    """Connects to addresses that may be asked alone, and ends after `seconds`, however slowly it goes."""

    def __init__(self, seconds: float) -> None:
        self._backend = httpcore.SyncBackend()
        self._end = time.monotonic() + seconds
        self.connected = False
        self.failure: OSError | None = None

    @contextmanager
    def noting(self) -> Iterator[None]:
        """The pool forgets what an error of the network came from."""
        try:
            yield
        except httpcore.NetworkError as error:
            self.failure = error.__cause__ if isinstance(error.__cause__, OSError) else None
            raise

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(host)
        for address in self._addresses(host, port):
            try:
                with self.noting():
                    return _Stream(self._backend.connect_tcp(address, port, self.left(timeout)), self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _addresses(self, host: str, port: int) -> list[str]:
        self.failure = socket.gaierror()  # unless one of them says something else
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            return []
        return [address for address in (str(each[4][0]) for each in found) if _may_be_asked(address)]

    def left(self, timeout: float | None) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return min(left, timeout or left)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, wire: _Wire) -> None:
        self._stream = stream
        self._wire = wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._wire.noting():
            return self._stream.read(max_bytes, self._wire.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._wire.connected = True
        with self._wire.noting():
            self._stream.write(buffer, self._wire.left(timeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        with self._wire.noting():
            stream = self._stream.start_tls(ssl_context, server_hostname, self._wire.left(timeout))
        return _Stream(stream, self._wire)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def _may_be_asked(address: str) -> bool:
    given = ipaddress.ip_address(address.partition("%")[0])
    given = getattr(given, "ipv4_mapped", None) or given
    return not (given.is_link_local or given.is_multicast or given.is_unspecified)
