"""The second factor: set up, asked for, remembered, replaced, reset; and roles that ask for it."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client

from deskbell.account.receivers import tell_of_safety
from deskbell.events.models import Event
from deskbell.people import actions, second_factor
from deskbell.people.models import Role, User
from deskbell.realtime.topics import topics_of
from deskbell.setup import trail
from tests.account.conftest import OTHER_PASSWORD, PASSWORD

pytestmark = pytest.mark.django_db

MIRA = {"login": "mira@example.com", "password": PASSWORD}


@pytest.fixture(autouse=True)
def fresh_limits(db):
    cache.clear()


@pytest.fixture
def mira(db) -> User:
    return actions.create_user("mira@example.com", name="Mira Holm", role="agent", password=PASSWORD)


@pytest.fixture
def boss(db) -> User:
    return actions.create_user("boss@example.com", name="Boss", role="owner", password=PASSWORD)


def code_for(secret: str, *, ahead: int = 0) -> str:
    """What the app shows `ahead` steps from now; -1, 0 and 1 are accepted, each once and in order."""
    _, now, _ = yield_hotp_counters_from_time()
    return format_hotp_value(hotp_value(secret, now + ahead))


def with_factor(user: User) -> str:
    """Switch a second factor on; gives its secret. The step before the present one is used up."""
    secret = second_factor.new_secret()
    actions.switch_on_second_factor(user, secret, code=code_for(secret, ahead=-1), by=user)
    return secret


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def password(client: Client, **more: str) -> Any:
    return client.post("/signin/", MIRA | more)


def secret_on(page: str) -> str:
    (shown,) = re.findall(r'second-factor-secret">([A-Z2-7 ]+)<', page)
    return shown.replace(" ", "")


def needed(role: str) -> None:
    Role.objects.filter(slug=role).update(needs_second_factor=True)


# --- setting up ----------------------------------------------------------------------------------


def test_it_is_set_up_by_a_code_and_its_secrets_are_sealed(client, mira):
    password(client)
    page = client.get("/account/second-factor/setup/").content.decode()
    secret = secret_on(page)
    assert 'src="data:image/svg+xml' in page
    assert secret_on(client.get("/account/second-factor/setup/").content.decode()) == secret
    wrong = client.post("/account/second-factor/setup/", {"code": "000000"})
    assert (wrong.status_code, Authenticator.objects.count()) == (422, 0)
    done = client.post("/account/second-factor/setup/", {"code": code_for(secret)})
    assert done.headers["Location"] == "/account/second-factor/codes/"
    rows = {row.type: row.data for row in Authenticator.objects.filter(user=mira)}
    assert sorted(rows) == ["recovery_codes", "totp"]
    assert secret not in str(rows)
    assert rows["totp"]["secret"].startswith("gAAAA")
    assert rows["recovery_codes"]["seed"].startswith("gAAAA")
    assert "second_factor.secret" not in client.session
    assert "10 of 10 left" in client.get("/account/second-factor/").content.decode()


def test_recovery_codes_are_shown_for_some_minutes_in_the_browser_that_made_them(client, mira):
    with_factor(mira)
    client.force_login(mira)
    assert client.get("/account/second-factor/codes/").status_code == 302
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.post("/account/second-factor/codes/new/")
    shown = re.findall(
        r"<code>(\d{4} \d{4})</code>", client.get("/account/second-factor/codes/").content.decode()
    )
    assert len(shown) == 10
    kept = client.get("/account/second-factor/codes.txt")
    assert re.findall(r"^\d{4} \d{4}$", kept.content.decode(), re.M) == shown
    session = client.session
    session["second_factor.codes_until"] = time.time() - 1
    session.save()
    for path in ("codes/", "codes.txt"):
        assert client.get(f"/account/second-factor/{path}").headers["Location"] == "/account/second-factor/"


@pytest.mark.parametrize("path", ["setup/", "codes/", "codes.txt", "removal/"])
def test_an_old_session_confirms_who_it_is_first(client, mira, path):
    with_factor(mira)
    client.force_login(mira)
    there = client.get(f"/account/second-factor/{path}").headers["Location"]
    assert there.startswith("/account/reauthenticate/?next=")


def test_one_confirms_by_a_code_too(client, mira):
    secret = with_factor(mira)
    client.force_login(mira)
    to = "/account/reauthenticate/code/?next=/account/second-factor/removal/"
    assert client.post(to, {"code": "000000"}).status_code == 422
    assert (
        client.post(to, {"code": code_for(secret)}).headers["Location"] == "/account/second-factor/removal/"
    )
    client.post("/account/second-factor/removal/")
    assert not Authenticator.objects.exists()


# --- signing in ----------------------------------------------------------------------------------


def test_signing_in_asks_for_the_code_and_takes_each_once(mira):
    secret = with_factor(mira)
    first, second = Client(), Client()
    for client in (first, second):
        assert password(client).headers["Location"] == "/signin/second-factor/"
        assert not signed_in(client)
    assert client.get("/account/").status_code == 302
    code = code_for(secret)
    first.post("/signin/second-factor/", {"code": code})
    assert signed_in(first)
    again = second.post("/signin/second-factor/", {"code": code})
    assert (again.status_code, signed_in(second)) == (422, False)
    second.post("/signin/second-factor/", {"code": code_for(secret, ahead=-1)})
    assert not signed_in(second)
    second.post("/signin/second-factor/", {"code": code_for(secret, ahead=1)})
    assert signed_in(second)


def test_the_code_of_setting_up_is_used_up(mira, client):
    secret = second_factor.new_secret()
    actions.switch_on_second_factor(mira, secret, code=code_for(secret), by=mira)
    password(client)
    client.post("/signin/second-factor/", {"code": code_for(secret)})
    assert not signed_in(client)


def test_a_code_by_mail_does_not_go_around_it(client, mira, letters):
    secret = with_factor(mira)
    client.post("/signin/code/", {"email": "mira@example.com"})
    there = client.post("/signin/code/confirm/", {"code": letters.code()})
    assert (there.headers["Location"], signed_in(client)) == ("/signin/second-factor/", False)
    client.post("/signin/second-factor/", {"code": code_for(secret)})
    assert signed_in(client)


def test_a_forgotten_password_does_not_go_around_it(client, mira, letters):
    with_factor(mira)
    client.post("/account/password/reset/", {"email": "mira@example.com"})
    client.post("/account/password/reset/confirm/", {"code": letters.code()})
    new = {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD}
    client.post("/account/password/reset/complete/", new)
    assert password(client, password=OTHER_PASSWORD).headers["Location"] == "/signin/second-factor/"


def test_a_recovery_code_works_once_and_is_told(mira, letters):
    with_factor(mira)
    code = second_factor.recovery_codes(mira).generate_codes()[3]
    first, second = Client(), Client()
    password(first), password(second)
    first.post("/signin/second-factor/", {"code": f"{code[:4]} {code[4:]}"})
    assert signed_in(first)
    second.post("/signin/second-factor/", {"code": code})
    assert not signed_in(second)
    event = Event.objects.get(kind="user.recovery_code_used")
    assert (event.data, event.about_id) == ({"left": 9}, mira.pk)
    tell_of_safety(event)
    assert letters.all()[-1][:2] == ("account.recovery_code_used", "mira@example.com")


def test_a_step_of_a_sign_in_that_was_not_begun_leads_to_its_beginning(client):
    assert client.get("/signin/second-factor/").headers["Location"] == "/signin/"


def test_a_remembered_device_is_not_asked_until_password_or_factor_change(mira):
    secret = with_factor(mira)
    client = Client()
    password(client)
    done = client.post("/signin/second-factor/", {"code": code_for(secret), "remember": "on"})
    cookie = done.cookies["deskbell_trusted"]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (30 * 24 * 3600, True, "Lax")

    def asked(**more: str) -> bool:
        client.post("/signout/")
        return password(client, **more).headers["Location"] == "/signin/second-factor/"

    assert not asked()
    other = Client()
    assert password(other).headers["Location"] == "/signin/second-factor/"
    actions.set_password(mira, OTHER_PASSWORD, how="change", by=mira)
    assert asked(password=OTHER_PASSWORD)
    actions.set_password(mira, PASSWORD, how="change", by=mira)
    with_factor(mira)
    assert asked()


def test_guessing_codes_is_slowed_with_429_and_reported_once(mira):
    with_factor(mira)
    client = Client()
    password(client)
    statuses = [client.post("/signin/second-factor/", {"code": "000000"}).status_code for _ in range(7)]
    assert statuses == [422] * 5 + [429] * 2
    assert not signed_in(client)
    event = Event.objects.get(kind="signin.guessed")
    assert (event.data, event.detail.values) == ({"what": "account"}, {"target": "mira@example.com"})


# --- roles that ask for it ----------------------------------------------------------------------------


def test_who_lacks_a_needed_one_can_do_nothing_else(client, mira):
    password(client)
    assert client.get("/desk/").status_code in (200, 302)
    assert topics_of(User.objects.get(pk=mira.pk))
    needed("agent")
    there = client.get("/desk/?box=open").headers["Location"]
    assert there == "/account/second-factor/setup/?next=%2Fdesk%2F%3Fbox%3Dopen"
    for path in ("/", "/account/", "/account/second-factor/", "/portal/", "/setup/", "/field/"):
        assert client.get(path).headers["Location"].startswith("/account/second-factor/setup/"), path
    assert (
        client.post("/desk/tickets/new/", {"subject": "x"}).headers["Location"]
        == "/account/second-factor/setup/"
    )
    htmx = client.get("/desk/", headers={"HX-Request": "true"})
    assert htmx.headers["HX-Redirect"] == "/account/second-factor/setup/"
    assert client.get("/live/token").status_code == 403
    assert topics_of(User.objects.get(pk=mira.pk)) == []
    assert client.get("/account/second-factor/setup/").status_code == 200
    assert client.post("/signout/").headers["Location"] == "/"


def test_setting_it_up_lets_one_go_on_where_one_was_going(client, mira):
    needed("agent")
    password(client)
    page = client.get("/account/second-factor/setup/?next=/desk/search/").content.decode()
    assert "Your role asks for a second factor" in page
    new = {"code": code_for(secret_on(page)), "next": "/desk/search/"}
    client.post("/account/second-factor/setup/", new)
    codes = client.get("/account/second-factor/codes/").content.decode()
    assert 'href="/desk/search/"' in codes
    assert client.get("/desk/search/").status_code == 200
    assert client.get("/live/token").status_code == 200


def test_a_needed_one_cannot_be_switched_off(client, mira):
    with_factor(mira)
    needed("agent")
    client.force_login(mira)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    assert "stays on" in client.get("/account/second-factor/").content.decode()
    client.post("/account/second-factor/removal/")
    assert second_factor.has(mira)
    with pytest.raises(actions.SecondFactorNeeded):
        actions.switch_off_second_factor(mira, by=mira)


def test_an_api_token_goes_on_only_with_a_second_factor(client, mira):
    headers = {"Authorization": f"Bearer {actions.create_token(mira, name='script')}"}
    assert client.get("/api/v1/tickets", headers=headers).status_code == 200
    needed("agent")
    refused = client.get("/api/v1/tickets", headers=headers)
    assert (refused.status_code, "second factor" in refused.json()["detail"]) == (403, True)
    with_factor(mira)
    assert client.get("/api/v1/tickets", headers=headers).status_code == 200


# --- lost -----------------------------------------------------------------------------------------------


def test_a_link_of_the_command_line_lets_a_locked_out_owner_in_once(boss, letters):
    with_factor(boss)
    needed("owner")
    old = actions.make_recovery_link(boss)
    token = actions.make_recovery_link(boss)
    client = Client()
    assert client.get(f"/account/recovery/{old}/").status_code == 410
    assert "boss@example.com" in client.get(f"/account/recovery/{token}/").content.decode()
    assert client.post(f"/account/recovery/{token}/", {"password": "short"}).status_code == 422
    assert second_factor.has(boss)
    other = Client()
    other.force_login(boss)
    client.post(f"/account/recovery/{token}/", {"password": OTHER_PASSWORD})
    assert signed_in(client)
    assert not second_factor.has(boss)
    assert User.objects.get(pk=boss.pk).check_password(OTHER_PASSWORD)
    assert client.get("/setup/").headers["Location"].startswith("/account/second-factor/setup/")
    assert client.get("/account/second-factor/setup/").status_code == 200
    assert other.get("/account/").headers["Location"].startswith("/signin/")
    assert Client().post(f"/account/recovery/{token}/", {"password": PASSWORD}).status_code == 410
    told = Event.objects.filter(about_id=boss.pk).exclude(kind__regex=r"\.(signed|device)_")
    assert list(told.order_by("pk").values_list("kind", flat=True))[-4:] == [
        "user.recovery_link_made",
        "user.recovery_link_made",
        "user.password_set",
        "user.recovered",
    ]
    tell_of_safety(Event.objects.get(kind="user.recovered"))
    assert letters.kinds() == ["account.strange_device", "account.recovered"]


def test_a_recovery_link_lasts_an_hour(boss, settings):
    token = actions.make_recovery_link(boss)
    from deskbell.people.models import RecoveryLink

    row = RecoveryLink.objects.get()
    row.expires_at -= actions.RECOVERY_LINK_LASTS
    row.save()
    with pytest.raises(actions.RecoveryLinkGone):
        actions.recover(token, password=OTHER_PASSWORD)
    assert User.objects.get(pk=boss.pk).check_password(PASSWORD)


def test_links_that_do_not_work_are_slowed(client):
    statuses = [client.get(f"/account/recovery/guess{number}/").status_code for number in range(21)]
    assert statuses == [410] * 20 + [429]
    assert client.get("/account/first/guess/").status_code == 429
    assert client.get("/account/invitation/guess/").status_code == 429


def test_what_happens_is_an_event_with_words_and_a_mail(mira, boss, letters):
    with_factor(mira)
    with_factor(mira)
    actions.renew_recovery_codes(mira, by=mira)
    actions.switch_off_second_factor(mira, by=mira)
    with_factor(mira)
    actions.reset_second_factor(mira, by=boss)
    actions.set_password(mira, OTHER_PASSWORD, how="change", by=mira)
    events = list(Event.objects.filter(about_kind="user", about_id=mira.pk, pk__gt=0).order_by("pk"))[-7:]
    for event in events:
        tell_of_safety(event)
        tell_of_safety(event)  # a job may run twice
    assert [line.what for line in trail.lines(events, boss)] == [
        "switched a second factor on",
        "moved the second factor to another app",
        "made new recovery codes",
        "switched the second factor off",
        "switched a second factor on",
        "took away the lost second factor",
        "set the password",
    ]
    assert letters.kinds() == [
        "account.second_factor_on",
        "account.second_factor_on",
        "account.recovery_codes_made",
        "account.second_factor_off",
        "account.second_factor_on",
        "account.second_factor_reset",
        "account.password_changed",
    ]
