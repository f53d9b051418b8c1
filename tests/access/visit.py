"""Visit every address the desk has, as everybody, and say in one word what came back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.test import Client
from django.test.client import ClientHandler
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from deskbell.api.service import api
from deskbell.people.actions import create_token
from deskbell.people.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
METHODS = ("GET", "POST")


def routes() -> list[str]:
    """Names of all pages, `area:name`, without the API's calls."""
    return sorted(name for name in _named(get_resolver()) if not name.startswith("api:"))


def _named(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from _named(pattern, inner)
        elif isinstance(pattern, URLPattern):
            yield prefix + (pattern.name or str(pattern.pattern))


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    """Every pattern below `resolver`, the API's too."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern)
        elif isinstance(pattern, URLPattern):
            yield pattern


def calls() -> list[str]:
    """The API's calls, `METHOD /path`, out of the document it publishes."""
    document = api.get_openapi_schema(path_prefix="")
    return sorted(
        f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods
    )


@dataclass
class Visitor:
    """Somebody with a browser and a token."""

    role: str
    session: str
    token: str

    @classmethod
    def of(cls, role: str, user: User | None) -> Visitor:
        if user is None:
            return cls(role, "", "")
        browser = Client()
        browser.force_login(user, backend=BACKEND)
        session = browser.cookies[settings.SESSION_COOKIE_NAME].value
        return cls(role, session, create_token(user, name="access"))

    def browser(self, *, forgery: bool = False) -> Client:
        """A new one each time: the page before may have signed the old one out.

        With `forgery` it sends forms as another site makes it send them.
        """
        browser = _client(forgery=forgery)
        if self.session:
            browser.cookies[settings.SESSION_COOKIE_NAME] = self.session
        return browser

    def page(
        self, method: str, route: str, arguments: dict[str, Any], query: dict[str, str] | None = None
    ) -> Any:
        address = reverse(route, kwargs=arguments)
        if method == "GET":
            return self.browser().get(address, query or {})
        return self.browser().post(address, query or {})

    def call(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        address = f"/api/v1{path}"
        if method == "GET":
            return _client().get(address, query or {}, headers=headers)
        return _client().generic(
            method, address, body or "{}", content_type="application/json", headers=headers
        )


@cache
def _desk(*, forgery: bool) -> ClientHandler:
    """What takes the requests: made once, as a server makes it, for all browsers."""
    return ClientHandler(enforce_csrf_checks=forgery)


def _client(*, forgery: bool = False) -> Client:
    client = Client(raise_request_exception=False, enforce_csrf_checks=forgery)
    client.handler = _desk(forgery=forgery)
    return client


def outcome(response: Any) -> str:
    """`open`, `sign in`, `sent home`, `refused`, `hidden`, `no method`, `not ready` or `failed`.

    What was let in and then found fault with the form counts as open: the person was allowed to try.
    """
    status = response.status_code
    if status == 401 or (
        status == 302 and response.headers["Location"].startswith(("/signin/", "/field/signin/"))
    ):
        return "sign in"
    if status == 302 and response.headers["Location"] == "/":
        return "sent home"
    if status == 503 and b'"ready"' in response.content:
        return "not ready"
    if status >= 500:
        return "failed"
    return {403: "refused", 404: "hidden", 410: "hidden", 405: "no method"}.get(status, "open")
