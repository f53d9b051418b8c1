"""One page of everything that waits until it is known which ticket it is about."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deskbell.channels.models import TicketQuestion
from deskbell.desk.reading import all_parked, box_counts
from deskbell.tickets import actions as tickets
from deskbell.tickets.models import Message, Ticket
from tests.channels.chatting import ASHA
from tests.channels.test_which_ticket import in_, two  # noqa: F401 - a fixture
from tests.stories import fresh, staff, team

LIST = "/desk/parked/"


@pytest.fixture
def waiting(two, post, sim) -> tuple[Ticket, Ticket]:  # noqa: F811
    post(sim.text(ASHA, "Still not working"))
    post(sim.text(ASHA, "Since this morning"))
    return two


@pytest.fixture
def web(client) -> Any:
    client.force_login(staff("agent"))
    return client


def test_the_box_stands_there_while_something_waits_and_says_how_much(waiting, web):
    boxes = web.get("/desk/boxes/").content.decode()
    assert f'href="{LIST}"' in boxes and "Waits for its ticket" in boxes
    shown = web.get(LIST).content.decode()
    assert shown.count("Still not working") == 1 and shown.count("Since this morning") == 1
    assert all(f'name="ticket" value="{each.number}"' in shown for each in waiting)
    assert f'href="{LIST}" aria-current="page"' in shown
    TicketQuestion.objects.update(settled_at="2026-11-01T00:00:00Z")
    assert LIST not in web.get("/desk/boxes/").content.decode()
    assert "Nothing waits for its ticket" in web.get(LIST).content.decode()


@pytest.mark.parametrize("chosen", [0, 1, None])
def test_it_is_decided_there_and_one_stays_there(waiting, web, chosen):
    question = TicketQuestion.objects.get()
    number = "new" if chosen is None else str(waiting[chosen].number)
    path = f"/desk/tickets/{waiting[1].number}/parked/{question.pk}/"
    answered = web.post(path, {"ticket": number, "back": "list"}, follow=True)
    assert answered.redirect_chain == [(LIST, 302)]
    placed = Message.objects.get(text="Since this morning").ticket
    assert in_(placed)[-2:] == ["Still not working", "Since this morning"]
    assert placed == waiting[chosen] if chosen is not None else placed not in waiting
    assert f"The message stands in #{placed.number} now." in answered.content.decode()
    again = web.post(path, {"ticket": number, "back": "list"}, follow=True)
    assert "It has found its ticket already." in again.content.decode()
    assert Message.objects.filter(text="Since this morning").count() == 1


def test_who_reaches_one_of_the_tickets_sees_it_and_decides_for_what_he_reaches(waiting, client):
    mine = team()
    Ticket.objects.filter(pk=waiting[0].pk).update(team=mine)
    near, far = staff("agent", team=mine), staff("agent", team=team())
    (shown,) = all_parked(near)
    assert ([each.pk for each in shown.offered], len(shown.messages)) == ([waiting[0].pk], 2)
    assert (box_counts(near)["parked"], box_counts(far)["parked"], all_parked(far)) == (1, 0, [])
    client.force_login(near)
    assert waiting[1].subject not in client.get(LIST).content.decode()
    client.force_login(far)
    assert "Still not working" not in client.get(LIST).content.decode()
    question = TicketQuestion.objects.get()
    path = f"/desk/tickets/{waiting[0].number}/parked/{question.pk}/"
    assert client.post(path, {"ticket": "new", "back": "list"}).status_code == 404
    assert TicketQuestion.objects.get().settled_at is None


def test_a_ticket_in_the_trash_shows_it_to_nobody(waiting):
    owner = staff("owner")
    for each in waiting:
        tickets.trash(fresh(each), by=owner)
    assert (all_parked(owner), box_counts(owner)["parked"]) == ([], 0)


def test_the_list_asks_as_much_for_many_as_for_one(waiting, django_assert_num_queries):
    owner = staff("owner")
    all_parked(owner)  # rights are read once
    with CaptureQueriesContext(connection) as one:
        all_parked(owner)
    first = TicketQuestion.objects.get()
    for n in range(5):
        chat = first.conversation
        chat.pk, chat.address = None, f"4917000000{n}"
        chat.save()
        TicketQuestion.objects.create(conversation=chat, offered=first.offered)
    with django_assert_num_queries(len(one)):
        assert len(all_parked(owner)) == 6
