"""The link that makes the first administrator: once, for a day, while nobody runs the desk."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from deskbell.people import actions
from deskbell.people.models import FirstLink, User
from deskbell.people.rights import rights_of

pytestmark = pytest.mark.django_db

IDA = {"name": "Ida Storm", "email": "ida@nordlicht.example", "password": "a long password 1"}


def address(token: str) -> str:
    return reverse("account_first", args=[token])


def link() -> str:
    token = actions.make_first_link()
    assert token is not None
    return address(token)


def test_the_link_makes_the_owner_signs_him_in_and_leads_to_the_first_steps(client):
    where = link()
    assert client.get(where).status_code == 200
    answer = client.post(where, IDA)
    assert (answer.status_code, answer.url) == (302, "/setup/start/")
    owner = User.objects.get(email="ida@nordlicht.example")
    assert (owner.name, rights_of(owner).has("desk.own")) == ("Ida Storm", True)
    assert owner.check_password("a long password 1")
    assert client.get("/setup/start/").status_code == 200


def test_it_is_kept_as_a_digest_only():
    token = actions.make_first_link()
    assert token not in str(FirstLink.objects.values().get())


def wrong(answer) -> list[str]:
    """The fields with an error beside them."""
    return re.findall(r'id="id_(\w+)_error"', answer.content.decode())


def gone(client, where: str) -> None:
    before = User.objects.count()
    assert client.get(where).status_code == 410
    assert client.post(where, {**IDA, "email": "eve@nordlicht.example"}).status_code == 410
    assert User.objects.count() == before


def test_it_works_once(client):
    where = link()
    client.post(where, IDA)
    gone(client, where)


def test_a_later_one_puts_it_out_of_use(client):
    first, second = link(), link()
    gone(client, first)
    assert client.get(second).status_code == 200


def test_it_is_too_old_after_a_day(client):
    where = link()
    FirstLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    gone(client, where)


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_it_is_dead_once_somebody_runs_the_desk(client, role):
    where = link()
    actions.create_user("boss@nordlicht.example", name="Boss", role=role)
    gone(client, where)
    assert actions.make_first_link() is None


def test_customers_who_wrote_already_do_not_stand_in_the_way(client):
    actions.person_for_email("lena@acme.example", how="mail")
    assert client.post(link(), IDA).status_code == 302


def test_a_guessed_one_is_none(client):
    link()
    gone(client, address("made-up"))


@pytest.mark.parametrize(
    ("field", "value"), [("email", "nobody"), ("password", "short"), ("password", "1234567890"), ("name", "")]
)
def test_a_form_with_a_mistake_makes_nobody_and_the_link_stays(client, field, value):
    where = link()
    answer = client.post(where, {**IDA, field: value})
    assert (answer.status_code, wrong(answer)) == (422, [field])
    assert User.objects.count() == 0
    assert client.get(where).status_code == 200


def test_an_address_with_a_password_is_not_taken_over(client):
    actions.sign_up("ida@nordlicht.example", name="Ida", password_hash="x")
    answer = client.post(link(), IDA)
    assert (answer.status_code, wrong(answer)) == (422, ["email"])
    assert not actions.is_set_up()
