"""Passkeys: added, used alone and as the second step, to confirm who one is, removed; and what is refused."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from deskbell.account.receivers import tell_of_safety
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people import actions, second_factor
from deskbell.people.models import Device, Role, User
from deskbell.people.passkeys import passkeys_of
from deskbell.realtime.topics import topics_of
from deskbell.setup import trail
from tests.account.conftest import PASSWORD
from tests.account.test_devices import told
from tests.account.test_second_factor import code_for, signed_in, with_factor
from tests.support.passkeys import SoftPasskey

pytestmark = pytest.mark.django_db
MIRA = {"login": "mira@example.com", "password": PASSWORD}
ALONE, STEP, CONFIRM = (
    "/signin/passkey/",
    "/signin/second-factor/passkey/",
    "/account/reauthenticate/passkey/",
)
NEW = "/account/passkeys/new/"


@pytest.fixture(autouse=True)
def fresh_limits(db):
    cache.clear()


@pytest.fixture
def mira(db) -> User:
    return actions.create_user("mira@example.com", name="Mira Holm", role="agent", password=PASSWORD)


def options_on(answer: Any) -> dict[str, Any]:
    """What the page has the browser ask."""
    (found,) = re.findall(r'data-options="([^"]+)"', answer.content.decode())
    return json.loads(html.unescape(found))


def add(client: Client, passkey: SoftPasskey, *, name: str = "Phone", **more: str) -> Any:
    """`client` signed in a moment ago, so he need not confirm who he is."""
    made = passkey.make(options_on(client.get(NEW)))
    return client.post(NEW, {"name": name, "credential": made, **more})


def with_passkey(user: User, **more: Any) -> SoftPasskey:
    client, passkey = Client(), SoftPasskey(**more)
    client.post("/signin/", {"login": user.email, "password": PASSWORD})
    assert add(client, passkey).status_code == 302
    return passkey


def alone(client: Client, passkey: SoftPasskey, **more: str) -> Any:
    options = client.get(ALONE).json()
    return client.post(ALONE, {"credential": passkey.answer(options), **more})


# --- adding ---------------------------------------------------------------------------------------


def test_one_is_added_with_recovery_codes_and_what_is_kept_is_no_secret(client, mira):
    client.post("/signin/", MIRA)
    passkey = SoftPasskey()
    answer = add(client, passkey, name="Blue key")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/account/second-factor/codes/")
    assert (
        len(re.findall(r"<code>\d{4} \d{4}</code>", client.get(answer.headers["Location"]).content.decode()))
        == 10
    )
    (row,) = passkeys_of(mira)
    assert (row.name, row.alone, row.last_used_at) == ("Blue key", True, None)
    page = client.get("/account/second-factor/").content.decode()
    assert "Blue key" in page
    assert "10 of 10 left" in page
    second = add(client, SoftPasskey(verified=False), name="Old key")
    assert second.headers["Location"] == "/account/second-factor/"
    assert [each.alone for each in passkeys_of(mira)] == [True, False]


def test_adding_asks_who_one_is(client, mira):
    client.force_login(mira)
    assert client.get(NEW).headers["Location"].startswith("/account/reauthenticate/")
    assert client.post(NEW, {"name": "x", "credential": "{}"}).status_code == 302
    assert not Authenticator.objects.exists()


def test_a_passkey_belongs_to_one_person_and_one_may_not_have_any_number(client, mira, monkeypatch):
    passkey = with_passkey(mira)
    actions.create_user("omar@example.com", name="Omar", role="agent", password=PASSWORD)
    client.post("/signin/", {"login": "omar@example.com", "password": PASSWORD})
    refused = add(client, passkey)
    assert (refused.status_code, Authenticator.objects.filter(type="webauthn").count()) == (422, 1)
    assert "in use already" in refused.content.decode()
    monkeypatch.setattr("deskbell.people.actions.passkeys.MOST_PASSKEYS", 0)
    assert add(client, SoftPasskey()).status_code == 422
    assert Authenticator.objects.filter(type="webauthn").count() == 1


def test_what_was_made_for_another_site_or_question_is_not_taken(client, mira):
    client.post("/signin/", MIRA)
    elsewhere = SoftPasskey().make(options_on(client.get(NEW)), origin="https://testserver.evil.example")
    asked = options_on(client.get(NEW))
    older = SoftPasskey().make(asked)
    options_on(client.get(NEW))
    for credential in (elsewhere, older, "", "{", "[]", '{"id": 1, "rawId": 2}', "[" * 500 + "]" * 500):
        client.get(NEW)
        refused = client.post(NEW, {"name": "x", "credential": credential})
        assert refused.status_code == 422, credential
        assert "x" in refused.content.decode()
    assert not Authenticator.objects.exists()


def test_an_answer_takes_five_minutes_at_most_and_counts_once(client, mira, monkeypatch):
    passkey = with_passkey(mira)
    options = client.get(ALONE).json()
    credential = passkey.answer(options)
    monkeypatch.setattr("deskbell.account.passkeys.LASTS", -1)
    assert client.post(ALONE, {"credential": credential}).headers["Location"] == "/signin/"
    monkeypatch.undo()
    assert not signed_in(client)
    options = client.get(ALONE).json()
    credential = passkey.answer(options)
    assert client.post(ALONE, {"credential": credential}).headers["Location"] == "/"
    thief = Client()
    thief.get(ALONE)
    thief.post(ALONE, {"credential": credential})
    assert not signed_in(thief)


# --- signing in -----------------------------------------------------------------------------------


def test_signing_in_with_a_passkey_alone_needs_nothing_else(client, mira):
    with_factor(mira)
    passkey = SoftPasskey()
    other = Client()
    other.post("/signin/", MIRA)
    other.post("/signin/second-factor/", {"code": code_for(_secret(mira))})
    add(other, passkey)
    answer = alone(client, passkey, next="/account/devices/")
    assert answer.headers["Location"] == "/account/devices/"
    assert signed_in(client)
    assert told(mira)[0].startswith("signed in with a passkey")
    assert Device.objects.order_by("-pk")[0].how == "passkey"
    assert passkeys_of(mira)[0].last_used_at is not None
    # who just showed it need not show it again
    assert client.get(NEW).status_code == 200


def _secret(user: User) -> str:
    from allauth.mfa.utils import decrypt

    return decrypt(Authenticator.objects.get(user=user, type="totp").data["secret"])


def test_the_phone_page_keeps_who_signs_in_there(client, mira):
    passkey = with_passkey(mira)
    page = client.get("/field/signin/").content.decode()
    assert 'name="phone" value="1"' in page
    answer = alone(client, passkey, phone="1", stay="1")
    assert answer.headers["Location"] == "/field/"
    device = Device.objects.order_by("-pk")[0]
    assert (device.where, device.trusted_until is not None) == ("field", True)
    lost = Client()
    refused = lost.post(ALONE, {"credential": "{}", "phone": "1", "next": "/field/"})
    assert refused.headers["Location"] == "/field/signin/?next=%2Ffield%2F"


def test_the_question_is_the_same_for_everybody(client, mira):
    with_passkey(mira)
    asked = client.get(ALONE).json()["publicKey"]
    asked.pop("challenge")
    assert asked == {"rpId": "testserver", "userVerification": "required"}


def test_one_without_a_finger_is_a_second_step_only(client, mira):
    passkey = with_passkey(mira, verified=False)
    alone(client, passkey)
    assert not signed_in(client)
    client.post("/signin/", MIRA)
    page = client.get("/signin/second-factor/")
    client.post(STEP, {"credential": passkey.answer(options_on(page))})
    assert signed_in(client)


@pytest.mark.parametrize("how", ["key", "origin", "handle"])
def test_a_false_answer_lets_nobody_in(client, mira, how):
    passkey, stranger = with_passkey(mira), SoftPasskey()
    stranger.id, stranger.handle = passkey.id, passkey.handle
    options = client.get(ALONE).json()
    credential = {
        "key": lambda: stranger.answer(options),
        "origin": lambda: passkey.answer(options, origin="https://testserver"),
        "handle": lambda: passkey.answer(options, handle=b"0"),
    }[how]()
    assert client.post(ALONE, {"credential": credential}).headers["Location"] == "/signin/"
    assert not signed_in(client)
    # the right one still works
    assert alone(client, passkey).headers["Location"] == "/"


def test_a_copied_key_that_counts_back_is_refused(client, mira):
    passkey = with_passkey(mira)
    alone(client, passkey)
    passkey.count -= 2
    again = Client()
    alone(again, passkey)
    assert signed_in(client)
    assert not signed_in(again)


def test_keys_that_do_not_count_work(client, mira):
    passkey = with_passkey(mira, counts=False)
    for _ in range(2):
        again = Client()
        alone(again, passkey)
        assert signed_in(again)


def test_a_closed_account_stays_closed(client, mira):
    passkey = with_passkey(mira)
    actions.deactivate(mira, by=SYSTEM)
    assert alone(client, passkey).headers["Location"] == "/account/inactive/"
    assert not signed_in(client)


def test_wrong_answers_are_slowed(client, mira):
    passkey = with_passkey(mira)
    for _ in range(21):
        client.post(ALONE, {"credential": "{}"})
    assert "tried too often" in client.get("/signin/").content.decode()
    cache.clear()
    assert alone(client, passkey).headers["Location"] == "/"


def test_after_the_password_comes_the_passkey(client, mira):
    passkey = with_passkey(mira)
    assert client.post("/signin/", MIRA).headers["Location"] == "/signin/second-factor/"
    assert not signed_in(client)
    page = client.get("/signin/second-factor/")
    assert "recovery codes" in page.content.decode()
    assert "authenticator app" not in page.content.decode()
    wrong = client.post(STEP, {"credential": SoftPasskey().answer(options_on(page))})
    assert wrong.headers["Location"] == "/signin/second-factor/"
    assert not signed_in(client)
    page = client.get("/signin/second-factor/")
    done = client.post(STEP, {"credential": passkey.answer(options_on(page)), "remember": "on"})
    assert done.headers["Location"] == "/"
    assert signed_in(client)
    assert [line.partition(" (")[0] for line in told(mira)][:2] == [
        "signed in with the password",
        "was not let in: wrong passkey",
    ]
    # the browser is remembered, without its session
    client.cookies.pop("deskbell")
    assert client.post("/signin/", MIRA).headers["Location"] == "/"


def test_somebody_elses_passkey_is_no_second_step(client, mira):
    with_passkey(mira)
    omar = actions.create_user("omar@example.com", name="Omar", role="agent", password=PASSWORD)
    his = with_passkey(omar)
    client.post("/signin/", MIRA)
    client.post(STEP, {"credential": his.answer(options_on(client.get("/signin/second-factor/")))})
    assert not signed_in(client)


def test_an_answer_to_another_question_does_not_count(client, mira):
    passkey = with_passkey(mira)
    client.post("/signin/", MIRA)
    credential = passkey.answer(options_on(client.get("/signin/second-factor/")))
    client.post(ALONE, {"credential": credential})
    assert not signed_in(client)


def test_a_recovery_code_helps_who_lost_it(client, mira):
    with_passkey(mira)
    codes = second_factor.recovery_codes(mira)
    assert codes is not None
    client.post("/signin/", MIRA)
    client.post("/signin/second-factor/", {"code": codes.get_unused_codes()[0]})
    assert signed_in(client)
    assert "9 of 10 left" in client.get("/account/second-factor/").content.decode()


# --- one's own ------------------------------------------------------------------------------------


def test_confirming_who_one_is(client, mira):
    passkey = with_passkey(mira)
    client.force_login(mira)
    sent = client.get(NEW).headers["Location"]
    assert "Use a passkey" in client.get(sent).content.decode()
    page = client.get(f"{CONFIRM}?next={NEW}")
    assert "Use your password" in page.content.decode()
    wrong = client.post(f"{CONFIRM}?next={NEW}", {"credential": SoftPasskey().answer(options_on(page))})
    assert wrong.status_code == 422
    right = client.post(f"{CONFIRM}?next={NEW}", {"credential": passkey.answer(options_on(wrong))})
    assert right.headers["Location"] == NEW
    assert client.get(NEW).status_code == 200


def test_naming_and_removing(client, mira):
    client.post("/signin/", MIRA)
    add(client, SoftPasskey())
    (row,) = passkeys_of(mira)
    assert client.post(f"/account/passkeys/{row.pk}/", {"name": ""}).status_code == 422
    client.post(f"/account/passkeys/{row.pk}/", {"name": "Laptop"})
    assert passkeys_of(mira)[0].name == "Laptop"
    assert "Laptop" in client.get(f"/account/passkeys/{row.pk}/removal/").content.decode()
    client.post(f"/account/passkeys/{row.pk}/removal/")
    assert client.post(f"/account/passkeys/{row.pk}/removal/").status_code == 302
    assert not Authenticator.objects.filter(user=mira).exists()  # the recovery codes went with the last
    events = Event.objects.filter(about_id=mira.pk, kind__startswith="user.passkey").order_by("pk")
    boss = actions.create_user("boss@example.com", name="Boss", role="owner")
    assert [line.what for line in trail.lines(list(events), boss)] == [
        "added the passkey “Phone”",
        "named a passkey “Laptop”",
        "removed the passkey “Laptop”",
    ]


def test_only_ones_own_can_be_removed(client, mira):
    with_passkey(mira)
    omar = actions.create_user("omar@example.com", name="Omar", role="agent", password=PASSWORD)
    client.post("/signin/", {"login": omar.email, "password": PASSWORD})
    (row,) = passkeys_of(mira)
    for path in ("", "removal/"):
        assert client.post(f"/account/passkeys/{row.pk}/{path}", {"name": "x"}).status_code == 302
    assert [each.name for each in passkeys_of(mira)] == ["Phone"]


def test_news_reach_the_person(mira, letters):
    with_passkey(mira)
    actions.remove_passkey(mira, passkeys_of(mira)[0].pk, by=mira)
    for event in Event.objects.filter(kind__startswith="user.passkey").order_by("pk"):
        tell_of_safety(event)
    assert letters.kinds()[-2:] == ["account.passkey_added", "account.passkey_removed"]


def test_it_is_the_second_factor_a_role_asks_for(client, mira):
    Role.objects.filter(slug="agent").update(needs_second_factor=True)
    assert topics_of(User.objects.get(pk=mira.pk)) == []
    client.post("/signin/", MIRA)
    led = client.get("/desk/", follow=True)
    assert "/account/passkeys/new/?next=/desk/" in led.content.decode()
    answer = add(client, SoftPasskey(), next="/desk/")
    assert 'href="/desk/"' in client.get(answer.headers["Location"]).content.decode()
    assert client.get("/desk/").status_code == 200
    assert topics_of(User.objects.get(pk=mira.pk)) != []
    (row,) = passkeys_of(mira)
    client.post(f"/account/passkeys/{row.pk}/removal/")
    assert len(passkeys_of(mira)) == 1  # the last stays
    add(client, SoftPasskey(), name="Second")
    client.post(f"/account/passkeys/{row.pk}/removal/")
    assert [each.name for each in passkeys_of(mira)] == ["Second"]


def test_app_and_passkeys_come_and_go_by_themselves(mira):
    with_passkey(mira)
    with_factor(mira)  # new recovery codes, and the passkey stays
    types = Authenticator.objects.filter(user=mira).values_list("type", flat=True)
    assert sorted(types) == ["recovery_codes", "totp", "webauthn"]
    on = Event.objects.get(kind="user.second_factor_on")
    assert on.data["replaced"] is False
    actions.switch_off_second_factor(mira, by=mira)
    assert sorted(types.all()) == ["recovery_codes", "webauthn"]
    assert second_factor.has(mira)


def test_an_administrator_takes_a_lost_one_away(client, mira):
    passkey = with_passkey(mira)
    boss = actions.create_user("boss@example.com", name="Boss", role="owner", password=PASSWORD)
    actions.reset_second_factor(mira, by=boss)
    alone(client, passkey)
    assert not signed_in(client)
    assert client.post("/signin/", MIRA).headers["Location"] == "/"
