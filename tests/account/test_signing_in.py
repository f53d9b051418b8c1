"""Signing in and out, by password and by code; forgotten passwords; one's profile."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client

from deskbell.people import actions
from deskbell.people.models import User
from tests.account.conftest import OTHER_PASSWORD, PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(db) -> User:
    return actions.create_user("mira@example.com", name="Mira Holm", role="agent", password=PASSWORD)


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_address_and_password_sign_in_and_out(client, mira):
    response = client.post("/signin/", {"login": "Mira@Example.com", "password": PASSWORD})
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert signed_in(client)
    assert "Mira Holm" in client.get("/account/").content.decode()
    assert client.post("/signout/").headers["Location"] == "/"
    assert not signed_in(client)
    assert client.get("/account/").headers["Location"] == "/signin/?next=/account/"


def test_a_domain_in_another_script_finds_its_person(client):
    actions.create_user("mira@bücher.example", name="Mira", role="agent", password=PASSWORD)
    client.post("/signin/", {"login": "Mira@Bücher.example", "password": PASSWORD})
    assert signed_in(client)
    assert EmailAddress.objects.count() == 1


def test_a_wrong_password_and_an_unknown_address_get_one_answer(client, mira):
    pages = []
    for login in ("mira@example.com", "nobody@example.com"):
        response = client.post("/signin/", {"login": login, "password": "wrong wrong wrong"})
        assert response.status_code == 200
        assert "not correct" in response.content.decode()
        pages.append(response.context_data["form"].errors)
    assert pages[0] == pages[1]
    assert not signed_in(client)


def test_a_person_who_was_deactivated_does_not_get_in(client, mira):
    actions.create_user("boss@example.com", name="Boss", role="owner", password=PASSWORD)
    actions.deactivate(mira, by=User.objects.get(email="boss@example.com"))
    client.post("/signin/", {"login": "mira@example.com", "password": PASSWORD})
    assert not signed_in(client)


def test_signing_in_by_code_needs_no_password_and_proves_the_address(client, letters):
    lena, _ = actions.person_for_email("lena@example.com", name="Lena", how="mail")
    response = client.post("/signin/code/", {"email": "lena@example.com"})
    assert response.headers["Location"] == "/signin/code/confirm/"
    assert letters.kinds() == ["account.login_code"]
    assert "lena@example.com" in client.get("/signin/code/confirm/").content.decode()
    client.post("/signin/code/confirm/", {"code": letters.code()})
    assert client.session["_auth_user_id"] == str(lena.pk)
    identity = lena.identities.get()
    assert (identity.verified_how, identity.verified_at is not None) == ("code", True)


def test_a_wrong_code_does_not_sign_in(client, mira, letters):
    client.post("/signin/code/", {"email": "mira@example.com"})
    response = client.post("/signin/code/confirm/", {"code": "WRONG"})
    assert "Incorrect code" in response.content.decode()
    assert not signed_in(client)


def test_asking_for_a_code_tells_nothing_about_the_address(letters, mira):
    answers = []
    for email in ("mira@example.com", "nobody@example.com"):
        client = Client()
        first = client.post("/signin/code/", {"email": email})
        second = client.post("/signin/code/confirm/", {"code": "WRONG"})
        answers.append((first.status_code, first.headers["Location"], second.status_code))
    assert answers[0] == answers[1]
    assert letters.kinds() == ["account.login_code"]


def test_a_forgotten_password_is_replaced_by_code(client, mira, letters):
    response = client.post("/account/password/reset/", {"email": "mira@example.com"})
    assert response.headers["Location"] == "/account/password/reset/confirm/"
    assert letters.kinds() == ["account.password_reset_code"]
    confirmed = client.post("/account/password/reset/confirm/", {"code": letters.code()})
    assert confirmed.headers["Location"] == "/account/password/reset/complete/"
    new = {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD}
    done = client.post("/account/password/reset/complete/", new, follow=True)
    assert "Your password is changed" in done.content.decode()
    mira.refresh_from_db()
    assert (mira.check_password(OTHER_PASSWORD), signed_in(client)) == (True, False)


def test_a_wrong_reset_code_changes_nothing(client, mira, letters):
    client.post("/account/password/reset/", {"email": "mira@example.com"})
    response = client.post("/account/password/reset/confirm/", {"code": "WRONG"})
    assert "Incorrect code" in response.content.decode()
    assert client.get("/account/password/reset/complete/").headers["Location"].endswith("/reset/confirm/")
    mira.refresh_from_db()
    assert mira.check_password(PASSWORD)


def test_a_mail_sender_chooses_his_first_password_by_the_same_way(client, letters):
    lena, _ = actions.person_for_email("lena@example.com", name="Lena", how="mail")
    client.post("/account/password/reset/", {"email": "lena@example.com"})
    client.post("/account/password/reset/confirm/", {"code": letters.code()})
    new = {"password1": PASSWORD, "password2": PASSWORD}
    client.post("/account/password/reset/complete/", new)
    lena.refresh_from_db()
    assert (lena.check_password(PASSWORD), lena.identities.get().verified_how) == (True, "code")


def test_one_changes_the_password_and_must_know_the_old_one(client, mira):
    client.force_login(mira)
    new = {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD}
    assert (
        "current password" in client.post("/account/password/", new | {"oldpassword": "no"}).content.decode()
    )
    mira.refresh_from_db()
    assert mira.check_password(PASSWORD)
    client.post("/account/password/", new | {"oldpassword": PASSWORD})
    mira.refresh_from_db()
    assert mira.check_password(OTHER_PASSWORD)


def test_the_profile_is_saved_and_bad_values_are_told(client, mira):
    client.force_login(mira)
    good = {"name": "Mira H.", "language": "", "time_zone": "Europe/Berlin"}
    assert client.post("/account/", good).headers["Location"] == "/account/"
    mira.refresh_from_db()
    assert (mira.name, mira.time_zone) == ("Mira H.", "Europe/Berlin")
    bad = client.post("/account/", good | {"time_zone": "Mars/Olympus", "name": ""})
    assert bad.status_code == 422
    assert "This field is required." in bad.content.decode()
    mira.refresh_from_db()
    assert (mira.name, mira.time_zone) == ("Mira H.", "Europe/Berlin")


def test_guessing_passwords_is_slowed_down(client, mira):
    cache.clear()
    for _ in range(5):
        client.post("/signin/", {"login": "mira@example.com", "password": "wrong wrong wrong"})
    response = client.post("/signin/", {"login": "mira@example.com", "password": PASSWORD})
    assert "tried too often" in response.content.decode()
    assert not signed_in(client)


def test_a_form_older_than_the_sign_in_is_refused_with_a_way_back(mira):
    client = Client(enforce_csrf_checks=True)
    response = client.post("/signin/", {"login": "mira@example.com", "password": PASSWORD})
    assert response.status_code == 403
    assert 'href="/signin/"' in response.content.decode()
    assert "kept in this browser" in response.content.decode()
