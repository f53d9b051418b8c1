"""Nobody is sent to another site, whatever stands in an address, a form or the page before."""

from __future__ import annotations

import re
from types import SimpleNamespace
from urllib.parse import urljoin, urlsplit

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse

from deskbell.people import actions
from tests.access.table import PAGES
from tests.account.conftest import PASSWORD, Letters

pytestmark = pytest.mark.django_db
HERE = "testserver"
ELSEWHERE = (
    "https://evil.example/x", "//evil.example/x", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "https:evil.example", "https:/evil.example", "http:///evil.example", "javascript:alert(1)",
    " //evil.example", "\t//evil.example", "/%09/evil.example", "//evil.example@testserver/", "https://testserver@evil.example",
    "//testserver.evil.example/",
)  # fmt: skip
LINK = re.compile(r'(href|action|src)="(https?:)?[/\\]*evil')
#: names under which one might say where to go on
NAMES = ("next", "then", "back", "to", "url", "redirect", "redirect_to", "return", "after")


def leads_away(response) -> str:
    """The address on another site that a browser would go to, else empty."""
    headers = response.headers
    for name in ("Location", "HX-Redirect", "HX-Location", "Refresh"):
        # a browser reads backslashes as slashes and leaves out tabs and line ends
        target = re.sub(r"[\t\r\n]", "", headers.get(name, "").replace("\\", "/")).strip()
        parts = urlsplit(urljoin(f"http://{HERE}/", target))
        if parts.netloc != HERE or parts.scheme not in ("http", "https"):
            return target
    return ""


@pytest.mark.parametrize("elsewhere", ["https://evil.example/x", "//evil.example", "/\\evil.example"])
def test_the_judge_knows_an_address_elsewhere(elsewhere):
    assert leads_away(SimpleNamespace(headers={"Location": elsewhere}))
    assert not leads_away(SimpleNamespace(headers={"Location": "/desk/?q=//evil.example"}))


@pytest.mark.slow
@pytest.mark.parametrize("route", sorted(PAGES))
def test_no_page_sends_anybody_away(world, visitors, route):
    row = PAGES[route]
    case = next(case for case in world.cases if case.secret)
    address = reverse(route, kwargs=row.values(world, case))
    for elsewhere in ELSEWHERE[1:4:2]:
        given = dict.fromkeys(NAMES, elsewhere)
        for role in ("signed out", "owner"):
            with transaction.atomic():
                for response in (
                    visitors[role].browser().get(address, given, headers={"Referer": elsewhere.strip()}),
                    visitors[role]
                    .browser()
                    .post(
                        address, {**row.body(world, case), **given}, headers={"Referer": elsewhere.strip()}
                    ),
                ):
                    assert leads_away(response) == "", (role, elsewhere)
                    assert not LINK.search(_text(response)), (role, elsewhere)
                transaction.set_rollback(True)


def _text(response) -> str:
    return "" if response.streaming else response.content.decode(errors="replace")


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_a_finished_sign_in_or_sign_out_stays_here(elsewhere):
    cache.clear()
    actions.create_user("mira@example.com", name="Mira", role="agent", password=PASSWORD)
    letters, way = Letters(), {"next": elsewhere}
    for path in ("/signin/", "/field/signin/"):
        browser = Client()
        browser.get(path, way)
        answer = browser.post(path, {"login": "mira@example.com", "password": PASSWORD, **way})
        assert (answer.status_code, leads_away(answer)) == (302, "")
        again = browser.get(path, way)
        assert (again.status_code, leads_away(again)) == (302, "")
        out = browser.post("/signout/", way)
        assert (out.status_code, leads_away(out)) == (302, "")
    for path in ("/signin/code/", "/field/signin/code/"):
        cache.clear()
        browser = Client()
        assert leads_away(browser.post(path, {"email": "mira@example.com", **way})) == ""
        done = browser.post("/signin/code/confirm/", {"code": letters.code(), **way})
        assert (done.status_code, leads_away(done)) == (302, "")
    browser = Client()
    browser.post("/signup/", {"name": "L", "email": "lena@example.com", "password": PASSWORD, **way})
    done = browser.post("/signup/confirm/", {"code": letters.code()})
    assert (done.status_code, leads_away(done)) == (302, "")


def test_a_page_of_this_desk_is_where_one_goes_on(client):
    actions.create_user("mira@example.com", name="Mira", role="agent", password=PASSWORD)
    given = {"login": "mira@example.com", "password": PASSWORD, "next": "/desk/search/?q=//x"}
    assert client.post("/signin/", given).headers["Location"] == "/desk/search/?q=//x"
