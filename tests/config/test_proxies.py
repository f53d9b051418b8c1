"""Only a trusted proxy is believed about the client and the scheme."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from typing import Any

import pytest
from a2wsgi import WSGIMiddleware
from django.test import Client

from deskbell.config.proxies import Proxies

PROXY, STRANGER = "10.0.0.5", "203.0.113.9"
CLIENT = "198.51.100.7"


def seen(peer: str, *headers: tuple[str, str], trusted: str = "10.0.0.0/8") -> dict[str, Any]:
    """The WSGI environment of a request that `peer` sent, as Django would read it."""
    environs: list[dict[str, Any]] = []

    def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environs.append(environ)
        start_response("200 OK", [])
        return []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        pass

    scope = {
        "type": "http", "method": "GET", "path": "/", "root_path": "", "query_string": b"", "scheme": "http",
        "http_version": "1.1", "client": (peer, 5000), "server": ("127.0.0.1", 8000),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (("Host", "desk"), *headers)],
    }  # fmt: skip
    app = Proxies(WSGIMiddleware(wsgi), trusted=[ip_network(each) for each in trusted.split()])  # type: ignore[arg-type]
    asyncio.run(app(scope, receive, send))
    return environs[0]


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"{CLIENT}:41000", CLIENT),
        (PROXY, "2001:db8::7", "2001:db8::7"),
        (PROXY, "[2001:db8::7]:41000", "2001:db8::7"),
        (f"::ffff:{PROXY}", CLIENT, CLIENT),
        # what a client writes himself stands in front of what the proxy saw
        (PROXY, f"192.0.2.1, {CLIENT}", CLIENT),
        (PROXY, f"192.0.2.1, {CLIENT}, 10.0.0.9", CLIENT),
        (PROXY, f"192.0.2.1, rubbish, {CLIENT}", CLIENT),
        (PROXY, "192.0.2.1, rubbish, 10.0.0.9", "10.0.0.9"),
        (PROXY, "rubbish", PROXY),
        (PROXY, "", PROXY),
        (STRANGER, CLIENT, STRANGER),
        (STRANGER, PROXY, STRANGER),
    ],
)
def test_the_client_is_the_last_that_no_proxy_of_ours_has(peer: str, said: str, client: str) -> None:
    assert seen(peer, ("X-Forwarded-For", said))["REMOTE_ADDR"] == client


def test_two_lines_are_one_chain() -> None:
    lines = (("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-For", f"{CLIENT}, 10.1.1.1"))
    assert seen(PROXY, *lines)["REMOTE_ADDR"] == CLIENT


@pytest.mark.parametrize(
    ("peer", "said", "scheme"),
    [
        (PROXY, "https", "https"),
        (PROXY, "http, HTTPS", "https"),
        (PROXY, "https, http", "http"),
        (PROXY, "gopher", "http"),
        (STRANGER, "https", "http"),
    ],
)
def test_the_scheme_is_what_the_nearest_proxy_says(peer: str, said: str, scheme: str) -> None:
    assert seen(peer, ("X-Forwarded-Proto", said))["wsgi.url_scheme"] == scheme


@pytest.mark.parametrize("peer", [PROXY, STRANGER])
def test_nothing_behind_it_sees_the_headers(peer: str) -> None:
    names = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "Forwarded")
    environ = seen(peer, *((name, CLIENT) for name in names), ("X-Other", "kept"))
    assert [name for name in environ if "FORWARDED" in name] == []
    assert (environ["HTTP_X_OTHER"], environ["HTTP_HOST"]) == ("kept", "desk")


def test_nobody_is_trusted_unless_named() -> None:
    assert seen("127.0.0.1", ("X-Forwarded-For", CLIENT), trusted="")["REMOTE_ADDR"] == "127.0.0.1"


@pytest.mark.django_db
@pytest.mark.slow
def test_wrong_passwords_are_counted_by_that_address_whatever_the_headers_say() -> None:
    def statuses(address: str) -> list[int]:
        return [
            Client(REMOTE_ADDR=address, headers={"X-Forwarded-For": f"192.0.2.{n}"})
            .post("/signin/", {"login": f"nobody{n}@example.com", "password": "wrong wrong"})
            .status_code
            for n in range(40)
        ]

    first = statuses(CLIENT)
    assert (first[0], first[-1]) == (200, 429)
    assert statuses("198.51.100.8") == first
