"""A session begins anew with every sign-in, ends with it, and what lets somebody in does so once."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from deskbell.people import actions
from deskbell.people.models import User
from tests.account.conftest import OTHER_PASSWORD, PASSWORD

pytestmark = pytest.mark.django_db
CODE = {"email": "mira@example.com"}


@pytest.fixture
def mira(db) -> User:
    return actions.create_user("mira@example.com", name="Mira Holm", role="agent", password=PASSWORD)


def key(client: Client) -> str:
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    return cookie.value if cookie else ""


def signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def by_password(client: Client, letters) -> None:
    client.post("/signin/", {"login": "mira@example.com", "password": PASSWORD})


def by_phone(client: Client, letters) -> None:
    client.post("/field/signin/", {"login": "mira@example.com", "password": PASSWORD})


def by_code(client: Client, letters) -> None:
    client.post("/signin/code/", CODE)
    client.post("/signin/code/confirm/", {"code": letters.code()})


def invitation() -> str:
    boss = actions.create_user("boss@example.com", name="Boss", role="owner")
    offered = actions.invite("new@example.com", role="agent", by=boss)
    return f"/account/invitation/{actions.invitation_token(offered)}/"


def by_invitation(client: Client, letters) -> None:
    client.post(invitation(), {"name": "New", "password": PASSWORD})


def by_signing_up(client: Client, letters) -> None:
    client.post("/signup/", {"name": "Lena", "email": "lena@example.com", "password": PASSWORD})
    client.post("/signup/confirm/", {"code": letters.code()})


@pytest.mark.parametrize("way", [by_password, by_phone, by_code, by_invitation, by_signing_up])
def test_signing_in_changes_the_key_of_the_session(client, letters, mira, way):
    """A key that somebody planted in the browser beforehand is worth nothing afterwards."""
    session = client.session  # the test client makes one and keeps its key, as a planted cookie would be
    session["language"] = "en"
    session.save()
    planted = key(client)
    way(client, letters)
    assert signed_in(client)
    assert key(client) not in ("", planted)
    stranger = Client()
    stranger.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert not signed_in(stranger)


def test_a_key_that_we_did_not_make_is_not_taken(client, letters, mira):
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    by_password(client, letters)
    assert signed_in(client)
    assert key(client) != "a" * 32


def test_signing_out_ends_the_session_for_whoever_kept_its_key(client, letters, mira):
    by_password(client, letters)
    copy = Client()
    copy.cookies[settings.SESSION_COOKIE_NAME] = key(client)
    assert signed_in(copy)
    client.post("/signout/")
    assert (signed_in(client), signed_in(copy)) == (False, False)


def test_a_new_password_signs_every_other_browser_out(client, letters, mira):
    other = Client()
    by_password(client, letters)
    by_password(other, letters)
    old = key(client)
    new = {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD}
    client.post("/account/password/", {**new, "oldpassword": PASSWORD})
    assert (signed_in(client), signed_in(other)) == (True, False)
    assert key(client) != old


def test_a_sign_in_code_works_once_and_in_its_own_browser(client, letters, mira):
    by_code(client, letters)
    used = letters.code()
    client.post("/signout/")
    for browser in (client, Client()):
        browser.post("/signin/code/confirm/", {"code": used})
        assert not signed_in(browser)


def test_a_later_sign_in_code_puts_the_first_out_of_use(client, letters, mira):
    client.post("/signin/code/", CODE)
    first = letters.code()
    other = Client()
    other.post("/signin/code/", {"email": "nobody@example.com"})
    other.post("/signin/code/confirm/", {"code": first})
    assert not signed_in(other)


def test_a_reset_code_works_once(client, letters, mira):
    client.post("/account/password/reset/", CODE)
    used = letters.code()
    client.post("/account/password/reset/confirm/", {"code": used})
    client.post(
        "/account/password/reset/complete/", {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD}
    )
    again = "yet another secret"
    for browser in (client, Client()):
        browser.post("/account/password/reset/confirm/", {"code": used})
        browser.post("/account/password/reset/complete/", {"password1": again, "password2": again})
    mira.refresh_from_db()
    assert mira.check_password(OTHER_PASSWORD)


def test_an_invitation_works_once(client, letters):
    where = invitation()
    client.post(where, {"name": "New", "password": PASSWORD})
    late = Client().post(where, {"name": "Eve", "password": OTHER_PASSWORD})
    assert late.status_code == 410
    new = User.objects.get(email="new@example.com")
    assert (new.name, new.check_password(PASSWORD)) == ("New", True)


def test_a_sign_up_code_works_once(client, letters):
    by_signing_up(client, letters)
    used = letters.code()
    client.post("/signout/")
    client.post("/signup/confirm/", {"code": used})
    assert not signed_in(client)
    assert User.objects.count() == 1


def test_cookies_are_closed_to_scripts_and_other_sites(client, mira):
    client.get("/signin/")
    client.post("/signin/", {"login": "mira@example.com", "password": PASSWORD})
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
            True,
            "Lax",
            "/",
            "",
        )
