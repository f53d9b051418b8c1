"""A signed-out person learns nothing: known, unknown, closed and half-known addresses get one answer, and
the desk does the same work for each.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deskbell.events.actor import SYSTEM
from deskbell.people import actions
from deskbell.people.models import User
from tests.account.codes_by_whatsapp import bound
from tests.account.conftest import OTHER_PASSWORD, PASSWORD
from tests.account.test_directory import DOWN, at, program, slapd
from tests.account.test_second_factor import with_factor
from tests.support.ldapserver import LdapServer

__all__ = ["program", "slapd"]

pytestmark = pytest.mark.django_db

WRONG = "wrong wrong wrong"


@pytest.fixture
def addresses(db) -> list[str]:
    """One of each kind, all equally long: nobody's, known, unverified and without a password, closed, with
    a second factor.
    """
    known = actions.create_user("known@example.com", name="Known", role="agent", password=PASSWORD)
    actions.create_user("owner@example.com", name="Owner", role="owner", password=PASSWORD)
    actions.person_for_email("asked@example.com", name="Asked", how="mail")
    nopass = actions.create_user("coded@example.com", name="Coded", role="agent")
    closed = actions.create_user("close@example.com", name="Close", role="agent", password=PASSWORD)
    actions.deactivate(closed, by=User.objects.get(email="owner@example.com"))
    factor = actions.create_user("twice@example.com", name="Twice", role="agent", password=PASSWORD)
    with_factor(factor)
    return [
        "nobod@example.com",
        *(user.email or "" for user in (known, nopass, closed, factor)),
        "asked@example.com",
    ]


#: a way in → what is posted to which page, in order; `@` stands for the address
STORIES: dict[str, list[tuple[str, dict[str, str]]]] = {
    "password": [("/signin/", {"login": "@", "password": WRONG})],
    "code": [
        ("/signin/code/", {"email": "@"}),
        ("/signin/code/confirm/", {"code": "WRONG"}),
        ("/signin/code/confirm/", {"code": ""}),
        ("/signin/code/confirm/", {"code": "WRONG"}),
        ("/signin/code/confirm/", {"code": "WRONG"}),
    ],
    "forgotten password": [
        ("/account/password/reset/", {"email": "@"}),
        ("/account/password/reset/confirm/", {"code": "WRONG"}),
        ("/account/password/reset/confirm/", {"code": "WRONG"}),
        ("/account/password/reset/confirm/", {"code": "WRONG"}),
    ],
    "sign-up": [
        ("/signup/", {"name": "Somebody", "email": "@", "password": OTHER_PASSWORD}),
        ("/signup/confirm/", {"code": "WRONG"}),
        ("/signup/code/", {}),
    ],
    "phone": [("/field/signin/", {"login": "@", "password": WRONG})],
    "code on the phone": [("/field/signin/code/", {"email": "@"})],
}


#: the same for numbers
NUMBERS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "code by WhatsApp": [
        ("/signin/whatsapp/", {"phone": "@"}),
        ("/signin/code/confirm/", {"code": "WRONG"}),
        ("/signin/code/confirm/", {"code": ""}),
        ("/signin/code/confirm/", {"code": "WRONG"}),
        ("/signin/code/confirm/", {"code": "WRONG"}),
    ],
    "code by WhatsApp on the phone": [("/signin/whatsapp/", {"phone": "@", "phone_page": "1", "stay": "1"})],
}


@pytest.fixture
def numbers(addresses, approved, post, sim) -> list[str]:
    """One of each kind: nobody's, proven, of a closed account, with a second factor, of somebody who came by
    it, and such that sign nobody in: told, told and used, doubted.
    """
    people = {user.name: user for user in User.objects.all()}
    of = {
        "Known": "+447700900001",
        "Close": "+447700900002",
        "Twice": "+447700900003",
        "Asked": "+447700900004",
    }
    for name in of:
        bound(people[name], of[name][1:])
    actions.doubt_whatsapp(people["Asked"], of["Asked"][1:])
    actions.add_identity(people["Coded"], "phone", "+447700900005", by=SYSTEM)
    actions.add_identity(people["Coded"], "phone", "+447700900006", by=SYSTEM)
    post(sim.text("447700900006", "Hello", name="Coded"))
    post(sim.text("447700900007", "Hello", name="Rosa"))
    return ["+447700900000", *of.values(), "+447700900005", "+447700900006", "+447700900007"]


@pytest.mark.parametrize("way", NUMBERS)
def test_every_number_gets_the_same_answer_for_the_same_work(numbers, way):
    unknown, *known = numbers
    expected = story(NUMBERS[way], unknown)
    assert expected[0][2][0] == 302
    for number in known:
        for wanted, got in zip(expected, story(NUMBERS[way], number), strict=True):
            assert got == wanted, number


def test_every_number_asks_the_worker_for_the_same(numbers):
    from procrastinate.contrib.django.models import ProcrastinateJob

    seen = []
    for number in numbers:
        ProcrastinateJob.objects.all().delete()
        story(NUMBERS["code by WhatsApp"], number)
        seen.append(list(ProcrastinateJob.objects.order_by("pk").values_list("task_name", "queue_name")))
    assert seen[0].count(("account.whatsapp_code", "outbound")) == 1
    assert all(each == seen[0] for each in seen)


def told(response: Any, address: str) -> tuple[Any, ...]:
    """Everything an outsider sees, without what is new each time."""
    body = response.content.decode().replace(address, "@")
    body = re.sub(r'(name="csrfmiddlewaretoken" value|name="csrf-token" content)="\w+"', "", body)
    body = re.sub(r'name="once" value="[\w-]+"', "", body)
    headers = {name: value.replace(address, "@") for name, value in response.headers.items()}
    headers.pop("Expires", None)  # the present second
    cookies = {name: (each["max-age"], each["path"]) for name, each in response.cookies.items()}
    return response.status_code, body, headers, cookies


def done(queries: CaptureQueriesContext) -> list[str]:
    """The kind of each query: without its values."""
    return [re.sub(r"'(?:[^']|'')*'|\b\d[\d.]*\b|s\d+_x\d+", "?", each["sql"]) for each in queries]


def story(steps: list[tuple[str, dict[str, str]]], address: str) -> list[Any]:
    cache.clear()
    client = Client()
    seen: list[Any] = []
    for path, values in steps:
        for method in ("post", "get"):
            body = {name: value.replace("@", address) for name, value in values.items()}
            with CaptureQueriesContext(connection) as queries:
                response = client.post(path, body) if method == "post" else client.get(path)
            seen.append((path, method, told(response, address), done(queries)))
    return seen


@pytest.mark.parametrize("way", STORIES)
def test_every_address_gets_the_same_answer_for_the_same_work(addresses, way):
    unknown, *known = addresses
    expected = story(STORIES[way], unknown)
    for address in known:
        for wanted, got in zip(expected, story(STORIES[way], address), strict=True):
            assert got == wanted, address


def test_a_wrong_password_costs_one_hash_for_everybody(addresses, monkeypatch):
    """Otherwise the clock tells who has a password."""
    from django.contrib.auth.hashers import MD5PasswordHasher

    counted = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher, "encode", lambda self, *given: (counted.append(1), encode(self, *given))[1]
    )
    for address in addresses:
        cache.clear()
        before = len(counted)
        Client().post("/signin/", {"login": address, "password": WRONG})
        assert len(counted) - before == 1, address


@pytest.mark.parametrize("state", ["up", "down"])
@pytest.mark.parametrize("way", ["password", "phone"])
def test_a_directory_makes_no_difference_between_them(addresses, slapd: LdapServer, way, state):
    """Also for who is known by the directory: here as well, here alone, there alone, or by two entries."""
    for name in ("known", "twice", "there", "close"):
        slapd.person(f"q7{name}", mail=f"{name}@example.com")
    slapd.person("q7again", mail="both1@example.com")
    slapd.person("q7other", mail="both1@example.com")
    row = at(slapd)
    bound = User.objects.get(email="known@example.com")
    row.links.create(user=bound, subject="4711")
    if state == "down":
        at(slapd, name="Another", urls=DOWN, ca_certificate="")
    unknown, *known = [*addresses, "there@example.com", "both1@example.com"]
    expected = story(STORIES[way], unknown)
    for address in known:
        for wanted, got in zip(expected, story(STORIES[way], address), strict=True):
            assert got == wanted, address
    expected = story(STORIES[way], "q7nobod")
    for name in ("q7known", "q7twice", "q7there", "q7close", "q7again", "q7coded"):
        for wanted, got in zip(expected, story(STORIES[way], name), strict=True):
            assert got == wanted, name
