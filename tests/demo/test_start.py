"""`deskbell up --demo` on an empty desk, again, and on a desk of somebody."""

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


def test_a_second_start_makes_nothing_and_names_the_same_people(told):
    first, before = world.sign_ins(), counted()
    assert world.ensure() == first
    assert counted() == before
