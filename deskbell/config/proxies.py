"""Who the client is behind a reverse proxy: only the proxies named in the settings are believed.

A proxy writes the client's address into `X-Forwarded-For` and its scheme into `X-Forwarded-Proto`; anybody
else may write the same. So both are taken from the connection of a trusted proxy alone, and Django sees
neither header, only the connection as it truly was.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from deskbell.kit.http_body import App, Receive, Scope, Send

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

FORWARDED = frozenset(
    (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port")
)
SCHEMES = {"http": ("http", "https"), "websocket": ("ws", "wss")}


class Proxies:
    """ASGI application that tells `app` the client's address and scheme.

    `trusted` are the networks of the proxies; one address is a network of one.
    """

    def __init__(self, app: App, *, trusted: Iterable[Network]) -> None:
        self.app = app
        self.trusted = list(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in SCHEMES:
            scope = self._as_seen_by_the_proxy(scope)
        await self.app(scope, receive, send)

    def _as_seen_by_the_proxy(self, scope: Scope) -> Scope:
        kept = [(name, value) for name, value in scope["headers"] if name.lower() not in FORWARDED]
        client = scope.get("client")
        if client is None or not self._trusts(_address(client[0])):
            return {**scope, "headers": kept}
        return {
            **scope,
            "headers": kept,
            "client": self._client(scope) or client,
            "scheme": _scheme(scope) or scope.get("scheme", "http"),
        }

    def _client(self, scope: Scope) -> tuple[str, int] | None:
        """The last address in the chain that no proxy of ours has: each proxy added the one it saw."""
        seen = None
        for text in reversed(_values(scope, b"x-forwarded-for")):
            address = _address(text)
            if address is None:
                break  # whatever stands before it was written by a stranger
            seen = address
            if not self._trusts(address):
                break
        return (str(seen), 0) if seen is not None else None

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.trusted)


def _scheme(scope: Scope) -> str | None:
    """What the nearest proxy says: it is the one that is trusted."""
    said = _values(scope, b"x-forwarded-proto")
    if not said or said[-1].lower() not in ("http", "https"):
        return None
    plain, secure = SCHEMES[scope["type"]]
    return secure if said[-1].lower() == "https" else plain


def _values(scope: dict[str, Any], name: bytes) -> list[str]:
    """The words of all headers `name`, in their order."""
    lines = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
    return [word.strip() for line in lines for word in line.split(",") if word.strip()]


def _address(text: str) -> Address | None:
    """An address as proxies write it: with or without a port, IPv6 with or without brackets."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
