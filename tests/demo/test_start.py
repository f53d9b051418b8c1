"""`deskbell up --demo` on an empty desk, again, and on a desk of somebody."""

from __future__ import annotations

import pytest

from deskbell.demo import world
from deskbell.demo.stories import STORIES
from deskbell.events.models import Event
from deskbell.people.models import User
from deskbell.tickets.models import Message, Ticket
from tests.stories import staff

pytestmark = pytest.mark.django_db


def test_a_second_start_makes_nothing_and_names_the_same_people():
    assert world.sign_ins() == []
    first = world.ensure()
    before = (User.objects.count(), Ticket.objects.count(), Message.objects.count(), Event.objects.count())
    assert world.ensure() == first
    assert before == (
        User.objects.count(), Ticket.objects.count(), Message.objects.count(), Event.objects.count(),
    )  # fmt: skip
    assert Ticket.objects.count() == len(STORIES)


def test_a_desk_with_people_of_its_own_is_left_alone():
    staff("owner")
    assert world.ensure() == []
    assert User.objects.count() == 1
