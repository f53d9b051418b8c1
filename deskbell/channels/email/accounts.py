"""How to reach a mail server, as the desk keeps it and as a URL of the command line says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from cryptography.fernet import InvalidToken
from django.utils.translation import gettext as _

from deskbell.channels.models import IncomingServer, Server
from deskbell.kit.secrets import unseal

#: (protocol, security) → the port that is usual for it
PORTS = {
    ("imap", "tls"): 993,
    ("imap", "starttls"): 143,
    ("imap", "none"): 143,
    ("pop3", "tls"): 995,
    ("pop3", "starttls"): 110,
    ("pop3", "none"): 110,
    ("smtp", "tls"): 465,
    ("smtp", "starttls"): 587,
    ("smtp", "none"): 25,
}
_SECURITY = {"": "none", "s": "tls", "+starttls": "starttls"}
#: scheme of a URL → (protocol, security): imap://, imaps://, imap+starttls:// and so on
SCHEMES = {
    protocol + ending: (protocol, security)
    for protocol in ("imap", "pop3", "smtp")
    for ending, security in _SECURITY.items()
}


#: names of this machine: nothing can listen on the way
HERE = ("localhost", "127.0.0.1", "::1")


class BadAccount(ValueError):
    """The account cannot be like this; the message is for people."""


@dataclass(frozen=True)
class Account:
    """A mail server and a sign-in there. Password and token never show in a traceback or a log."""

    protocol: str
    host: str
    port: int
    security: str
    username: str = ""
    password: str = field(default="", repr=False)
    #: signs in by a token (OAuth 2.0), which `tokens.signed_in` fills in
    with_token: bool = False
    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, server: Server) -> Account:
        """The stored one. Raises BadAccount when its password was sealed with keys this desk lacks."""
        protocol = server.protocol if isinstance(server, IncomingServer) else "smtp"
        where = (protocol, server.host, server.port, server.security, server.username)
        if server.with_token:
            return cls(*where, with_token=True)
        try:
            password = unseal(bytes(server.password)) if server.password else ""
        except InvalidToken:
            raise BadAccount(
                _("The password cannot be read with this desk’s keys. Enter it again.")
            ) from None
        return cls(*where, password)

    @classmethod
    def from_url(cls, url: str, *, username: str = "") -> tuple[Account, str]:
        """The account of `imaps://user:password@host:993/folder` and its folder ("" when none is named).

        A URL without a user signs in as `username` if it has a password. Raises BadAccount.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BadAccount(f"{error}") from None
        if parts.scheme.lower() not in SCHEMES:
            raise BadAccount(
                f"{parts.scheme or url}:// is not one of {', '.join(f'{s}://' for s in SCHEMES)}"
            )
        if not parts.hostname:
            raise BadAccount("the URL names no host")
        protocol, security = SCHEMES[parts.scheme.lower()]
        user, password = _sign_in(parts, username)
        account = cls(protocol, parts.hostname, port or PORTS[protocol, security], security, user, password)
        return account, unquote(parts.path.strip("/"))


def _sign_in(parts: SplitResult, username: str) -> tuple[str, str]:
    password = unquote(parts.password or "")
    return unquote(parts.username or "") or (username if password else ""), password


def stored_password(server: Server) -> str:
    """Empty when there is none, or none that can be read."""
    try:
        return Account.of(server).password
    except BadAccount:
        return ""
