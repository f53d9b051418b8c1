"""Every page in the made-up language: what stands outside its brackets did not come through gettext."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client, override_settings

from deskbell.people.models import User
from deskbell.tickets.listing import BOXES
from tests.access import visit
from tests.access.table import PAGES
from tests.access.world import World, build
from words.unspoken import Stored, stored, texts, unspoken

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("made_up")]

#: beginnings of routes → who looks at them; the first that fits
READERS = (
    (("portal:", "home", "account_", "company"), ("signed out", "customer")),
    (("field:",), ("signed out", "engineer")),
    (("desk:home", "setup:", "demo"), ("owner",)),
    (("desk:",), ("owner", "auditor")),
    (("",), ("owner",)),
)
#: written in English for programmers, or in the language of the mail that is shown
OF_OTHERS = {"api-docs", "setup:text_preview"}
MORE = (
    *(("desk:list", {"box": box}) for box in BOXES),
    ("desk:list", {"box": "mine", "q": "wordown1public", "team": "none", "due": "today", "channel": "web"}),
    ("desk:list", {"box": "open", "priority": "high,urgent"}),
    ("desk:search", {"q": "xyzzy"}),
    ("desk:search", {"q": "wordown1public"}),
    ("desk:people", {"q": "xyzzy"}),
    ("desk:organizations", {"q": "xyzzy"}),
    ("setup:people", {"q": "xyzzy"}),
    ("setup:people", {"role": "customer"}),
    ("setup:organizations", {"q": "xyzzy"}),
    ("setup:tags", {"q": "xyzzy"}),
    ("setup:audit", {"kind": "company."}),
    *(("setup:received", {"state": state}) for state in ("quarantined", "received")),
    *(("setup:sent", {"state": state}) for state in ("queued", "failed", "unknown")),
)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("words")
    with django_db_blocker.unblock(), override_settings(FILES_DIR=folder / "files"), transaction.atomic():
        built = build()
        User.objects.update(language="xa")
        yield built
        transaction.set_rollback(True)


def readers(route: str) -> tuple[str, ...]:
    return next(roles for begins, roles in READERS if route.startswith(begins))


@pytest.fixture(scope="module")
def data(world: World) -> Stored:
    return stored()


@pytest.fixture(scope="module")
def browsers(world: World) -> dict[str, tuple[Client, str]]:
    """Of each role, with its session: a new client for each page would read the middleware anew."""
    roles = {role for _begins, roles in READERS for role in roles}
    visitors = {role: visit.Visitor.of(role, world.people[role]) for role in roles}
    return {role: (visitor.browser(), visitor.session) for role, visitor in visitors.items()}


def looked_at(
    world: World, browser: tuple[Client, str], method: str, route: str, query: dict[str, str]
) -> str:
    """The page as HTML; "" for what is none. What a POST did is taken back."""
    values = PAGES[route].values(world, world.cases[1])
    client, session = browser
    client.cookies.clear()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "xa"
    if session:
        client.cookies[settings.SESSION_COOKIE_NAME] = session
    with transaction.atomic():
        address = visit.reverse(route, kwargs=values)
        answer = client.get(address, query) if method == "GET" else client.post(address, query)
        if answer.status_code == 302 and answer.cookies:
            answer = client.get(answer.headers["Location"])
        transaction.set_rollback(True)
    assert answer.status_code < 500 or route == "readyz", route
    html = answer.headers.get("Content-Type", "").startswith("text/html") and not answer.streaming
    return answer.content.decode() if html else ""


def test_every_word_of_every_page_comes_through_gettext(world, data, browsers):
    faults = []
    for route in sorted(route for route, row in PAGES.items() if row.get and route not in OF_OTHERS):
        for role in readers(route):
            html = looked_at(world, browsers[role], "GET", route, {})
            faults += [f"{route} as {role}: {text}" for text in unspoken(texts(html), data)]
    assert faults == []


def test_every_word_of_what_an_empty_form_gets_comes_through_gettext(world, data, browsers):
    faults = []
    for route in sorted(route for route, row in PAGES.items() if row.may and route not in OF_OTHERS):
        role = readers(route)[-1]
        html = looked_at(world, browsers[role], "POST", route, {})
        faults += [f"{route} as {role}: {text}" for text in unspoken(texts(html), data)]
    assert faults == []


def test_every_word_of_lists_and_empty_pages_comes_through_gettext(world, data, browsers):
    faults = []
    for route, query in MORE:
        html = looked_at(world, browsers["owner"], "GET", route, query)
        assert html, route
        faults += [f"{route} {query}: {text}" for text in unspoken(texts(html), data)]
    assert faults == []
