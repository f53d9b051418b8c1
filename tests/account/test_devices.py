"""Where one is signed in: seen, signed out from elsewhere, told of what is new."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deskbell.events.models import Event
from deskbell.people import actions, jobs
from deskbell.people.browsers import browser_and_system
from deskbell.people.devices import MARK, history_of
from deskbell.people.models import Device, User
from deskbell.people.telling import sign_in_line
from deskbell.realtime.live import SALT
from tests.account.conftest import OTHER_PASSWORD, PASSWORD
from tests.account.test_second_factor import with_factor

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def mira(db) -> User:
    return actions.create_user("mira@example.com", name="Mira Holm", role="agent", password=PASSWORD)


def browser(agent: str = FIREFOX) -> Client:
    return Client(headers={"user-agent": agent})


def enter(client: Client, password: str = PASSWORD, **more: str) -> Client:
    answer = client.post("/signin/", {"login": "mira@example.com", "password": password, **more})
    assert answer.status_code == 302, answer.content.decode()[-500:]
    return client


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def told(user: User) -> list[str]:
    return [sign_in_line(event).sentence for event in history_of(user)]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, ("Firefox", "Windows")),
        (IPHONE, ("Safari", "iPhone")),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/138.0 Safari/537.36",
            ("Chrome", "Linux"),
        ),
        ("Mozilla/5.0 (Macintosh) Chrome/138.0 Safari/537.36 Edg/138.0", ("Edge", "macOS")),
        (
            "Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28.0 Chrome/130 Mobile",
            ("Samsung Internet", "Android"),
        ),
        ("", ("", "")),
    ],
)
def test_a_browser_is_called_as_people_know_it(agent, words):
    assert browser_and_system(agent) == words


def test_the_page_shows_every_device_and_marks_this_one(mira):
    here, there = enter(browser()), enter(browser(IPHONE))
    page = here.get("/account/devices/").content.decode()
    assert "Firefox on Windows" in page
    assert "Safari on iPhone" in page
    assert page.count("this device") == 1
    assert "Sign out all others" in page
    assert is_in(there)


def test_a_device_signed_out_from_elsewhere_is_out_with_its_next_request(mira):
    here, there = enter(browser()), enter(browser(IPHONE))
    phone = Device.objects.get(system="iPhone")
    here.post(f"/account/devices/{phone.pk}/removal/")
    assert is_in(here)
    assert not is_in(there)
    assert not Session.objects.filter(session_key=there.cookies["deskbell"].value).exists()
    assert told(mira)[0] == "signed the device out (Safari on iPhone, 127.0.0.1)"


def test_nobody_signs_out_a_device_of_somebody_else(mira):
    enter(browser())
    actions.create_user("otto@example.com", name="Otto", role="agent", password=PASSWORD)
    otto = browser()
    otto.post("/signin/", {"login": "otto@example.com", "password": PASSWORD})
    before = Event.objects.count()
    otto.post(f"/account/devices/{Device.objects.get(user=mira).pk}/removal/")
    assert Event.objects.count() == before
    assert Device.objects.get(user=mira).ended_at is None


def test_all_others_go_and_this_one_stays(mira):
    here, one, two = enter(browser()), enter(browser(IPHONE)), enter(browser())
    here.post("/account/devices/others/")
    assert [is_in(each) for each in (here, one, two)] == [True, False, False]


def test_a_new_password_signs_the_other_devices_out_and_changes_the_key_of_this_one(mira):
    here, there = enter(browser()), enter(browser(IPHONE))
    key = here.cookies["deskbell"].value
    form = {"oldpassword": PASSWORD, "password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD}
    here.post("/account/password/", form)
    assert [is_in(here), is_in(there)] == [True, False]
    now = here.cookies["deskbell"].value
    assert now != key
    assert Device.objects.get(ended_at=None).session_key == now
    assert "the password was changed" in told(mira)[0]


def test_signing_in_changes_the_key_of_the_session(mira):
    client = browser()
    client.get("/signin/")
    client.post("/field/signin/", {"login": "mira@example.com", "password": "wrong wrong wrong"})
    session = client.session
    session["before"] = True
    session.save()
    before = session.session_key
    client.cookies["deskbell"] = before
    enter(client)
    assert client.cookies["deskbell"].value != before
    assert not Session.objects.filter(session_key=before).exists()


def test_signing_out_ends_the_device(mira):
    here = enter(browser())
    here.post("/signout/")
    assert Device.objects.get().ended_at is not None
    assert told(mira) == [
        "signed out (Firefox on Windows, 127.0.0.1)",
        "signed in with the password (Firefox on Windows, 127.0.0.1)",
    ]


def test_a_closed_account_has_no_device(mira):
    here = enter(browser())
    actions.deactivate(mira, by=actions.create_user("boss@example.com", name="Boss", role="owner"))
    assert not is_in(here)
    assert list(Device.objects.filter(user=mira).values_list("session_key", flat=True)) == [None]


def test_a_session_from_before_devices_were_known_becomes_one(mira):
    here = enter(browser())
    Device.objects.all().delete()
    session = here.session
    del session["device"]
    session.save()
    assert is_in(here)
    assert Device.objects.get().session_key == session.session_key


def test_the_use_of_a_device_is_noted_now_and_then_and_costs_nothing_in_between(
    mira, django_assert_num_queries
):
    here = enter(browser())
    here.get("/account/password/")
    Device.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))
    # session, person, grants; for the menu, whether a number can send codes
    with django_assert_num_queries(4):
        here.get("/account/password/")
    assert Device.objects.get().last_seen_at < timezone.now() - timedelta(minutes=50)
    session = here.session
    session["device"] = [session["device"][0], session["device"][1] - 301]
    session.save()
    here.get("/account/password/")
    assert Device.objects.get().last_seen_at > timezone.now() - timedelta(minutes=1)


def test_the_page_costs_the_same_for_one_device_and_three(mira, django_assert_max_num_queries):
    here = enter(browser())
    with django_assert_max_num_queries(6):
        here.get("/account/devices/")
    enter(browser())
    enter(browser(IPHONE))
    with django_assert_max_num_queries(6):
        here.get("/account/devices/")


# --- what was never seen before -----------------------------------------------------------------


def test_a_mail_tells_of_a_browser_never_seen_before_and_not_of_a_known_one(mira, letters):
    known = enter(browser())
    assert letters.kinds() == []  # the first device of all is no news
    known.post("/signout/")
    enter(known)
    assert letters.kinds() == []
    enter(browser(IPHONE))
    (kind, recipient, mail) = letters.all()[-1]
    assert (kind, recipient) == ("account.strange_device", "mira@example.com")
    assert "Safari on iPhone" in mail["text"]
    assert "/account/devices/" in mail["text"]
    assert Event.objects.filter(kind="user.signed_in").latest("pk").data["strange"] is True


def test_the_mark_of_a_browser_is_no_secret_of_the_database(mira):
    here = enter(browser())
    cookie = here.cookies[MARK]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert Device.objects.get().mark != cookie.value


# --- the history --------------------------------------------------------------------------------


def test_a_wrong_password_stands_in_the_history_of_the_person_it_was_meant_for(mira):
    stranger = browser(IPHONE)
    stranger.post("/signin/", {"login": "Mira@example.com", "password": "wrong wrong wrong"})
    jobs.note_failed_sign_in(key="mira@example.com", address="192.0.2.7", agent=IPHONE)
    assert told(mira) == ["was not let in: wrong password (Safari on iPhone, 192.0.2.7)"]


def noted() -> None:
    """What a worker does with the wrong passwords and codes that pages noted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "with done as ("
            " delete from procrastinate_jobs where task_name = 'people.note_failed_sign_in'"
            " returning id, args) select args from done order by id"
        )
        for (args,) in cursor.fetchall():
            jobs.note_failed_sign_in(**json.loads(args))


#: what is asked for, where the code goes, and what the history says of a wrong one
WRONG_CODES = {
    "sign-in": ("/signin/code/", "/signin/code/confirm/", "wrong code from the mail"),
    "reset": (
        "/account/password/reset/",
        "/account/password/reset/confirm/",
        "wrong code for a new password",
    ),
    "sign-up": ("/signup/", "/signup/confirm/", "wrong code when signing up"),
}


@pytest.mark.parametrize("way", WRONG_CODES)
def test_a_wrong_code_stands_in_the_history_and_nobody_is_in(mira, way):
    cache.clear()
    ask, confirm, words = WRONG_CODES[way]
    for email in ("Mira@example.com", "nobody@example.com"):
        stranger = browser(IPHONE)
        stranger.post(ask, {"name": "Somebody", "email": email, "password": PASSWORD})
        stranger.post(confirm, {"code": "WRONG"})
        assert "_auth_user_id" not in stranger.session
    noted()
    assert told(mira) == [f"was not let in: {words} (Safari on iPhone, 127.0.0.1)"]
    assert Event.objects.filter(kind="user.sign_in_failed").count() == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [("000 000", "wrong code of the second factor"), ("1234 5678", "wrong recovery code")],
)
def test_a_wrong_second_factor_stands_in_both_histories(mira, code, words):
    cache.clear()
    with_factor(mira)
    boss = actions.create_user("boss@example.com", name="Boss", role="owner", password=PASSWORD)
    stranger = browser(IPHONE)
    stranger.post("/signin/", {"login": "mira@example.com", "password": PASSWORD})
    stranger.post("/signin/second-factor/", {"code": code})
    assert "_auth_user_id" not in stranger.session
    assert told(mira) == [f"was not let in: {words} (Safari on iPhone, 127.0.0.1)"]
    administrator = browser()
    administrator.force_login(boss, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = administrator.get(f"/setup/people/{mira.pk}/").content.decode()
    assert f"was not let in: {words}" in page
    trail = administrator.get("/setup/audit/").content.decode()
    assert f"was not let in: {words} (Safari on iPhone, 127.0.0.1)" in trail


def test_a_wrong_code_while_setting_a_second_factor_up_is_no_sign_in(mira):
    cache.clear()
    here = enter(browser())
    here.post("/account/second-factor/setup/", {"code": "000000"})
    assert [line.split(" (")[0] for line in told(mira)] == ["signed in with the password"]


def test_a_wrong_password_is_looked_into_alike_for_an_unknown_address(mira):
    asked = []
    for login in ("mira@example.com", "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            browser().post("/signin/", {"login": login, "password": "wrong wrong wrong"})
        asked.append([query["sql"][:40] for query in queries if "procrastinate" in query["sql"]])
    assert asked[0] == asked[1] != []
    jobs.note_failed_sign_in(key="nobody@example.com", address="", agent="")
    assert not Event.objects.filter(kind="user.sign_in_failed").exists()


def test_address_and_browser_can_be_erased(mira):
    enter(browser())
    event = Event.objects.get(kind="user.signed_in")
    assert "127.0.0.1" not in str(event.data)
    assert event.detail.values == {"address": "127.0.0.1", "browser": "Firefox", "system": "Windows"}


# --- the phone ----------------------------------------------------------------------------------


def on_the_phone(**more: str) -> Client:
    phone = browser(IPHONE)
    answer = phone.post("/field/signin/", {"login": "mira@example.com", "password": PASSWORD, **more})
    assert answer.headers["Location"] == "/field/"
    return phone


def test_the_phone_stays_signed_in_for_the_time_the_company_sets(mira):
    owner = actions.create_user("boss@example.com", name="Boss", role="owner")
    actions.change_company(by=owner, phone_days=90)
    phone = on_the_phone(stay="1")
    device = Device.objects.get(user=mira)
    assert device.where == "field"
    assert abs(device.trusted_until - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)
    session = Session.objects.get(session_key=phone.cookies["deskbell"].value)
    assert abs(session.expire_date - device.trusted_until) < timedelta(seconds=5)
    assert phone.cookies["deskbell"]["max-age"] > 89 * 24 * 3600


def test_without_the_tick_the_phone_forgets_when_its_browser_is_closed(mira):
    phone = on_the_phone()
    assert Device.objects.get(user=mira).trusted_until is None
    assert phone.cookies["deskbell"]["max-age"] == ""


def test_a_code_on_the_phone_is_as_good(mira, letters):
    phone = browser(IPHONE)
    form = {"email": "mira@example.com", "next": "/field/", "stay": "1"}
    phone.post("/field/signin/code/", form)
    phone.post("/signin/code/confirm/", {"code": letters.code(), "next": "/field/"})
    device = Device.objects.get(user=mira)
    assert (device.how, device.where) == ("code", "field")
    assert device.trusted_until is not None
    assert told(mira)[0].startswith("signed in with a code on the phone page")


def test_a_revoked_device_gets_no_live_token_and_the_one_it_has_names_it(mira):
    phone = on_the_phone(stay="1")
    device = Device.objects.get(user=mira)
    token = phone.get("/live/token").json()["token"]
    assert signing.loads(token, salt=SALT)["d"] == device.pk
    actions.revoke_device(device, by=mira)
    assert phone.get("/live/token").status_code == 401
