"""The only way by which the desk asks another server by HTTP.

Https alone, with a valid certificate, so that no service of the house that speaks anything else can be led
to answer. No redirect is followed, an answer has a size and a time, and addresses that only a machine's own
network knows (169.254.…, where clouds hand out their keys) are left alone. Private networks are not: the
company's own sign-in server may stand there.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from deskbell import __version__
from deskbell.kit.network import told

#: seconds until a connection stands, until the whole answer is here, and its bytes
CONNECT = 5
PATIENCE = 15
MOST = 256 * 1024


class BadAddress(ValueError):
    """The desk does not go there; the message is for people."""


class NoAnswer(Exception):
    """Nothing came back that could be read; the message is for people."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """The object in it; empty when there is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def checked(url: str) -> SplitResult:
    """The parts of an address that the desk may ask. Raises BadAddress."""
    try:
        parts = urlsplit(url)
        host, _port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or parts.username is not None or not url.isascii() or any(sign <= " " for sign in url):
        raise BadAddress(_("This is not a complete address such as https://login.example.com/token."))
    plain = parts.scheme == "http" and settings.HTTP_PLAIN_TO_LOOPBACK and host == "127.0.0.1"
    if parts.scheme != "https" and not plain:
        raise BadAddress(_("The address must begin with https://."))
    return parts


def post_form(url: str, body: str) -> Answer:
    """Post a form that is encoded already. Raises BadAddress, NoAnswer."""
    parts = checked(url)
    host = str(parts.hostname)
    try:
        with _open(parts) as link:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {
                "Host": parts.netloc,
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
                "User-Agent": f"Deskbell/{__version__}",
            }
            link.request("POST", path, body.encode(), headers)
            answer = link.getresponse()
            content = answer.read(MOST + 1)
    except http.client.HTTPException as error:
        text = _("%(host)s answers with something that is no HTTP: %(reason)s")
        raise NoAnswer(text % {"host": host, "reason": f"{error}"[:200] or type(error).__name__}) from None
    except OSError as error:
        raise NoAnswer(told(error, host)) from None
    if len(content) > MOST:
        raise NoAnswer(_("%(host)s answers with more than can be right.") % {"host": host})
    return Answer(answer.status, content)


@contextmanager
def _open(parts: SplitResult) -> Iterator[http.client.HTTPConnection]:
    """A connection that is cut after PATIENCE, however slowly something still comes. Raises OSError."""
    host, secure = str(parts.hostname), parts.scheme == "https"
    wire = _connect(host, parts.port or (443 if secure else 80))
    if secure:
        wire = ssl.create_default_context().wrap_socket(
            wire, server_hostname=host, do_handshake_on_connect=False
        )
    late = threading.Event()

    def cut() -> None:
        late.set()
        with suppress(OSError):
            # of the plain class: that of an encrypted socket would pull the encryption away under the reader
            socket.socket.shutdown(wire, socket.SHUT_RDWR)

    clock = threading.Timer(PATIENCE, cut)
    clock.daemon = True
    clock.start()
    try:
        if isinstance(wire, ssl.SSLSocket):
            wire.do_handshake()
        link = http.client.HTTPConnection(host)
        link.sock = wire
        yield link
        if late.is_set():  # what came before the cut may look whole
            raise TimeoutError
    except (OSError, http.client.HTTPException):
        if late.is_set():
            raise TimeoutError from None
        raise
    finally:
        clock.cancel()
        wire.close()


def _connect(host: str, port: int) -> socket.socket:
    """To the first address of `host` that may be asked and answers."""
    failure: OSError = socket.gaierror()
    for family, kind, protocol, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not _may_be_asked(str(address[0])):
            continue
        wire = socket.socket(family, kind, protocol)
        wire.settimeout(CONNECT)
        try:
            wire.connect(address)
        except OSError as error:
            wire.close()
            failure = error
        else:
            wire.settimeout(PATIENCE)
            return wire
    raise failure


def _may_be_asked(address: str) -> bool:
    given = ipaddress.ip_address(address.partition("%")[0])
    given = getattr(given, "ipv4_mapped", None) or given
    return not (given.is_link_local or given.is_multicast or given.is_unspecified)
