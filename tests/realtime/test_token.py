from __future__ import annotations

import time

import pytest
from django.core import signing

from deskbell.events.actor import SYSTEM
from deskbell.people import actions as people
from deskbell.people.models import Device, User
from deskbell.realtime.live import SALT
from deskbell.realtime.topics import topics_of
from tests.stories import customer, organization, staff, team

pytestmark = pytest.mark.django_db


def own(user: User) -> set[str]:
    roles = {f"role:{pk}" for pk in user.grants.values_list("role", flat=True)}
    return {f"user:{user.pk}", f"customer:{user.pk}"} | roles


def test_an_agent_hears_everything():
    agent = staff()
    assert set(topics_of(agent)) == {"all", "desk"} | own(agent)


def test_an_agent_of_one_team_hears_his_team_and_what_is_assigned_to_him():
    here = team()
    agent = staff(team=here)
    agent = User.objects.get(pk=agent.pk)
    assert set(topics_of(agent)) == {"desk", f"team:{here.pk}", f"mine:{agent.pk}"} | own(agent)


def test_an_engineer_hears_what_is_assigned_to_him():
    engineer = staff("engineer")
    assert set(topics_of(engineer)) == {"desk", f"mine:{engineer.pk}"} | own(engineer)


def test_a_customer_hears_his_own_and_a_manager_his_organisation():
    company = organization()
    person, manager = customer(company), customer(company, role="customer_manager")
    assert set(topics_of(person)) == own(person)
    assert set(topics_of(manager)) == {f"org:{company.pk}"} | own(manager)


def test_who_was_deactivated_hears_nothing():
    person = staff()
    people.deactivate(person, by=SYSTEM)
    assert topics_of(User.objects.get(pk=person.pk)) == []


def test_a_fresh_token_names_the_person_and_what_he_may_hear(client):
    person = customer()
    client.force_login(person)
    answer = client.get("/live/token")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    claim = signing.loads(answer.json()["token"], salt=SALT)
    device = Device.objects.get(user=person)
    assert time.time() - claim.pop("r") < 60
    assert claim == {"u": person.pk, "t": sorted(own(person)), "d": device.pk}


def test_signed_out_there_is_no_token(client):
    assert client.get("/live/token").status_code == 401


def test_a_page_carries_a_token_only_for_who_is_signed_in(client):
    assert b'name="live"' not in client.get("/").content
    client.force_login(customer())
    assert b'name="live"' in client.get("/portal/").content
