"""LDAP version 3 (RFC 4511): a connection that is encrypted, ends in time and says in words what is wrong.

The protocol is ldap3's, an optional extra; the network and its encryption are ours, as in `kit.http`.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from deskbell.kit.network import told, trusted

LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))
PORTS = {"ldap": 389, "ldaps": 636}
START_TLS = "1.3.6.1.4.1.1466.20037"
SUCCESS, SIZE_LIMIT, NO_SUCH_OBJECT = 0, 4, 32
#: what servers answer to a wrong password, or to one of somebody who may not sign in (RFC 4511 appendix A):
#: constraintViolation (too many tries), noSuchObject, inappropriateAuthentication (has none),
#: invalidCredentials, insufficientAccessRights, unwillingToPerform
REFUSALS = frozenset((19, 32, 48, 49, 50, 53))
#: as a value in a filter (RFC 4515) these stand for themselves, all others as bytes
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@.-_ ")


class BadAddress(ValueError):
    """The desk does not go there; the message is for people."""


class NoAnswer(Exception):
    """The directory did not say yes or no; the message is for people who set it up."""


@dataclass(frozen=True)
class Server:
    """Where a directory is asked. `authority`: PEM of whom its certificate is from, or empty."""

    url: str
    authority: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        return str(urlsplit(self.url).hostname)

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or PORTS[parts.scheme]

    @property
    def encryption(self) -> str:
        """tls from the beginning, starttls, or none: on this machine alone, and without an authority."""
        if self.url.startswith("ldaps:"):
            return "tls"
        return "none" if self.host in LOOPBACK and not self.authority else "starttls"


@dataclass(frozen=True)
class Entry:
    """`values`: attribute in lower case → what it holds."""

    dn: str
    values: dict[str, list[bytes]] = field(repr=False)

    def texts(self, attribute: str) -> list[str]:
        held = self.values.get(attribute.lower(), ()) if attribute else ()
        return [value.decode("utf-8", "replace").strip() for value in held]

    def text(self, attribute: str) -> str:
        return next(iter(self.texts(attribute)), "")


def installed() -> bool:
    return find_spec("ldap3") is not None


def checked(url: str) -> str:
    """An address as it is kept. Raises BadAddress."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    plain = all(" " < sign < "\x7f" for sign in text) and "@" not in text
    if parts.scheme not in PORTS or not host or not plain or parts.path.strip("/") or parts.query:
        raise BadAddress(_("This is no address such as ldaps://directory.example.com."))
    return f"{parts.scheme}://{parts.netloc}"


def escaped(value: str | bytes) -> str:
    """A value inside of a filter (RFC 4515 §3): whatever somebody types stays a value."""
    given = value.encode() if isinstance(value, str) else value
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:02x}" for byte in given)


def is_filter(text: str) -> bool:
    """Whether it is a filter that can be sent; without the library, whether its brackets match."""
    if not installed():
        return text.startswith("(") and text.endswith(")") and text.count("(") == text.count(")")
    from ldap3.core.exceptions import LDAPExceptionError
    from ldap3.operation.search import compile_filter, parse_filter

    try:
        compile_filter(parse_filter(text, None, False, True, None, False).elements[0])
    except (LDAPExceptionError, ValueError, IndexError):
        return False
    return True


def trusts(authority: str) -> ssl.SSLContext:
    """Certificates that `authority` (PEM) made, or those the system trusts. Raises OSError, ValueError."""
    return ssl.create_default_context(cadata=authority) if authority else trusted("ldap")


@contextlib.contextmanager
def session(servers: Iterable[Server], *, seconds: float) -> Iterator[Session]:
    """A connection to the first server that answers, all of it within `seconds`. Raises NoAnswer, as does the
    block where the network ends.
    """
    if not installed():
        raise NoAnswer(
            _(
                "This desk lacks the library for it: pip install --require-hashes -r requirements/ldap.txt, "
                "or pip install 'deskbell[ldap]', and start the desk again."
            )
        )
    wire = _connected(list(servers), time.monotonic() + seconds)
    try:
        with _limited(wire):
            yield Session(wire)
    except OSError as error:
        raise NoAnswer(wire.words(error)) from error
    finally:
        wire.close()


class _Wire:
    """A socket that is cut off at `ends` (as time.monotonic counts), whatever it is doing."""

    def __init__(self, server: Server, ends: float) -> None:
        self.server = server
        self.ends = ends
        self.late = False
        self.socket: socket.socket | None = None

    @property
    def left(self) -> float:
        return self.ends - time.monotonic()

    def connect(self, seconds: float) -> None:
        """To one of the addresses that the name stands for, all of them within `seconds`."""
        ends = time.monotonic() + seconds
        failure: OSError = TimeoutError()
        host, port = self.server.host, self.server.port
        for family, kind, protocol, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            self.socket = socket.socket(family, kind, protocol)
            self.socket.settimeout(max(ends - time.monotonic(), 0.01))
            try:
                self.socket.connect(address)
                self.socket.settimeout(max(self.left, 0.01))
                return
            except OSError as error:
                self.close()
                failure = error
        raise failure

    def encrypt(self) -> None:
        assert self.socket is not None
        context = trusts(self.server.authority)
        bare = self.socket
        # the handshake by itself, so that whoever cuts the wire finds the socket that waits
        self.socket = context.wrap_socket(
            bare, server_hostname=self.server.host, do_handshake_on_connect=False
        )
        self.socket.do_handshake()

    def cut(self) -> None:
        self.late = True
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.close()

    def words(self, error: OSError) -> str:
        late = self.late or isinstance(error, TimeoutError)
        return told(TimeoutError() if late else error, self.server.host)


@contextlib.contextmanager
def _limited(wire: _Wire) -> Iterator[None]:
    timer = threading.Timer(max(wire.left, 0.01), wire.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _connected(servers: list[Server], ends: float) -> _Wire:
    """Each server but the last gets its share of the time. Raises NoAnswer: what is wrong with the first."""
    wrong = ""
    for left, server in zip(range(len(servers), 0, -1), servers, strict=True):
        wire = _Wire(server, ends)
        try:
            with _limited(wire):
                wire.connect(wire.left / left)
                if server.encryption == "tls":
                    wire.encrypt()
            return wire
        except (OSError, ValueError) as error:
            wire.close()
            said = wire.words(error) if isinstance(error, OSError) else str(error)
            wrong = wrong or said
    raise NoAnswer(wrong or _("It has no address."))


class Session:
    """What is asked over one connection. Every method raises NoAnswer, or OSError where the network ends."""

    def __init__(self, wire: _Wire) -> None:
        import ldap3  # slow, and an optional extra

        self._wire = wire
        # our socket is connected already; this address is never opened
        server = ldap3.Server("127.0.0.1", get_info=ldap3.NONE)
        self._connection = ldap3.Connection(
            server, auto_referrals=False, check_names=False, read_only=True, raise_exceptions=False
        )
        self._connection.socket = wire.socket
        self._connection.closed = False
        self._connection.strategy._outstanding = {}
        self._connection.strategy._start_listen()
        if wire.server.encryption == "starttls":
            self._start_tls()

    @property
    def server(self) -> Server:
        return self._wire.server

    def _start_tls(self) -> None:
        with self._told():
            self._connection.extended(START_TLS)
        if self._code != SUCCESS:
            raise NoAnswer(
                _("%(host)s does not encrypt (StartTLS), and passwords do not go there without: %(said)s")
                % {"host": self.server.host, "said": self._said}
            )
        self._wire.encrypt()
        self._connection.socket = self._wire.socket

    def bind(self, dn: str, password: str) -> bool:
        """Whether `password` is that of the entry `dn`. An empty one never is: servers take it for none, and
        say yes (RFC 4513 §5.1.2).
        """
        import ldap3

        if not dn or not password or "\0" in password:
            return False
        self._connection.user, self._connection.authentication = dn, ldap3.SIMPLE
        # as bytes it goes as it was typed
        self._connection.password = password.encode()
        try:
            with self._told():
                self._connection.bind(read_server_info=False)
        finally:
            self._connection.password = None
        if self._code == SUCCESS:
            return True
        if self._code in REFUSALS:
            return False
        raise NoAnswer(self._refused(_("It does not take the sign-in: %(said)s")))

    @property
    def said(self) -> str:
        """The server's last words, for people who set it up."""
        return self._said

    def search(self, base: str, text: str, attributes: Iterable[str], *, most: int) -> list[Entry]:
        """What fits the filter `text` in and below `base`, at most `most` entries."""
        wanted = [name for name in dict.fromkeys(attributes) if name] or ["1.1"]
        seconds = max(int(self._wire.left), 1)
        with self._told():
            self._connection.search(base, text, attributes=wanted, size_limit=most, time_limit=seconds)
        if self._code == NO_SUCH_OBJECT:
            raise NoAnswer(_("There is nothing at %(base)s in it.") % {"base": base})
        if self._code not in (SUCCESS, SIZE_LIMIT):
            raise NoAnswer(self._refused(_("It refuses to search: %(said)s")))
        found = [each for each in self._connection.response or () if each["type"] == "searchResEntry"]
        return [_entry(each) for each in found[:most]]

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Where the network ends while the library listens, the error is the network's."""
        from ldap3.core import exceptions
        from pyasn1.error import PyAsn1Error

        try:
            yield
        except (exceptions.LDAPCommunicationError, exceptions.LDAPResponseTimeoutError) as error:
            raise (error if isinstance(error, OSError) else OSError(str(error))) from error
        except (exceptions.LDAPExceptionError, PyAsn1Error, LookupError, TypeError, ValueError) as error:
            text = _("This cannot be asked, or its answer cannot be read: %(said)s")
            raise NoAnswer(text % {"said": str(error)[:200] or type(error).__name__}) from error
        if not isinstance(self._connection.result, dict):
            raise OSError(_("It ended the connection."))

    @property
    def _code(self) -> int:
        return int((self._connection.result or {}).get("result", -1))

    @property
    def _said(self) -> str:
        """As `invalidCredentials (80090308: … data 533 …)`."""
        result = self._connection.result or {}
        name, more = str(result.get("description", "")), str(result.get("message", "")).strip("\0 ")
        return f"{name} ({more[:200]})" if more else name

    def _refused(self, text: str) -> str:
        return text % {"said": self._said}


def _entry(found: dict[str, Any]) -> Entry:
    raw = found["raw_attributes"]
    return Entry(str(found["dn"]), {str(name).lower(): list(held) for name, held in raw.items()})


def first_part(dn: str) -> str:
    """The value of the first part of a DN, as it is written there: admins of cn=admins,ou=groups."""
    found = re.match(r"[^=]+=((?:\\.|[^,+\\])*)", dn)
    return found[1].strip() if found else ""
