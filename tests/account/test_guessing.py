"""Passwords and tokens that somebody guesses: slowed, said, reported; the right person still gets in."""

from __future__ import annotations

import time

import pytest
from django.core.cache import cache
from django.test import Client

from deskbell.config.health import signins_finding
from deskbell.events.models import Event
from deskbell.people import actions
from deskbell.people.models import User
from deskbell.setup import trail
from tests.account.conftest import PASSWORD

pytestmark = pytest.mark.django_db
MANY = [25, pytest.param(500, marks=pytest.mark.thorough)]


@pytest.fixture(autouse=True)
def fresh_limits(db):
    cache.clear()


@pytest.fixture
def mira(db) -> User:
    return actions.create_user("mira@example.com", name="Mira Holm", role="owner", password=PASSWORD)


def guess(address: str, login: str, password: str = "wrong wrong wrong") -> int:
    return Client(REMOTE_ADDR=address).post("/signin/", {"login": login, "password": password}).status_code


def reported() -> list[tuple[str, str]]:
    events = Event.objects.filter(kind="signin.guessed").select_related("detail").order_by("pk")
    return [(event.data["what"], event.detail.values["target"]) for event in events]


@pytest.mark.parametrize("many", MANY)
def test_one_account_from_many_addresses(mira, letters, many):
    assert signins_finding().ok
    began = time.monotonic()
    statuses = [guess(f"10.1.{n // 250}.{n % 250 + 1}", "mira@example.com") for n in range(many)]
    windows = 1 + (time.monotonic() - began) // 300
    assert statuses[:6] == [200] * 5 + [429]
    assert 5 <= statuses.count(200) <= 5 * windows
    assert set(statuses) == {200, 429}
    assert guess("10.9.9.9", "Mira@Example.com", PASSWORD) == 429
    assert reported() == [("account", "mira@example.com")]
    (line,) = trail.lines(list(Event.objects.filter(kind="signin.guessed")), mira)
    assert line.what == "slowed many wrong tries at the account mira@example.com"
    finding = signins_finding()
    assert (finding.ok, finding.text) == (False, "1 attack slowed within a day")

    herself = Client(REMOTE_ADDR="10.9.9.9")
    herself.post("/signin/code/", {"email": "mira@example.com"})
    herself.post("/signin/code/confirm/", {"code": letters.code()})
    assert herself.session["_auth_user_id"] == str(mira.pk)


@pytest.mark.parametrize("many", MANY)
def test_many_accounts_from_one_address(mira, many):
    began = time.monotonic()
    statuses = [guess("10.1.1.1", f"person{n}@example.com") for n in range(many)]
    windows = 1 + (time.monotonic() - began) // 60
    assert statuses[:11] == [200] * 10 + [429]
    assert 10 <= statuses.count(200) <= 10 * windows
    assert set(statuses) == {200, 429}
    assert reported() == [("address", "10.1.1.1")]
    if windows == 1:
        assert guess("10.1.1.1", "mira@example.com", PASSWORD) == 429
    assert guess("10.1.1.2", "mira@example.com", PASSWORD) == 302


def test_who_knows_his_password_is_not_slowed_by_signing_in_often(mira):
    assert [guess("10.1.1.1", "mira@example.com", PASSWORD) for _ in range(12)] == [302] * 12


def test_being_slowed_is_said_and_only_the_password_is_lost(mira):
    for _ in range(5):
        guess("10.1.1.1", "mira@example.com")
    page = Client().post("/signin/", {"login": "mira@example.com", "password": PASSWORD}).content.decode()
    assert "That was tried too often. Wait a few minutes, or sign in with a code by mail." in page
    assert 'value="mira@example.com"' in page
    assert PASSWORD not in page


def test_codes_are_asked_for_only_so_often(mira, letters):
    answers = [
        Client(REMOTE_ADDR=f"10.1.1.{n}").post("/signin/code/", {"email": "mira@example.com"}).status_code
        for n in range(1, 6)
    ]
    assert answers == [302, 302, 302, 429, 429]
    assert letters.kinds() == ["account.login_code"] * 3


def test_a_mailed_code_can_be_guessed_at_thrice(mira, letters):
    client = Client()
    client.post("/signin/code/", {"email": "mira@example.com"})
    code = letters.code()
    for _ in range(3):
        client.post("/signin/code/confirm/", {"code": "WRONG"})
    client.post("/signin/code/confirm/", {"code": code})
    assert "_auth_user_id" not in client.session


def test_a_mailed_code_works_once(mira, letters):
    client = Client()
    client.post("/signin/code/", {"email": "mira@example.com"})
    held = client.cookies["deskbell"].value
    code = letters.code()
    client.post("/signin/code/confirm/", {"code": code})
    assert "_auth_user_id" in client.session
    replay = Client()
    replay.cookies["deskbell"] = held
    replay.post("/signin/code/confirm/", {"code": code})
    assert "_auth_user_id" not in replay.session


def test_a_forgotten_password_is_asked_for_only_so_often(mira, letters):
    answers = [
        Client(REMOTE_ADDR=f"10.1.1.{n}")
        .post("/account/password/reset/", {"email": "mira@example.com"})
        .status_code
        for n in range(1, 6)
    ]
    assert answers == [302, 302, 302, 429, 429]
    assert letters.kinds() == ["account.password_reset_code"] * 3


def test_signing_up_is_slowed(client):
    answers = [client.post("/signup/", {"email": "x"}).status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]


def test_guessed_tokens_are_slowed_and_a_right_one_is_not(client, mira):
    def call(token: str) -> int:
        return client.get("/api/v1/tickets", headers={"Authorization": f"Bearer {token}"}).status_code

    assert [call(f"desk_guess{n}") for n in range(62)] == [401] * 60 + [429] * 2
    assert reported() == [("address", "127.0.0.1")]
    assert call(actions.create_token(mira, name="script")) == 200


def test_the_same_is_reported_once_an_hour(mira):
    for _ in range(3):
        actions.note_guessing(what="account", target="mira@example.com")
        actions.note_guessing(what="account", target="Mira@example.com")
    actions.note_guessing(what="account", target="nobody@example.com")
    assert reported() == [("account", "mira@example.com"), ("account", "nobody@example.com")]
