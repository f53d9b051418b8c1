"""`deskbell up --demo` on a desk of somebody."""

from __future__ import annotations

import pytest

from deskbell.demo import world
from deskbell.events.models import Event
from deskbell.people.models import User
from deskbell.tickets.models import Message, Ticket
from tests.stories import staff

pytestmark = pytest.mark.django_db


def counted() -> list[int]:
    return [model.objects.count() for model in (User, Ticket, Message, Event)]


def test_a_desk_with_people_of_its_own_is_left_alone():
    staff("owner")
    before = counted()
    assert world.ensure() == []
    assert world.made_at() is None
    assert counted() == before


def test_on_a_real_desk_the_addresses_answer_nothing_even_with_the_demo_switched_on(client, demo_pages):
    staff("owner", name="Somebody")
    before = Event.objects.count()
    for path in ("/demo/customer/", "/demo/customer/box/", "/demo/reset/"):
        assert client.get(path).status_code == 404
    for path in ("/demo/signin/", "/demo/customer/letters/", "/demo/reset/"):
        assert client.post(path, {"email": "jonas@lanternfield.example"}).status_code == 404
    assert b"/demo/" not in client.get("/signin/").content
    assert Event.objects.count() == before
