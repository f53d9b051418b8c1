"""Signing up: a code decides, and until it is right nothing has happened."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people import actions
from deskbell.people.models import Identity, User
from deskbell.people.rights import rights_of
from tests.account.conftest import OTHER_PASSWORD, PASSWORD
from tests.stories import ticket

pytestmark = pytest.mark.django_db

ADA = {"name": "Ada Winter", "email": "ada@example.com", "password": PASSWORD}


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def text_of(response) -> str:
    """The page without what differs on every load."""
    page = re.sub(r'name="(csrfmiddlewaretoken|once)" value="[^"]*"', "", response.content.decode())
    return re.sub(r'name="csrf-token" content="[^"]*"', "", page)


def begin(client: Client, **changed: str):
    response = client.post("/signup/", ADA | changed)
    assert (response.status_code, response.headers.get("Location")) == (302, "/signup/confirm/")
    return response


def test_the_code_makes_the_person_and_signs_him_in(client, letters):
    begin(client)
    assert User.objects.count() == 0
    (kind, recipient, _) = letters.all()[0]
    assert (kind, recipient) == ("account.sign_up_code", "ada@example.com")

    response = client.post("/signup/confirm/", {"code": letters.code()})
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    ada = User.objects.get()
    assert (ada.name, ada.email, ada.check_password(PASSWORD)) == ("Ada Winter", "ada@example.com", True)
    assert [grant.role.slug for grant in ada.grants.all()] == ["customer"]
    assert ada.identities.get().verified_how == "code"
    assert client.session["_auth_user_id"] == str(ada.pk)


def test_the_code_may_be_typed_in_small_letters_and_without_its_dash(client, letters):
    begin(client)
    client.post("/signup/confirm/", {"code": letters.code().lower().replace("-", "")})
    assert signed_in(client)


def test_a_mail_sender_gets_the_password_only_with_the_code(client, letters):
    lena, _ = actions.person_for_email("lena@example.com", name="Lena H.", how="mail")
    hers = ticket(lena, subject="Xylophone is out of tune")
    before = Event.objects.filter(about_kind="user").count()

    begin(client, email="Lena@Example.com", name="Lena Hart")
    page = client.get("/signup/confirm/")
    assert "Xylophone" not in page.content.decode()
    assert client.get("/account/").headers["Location"].startswith("/signin/")
    lena.refresh_from_db()
    assert (lena.name, lena.has_usable_password(), signed_in(client)) == ("Lena H.", False, False)
    assert Event.objects.filter(about_kind="user").count() == before

    client.post("/signup/confirm/", {"code": letters.code()})
    lena.refresh_from_db()
    assert (User.objects.count(), lena.name, lena.check_password(PASSWORD)) == (1, "Lena Hart", True)
    assert client.session["_auth_user_id"] == str(lena.pk)
    hers.refresh_from_db()
    assert hers.requester == lena


def test_the_answers_are_the_same_whether_the_address_is_new_known_or_signed_up(letters):
    actions.person_for_email("sender@example.com", name="Known", how="mail")
    actions.create_user("owner@example.com", name="Has one", role="owner", password=PASSWORD)
    pages = []
    for email in ("nobody@example.com", "sender@example.com", "owner@example.com"):
        client = Client()
        begin(client, email=email)
        waits = client.get("/signup/confirm/")
        wrong = client.post("/signup/confirm/", {"code": "AAA-AAA"})
        pages.append([(page.status_code, text_of(page).replace(email, "ADDRESS")) for page in (waits, wrong)])
    assert pages[0] == pages[1] == pages[2]
    assert letters.kinds() == [
        "account.sign_up_code",
        "account.sign_up_code",
        "account.account_already_exists",
    ]


def test_somebody_with_a_password_gets_no_code_and_keeps_his_password(client, letters):
    owner = actions.create_user("owner@example.com", name="Has one", role="owner", password=PASSWORD)
    begin(client, email="owner@example.com", password=OTHER_PASSWORD)
    client.post("/signup/confirm/", {"code": client.session["sign_up"]["code"]})
    owner.refresh_from_db()
    assert (owner.check_password(PASSWORD), owner.name, signed_in(client)) == (True, "Has one", False)


def test_a_stranger_cannot_plant_a_password_on_anothers_address(letters):
    stranger, victim = Client(), Client()
    begin(stranger, email="victim@example.com", password=OTHER_PASSWORD)
    # the victim's own request a little later; the address is free of the limit again
    from django.core.cache import cache

    cache.clear()
    begin(victim, email="victim@example.com")
    code = letters.code()
    stranger.post("/signup/confirm/", {"code": code})
    assert (User.objects.count(), signed_in(stranger)) == (0, False)
    victim.post("/signup/confirm/", {"code": code})
    person = User.objects.get()
    assert (person.check_password(PASSWORD), person.check_password(OTHER_PASSWORD)) == (True, False)
    assert signed_in(victim)


def test_three_wrong_codes_end_the_sign_up(client, letters):
    begin(client)
    code = letters.code()
    for _ in range(2):
        assert (
            "not the code from the mail"
            in client.post("/signup/confirm/", {"code": "WRONG"}).content.decode()
        )
    assert client.post("/signup/confirm/", {"code": "WRONG"}).headers["Location"] == "/signup/"
    assert client.post("/signup/confirm/", {"code": code}).headers["Location"] == "/signup/"
    assert (User.objects.count(), signed_in(client)) == (0, False)


def test_a_code_is_void_after_a_quarter_of_an_hour(client, letters, monkeypatch):
    begin(client)
    session = client.session
    session["sign_up"] = session["sign_up"] | {"began": session["sign_up"]["began"] - 15 * 60 - 1}
    session.save()
    assert client.post("/signup/confirm/", {"code": letters.code()}).headers["Location"] == "/signup/"
    assert User.objects.count() == 0


def test_a_second_mail_within_seconds_is_refused_beside_the_field_and_keeps_what_was_typed(client, letters):
    begin(client)
    response = client.post("/signup/", ADA)
    assert "a moment ago" in response.content.decode()
    assert 'value="Ada Winter"' in response.content.decode()
    assert letters.kinds() == ["account.sign_up_code"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "not an address", "Enter a valid email address."),
        ("password", "short", "This password is too short."),
        ("password", "ada@example.com", "too similar"),
        ("name", "  ", "This field is required."),
    ],
)
def test_bad_input_is_told_beside_the_field_and_nothing_is_sent(client, letters, field, value, words):
    response = client.post("/signup/", ADA | {field: value})
    assert response.status_code == 200
    assert words in response.content.decode()
    assert letters.all() == []
    assert Identity.objects.count() == 0


def test_after_the_code_one_comes_to_the_page_one_wanted_if_it_is_ours(client, letters):
    client.post("/signup/", ADA | {"next": "/portal/tickets/"})
    assert client.post("/signup/confirm/", {"code": letters.code()}).headers["Location"] == "/portal/tickets/"
    elsewhere = Client()
    elsewhere.post("/signup/", ADA | {"email": "b@example.com", "next": "https://evil.example/"})
    assert elsewhere.post("/signup/confirm/", {"code": letters.code()}).headers["Location"] == "/"


def test_signing_up_gives_no_rights_at_the_desk(client, letters):
    begin(client)
    client.post("/signup/confirm/", {"code": letters.code()})
    assert rights_of(User.objects.get()).staff is False


def test_too_many_sign_ups_from_one_address_are_answered_with_a_page(client, letters):
    for n in range(20):
        client.post("/signup/", ADA | {"email": f"a{n}@example.com"})
    response = client.post("/signup/", ADA | {"email": "last@example.com"})
    assert response.status_code == 429
    assert "Too many tries" in response.content.decode()


# --- who may register -----------------------------------------------------------------------------


def nobody_new(client: Client, **changed: str):
    """The sign-up is refused, and nothing happened."""
    before = User.objects.count(), Event.objects.count()
    response = client.post("/signup/", ADA | changed)
    assert (User.objects.count(), Event.objects.count()) == before
    assert "sign_up" not in client.session
    return response


def test_people_of_known_domains_sign_up_and_others_are_told_whom_to_ask(client, letters):
    actions.create_organization("Acme", domains=["acme.example"])
    actions.change_company(by=SYSTEM, registration="domains", support_address="help@desk.example")
    response = nobody_new(client)
    assert response.status_code == 200
    assert "help@desk.example" in text_of(response)
    assert 'id="id_email_error"' in text_of(response)
    assert letters.kinds() == []
    begin(client, email="ada@ACME.example")
    client.post("/signup/confirm/", {"code": letters.code()})
    assert User.objects.get(email="ada@acme.example").organization.name == "Acme"


def test_the_refusal_does_not_tell_who_is_known(client):
    actions.person_for_email("lena@example.com", how="mail")
    actions.create_user("otto@example.com", name="Otto", role="customer", password=PASSWORD)
    actions.change_company(by=SYSTEM, registration="domains")
    shown = {text_of(nobody_new(client, email="x@example.com")).replace("x@", "lena@")}
    shown |= {text_of(nobody_new(client, email="otto@example.com")).replace("otto@", "lena@")}
    shown |= {text_of(nobody_new(client, email="lena@example.com"))}
    assert len(shown) == 1


def test_where_only_the_invited_come_in_nothing_offers_to_sign_up(client):
    actions.change_company(by=SYSTEM, registration="invited", support_address="help@desk.example")
    for path in ("/", "/signin/"):
        assert "/signup/" not in client.get(path).content.decode()
    response = nobody_new(client)
    assert response.status_code == 403
    assert "mailto:help@desk.example" in text_of(response)


def test_a_person_known_by_mail_gets_in_with_a_code_whatever_the_rule(client, letters):
    lena, _ = actions.person_for_email("lena@example.com", how="mail")
    actions.change_company(by=SYSTEM, registration="invited")
    client.post("/signin/code/", {"email": "lena@example.com"})
    client.post("/signin/code/confirm/", {"code": letters.code()})
    assert client.session["_auth_user_id"] == str(lena.pk)


def test_a_rule_that_came_while_the_code_was_on_its_way_holds(client, letters):
    begin(client)
    actions.change_company(by=SYSTEM, registration="invited")
    response = client.post("/signup/confirm/", {"code": letters.code()})
    assert (response.headers["Location"], User.objects.count()) == ("/signin/", 0)
