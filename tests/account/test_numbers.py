"""My account: WhatsApp numbers that sign one in, shown to be one's own by a code."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from deskbell.events.models import Event
from deskbell.outbox.models import OutboxItem
from deskbell.people import actions
from deskbell.people.models import User
from tests.account.codes_by_whatsapp import (
    ROSA,
    ask,
    bound,
    code_in,
    enter,
    number_row,
    signed_in,
    work_off,
)
from tests.account.conftest import PASSWORD
from tests.channels.chatting import work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("approved")]
PAGE, CONFIRM = "/account/whatsapp/", "/account/whatsapp/code/"


@pytest.fixture
def mira() -> User:
    return actions.create_user("mira@example.com", name="Mira Holm", role="agent", password=PASSWORD)


@pytest.fixture
def web(mira) -> Client:
    """Mira, signed in a moment ago."""
    cache.clear()
    client = Client()
    client.post("/signin/", {"login": "mira@example.com", "password": PASSWORD})
    return client


def begin(web: Client, phone: str = "+44 7700 900731") -> None:
    answer = web.post(PAGE, {"phone": phone})
    assert (answer.status_code, answer["Location"]) == (302, CONFIRM)
    work_off()


def kinds(person: User) -> list[str]:
    rows = Event.objects.filter(about_kind="user", about_id=person.pk, kind__startswith="user.number")
    return list(rows.order_by("pk").values_list("kind", flat=True))


def test_a_code_that_was_sent_to_a_number_makes_it_sign_in(web, mira, sim):
    assert "None yet." in web.get(PAGE).content.decode()
    begin(web)
    assert sim.sent[-1].to == ROSA
    assert "+447700900731" in web.get(CONFIRM).content.decode()
    answer = web.post(CONFIRM, {"code": code_in(sim)}, follow=True)
    assert "From now on you can sign in by WhatsApp with +447700900731." in answer.content.decode()
    assert "signs you in" in answer.content.decode()
    row = number_row(ROSA)
    assert (row.user, row.proven_how, row.verified_how) == (mira, "code", "channel")
    assert kinds(mira) == ["user.number_proven"]
    other = Client()
    ask(other, ROSA)
    work_off()
    enter(other, code_in(sim))
    assert signed_in(other) == mira.pk


def test_the_person_is_told_by_mail(web, mira, sim):
    begin(web)
    web.post(CONFIRM, {"code": code_in(sim)})
    work()
    news = OutboxItem.objects.get(kind="account.number_proven")
    assert (news.driver, news.recipient) == ("email", "mira@example.com")


def test_a_wrong_code_proves_nothing_and_the_third_ends_it(web, mira, sim):
    begin(web)
    for _ in range(2):
        answer = web.post(CONFIRM, {"code": "WRONG"})
        assert answer.status_code == 422
        assert "That is not the code we sent." in answer.content.decode()
    assert web.post(CONFIRM, {"code": "WRONG"})["Location"] == PAGE
    assert web.post(CONFIRM, {"code": code_in(sim)})["Location"] == PAGE
    assert not mira.identities.filter(kind="wa_id").exists()


def test_a_late_code_proves_nothing(web, mira, sim):
    begin(web)
    session = web.session
    session["number"] = {**session["number"], "at": session["number"]["at"] - 181}
    session.save()
    assert web.post(CONFIRM, {"code": code_in(sim)})["Location"] == PAGE
    assert not mira.identities.filter(kind="wa_id").exists()


def test_a_chat_of_somebody_without_an_account_is_taken_along(web, mira, post, sim):
    post(sim.text(ROSA, "The printer", name="Mira"))
    begin(web)
    web.post(CONFIRM, {"code": code_in(sim)})
    assert number_row(ROSA).user == mira


def test_a_number_of_another_account_stays_there(web, mira, sim):
    lena = bound(
        actions.create_user("lena@example.com", name="Lena", role="customer", password=PASSWORD), ROSA
    )
    begin(web)
    answer = web.post(CONFIRM, {"code": code_in(sim)}, follow=True)
    assert "belongs to another account here" in answer.content.decode()
    assert number_row(ROSA).user == lena


def test_one_known_otherwise_is_written_to_as_whatsapp_has_it(web, mira, post, sim):
    post(sim.text("5215512345678", "Hola", name="Mira"))
    begin(web, "+52 55 1234 5678")
    assert sim.sent[-1].to == "5215512345678"


def test_it_can_be_for_chats_only_again(web, mira, sim):
    bound(mira, ROSA)
    row = number_row(ROSA)
    answer = web.post(f"{PAGE}{row.pk}/removal/", follow=True)
    assert "for chats only" in answer.content.decode()
    assert kinds(mira) == ["user.number_proven", "user.number_doubted"]
    ask(Client(), ROSA)
    work_off()
    assert sim.sent == []
    assert number_row(ROSA).user == mira


def test_somebody_elses_number_cannot_be_taken_away(web, mira):
    bound(actions.create_user("lena@example.com", name="Lena", role="customer"), ROSA)
    assert web.post(f"{PAGE}{number_row(ROSA).pk}/removal/").status_code == 404
    assert number_row(ROSA).proven_at is not None


def test_codes_to_numbers_are_slowed(web, mira, sim):
    for _ in range(3):
        begin(web)
    answer = web.post(PAGE, {"phone": ROSA})
    assert answer.status_code == 422
    assert "tried too often" in answer.content.decode()
    assert len(sim.sent) == 3


def test_adding_a_number_asks_who_one_is(mira):
    client = Client()
    client.force_login(mira)
    assert client.get(PAGE)["Location"].startswith("/account/reauthenticate/")


def test_where_no_code_can_be_sent_there_is_no_page(web, approved):
    assert PAGE in web.get("/account/").content.decode()
    approved.templates.all().delete()
    assert PAGE not in web.get("/account/").content.decode()
    assert web.get(PAGE)["Location"] == "/account/"
