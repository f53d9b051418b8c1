"""What the page of a ticket says of its reader, and hears of the others."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from deskbell.people.models import User
from deskbell.realtime.models import Presence
from deskbell.tickets.models import Ticket
from tests.desk.conftest import HTMX, World

Enter = Callable[[User], Client]


def say(client: Client, ticket: Ticket, state: str) -> str:
    answer = client.post(reverse("desk:presence", args=[ticket.number]), {"state": state}, headers=HTMX)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_two_agents_see_each_other(world: World, sign_in: Enter) -> None:
    ticket = world.ticket()
    mara, tom, auditor = (sign_in(each) for each in (world.agent, world.colleague, world.auditor))
    assert say(mara, ticket, "here") == ""
    assert "Mara is here too" in say(tom, ticket, "here")
    say(tom, ticket, "writing")
    both = say(auditor, ticket, "here")
    assert "Tom is writing" in both and "Mara is here too" in both
    seen = mara.get(reverse("desk:presence", args=[ticket.number])).content.decode()
    assert "Tom is writing" in seen and "Ada is here too" in seen and "Mara" not in seen
    say(tom, ticket, "left")
    assert "Tom" not in say(mara, ticket, "here")
    say(tom, ticket, "here")
    assert "Ada, Tom are here too" in say(mara, ticket, "here")


def test_the_name_of_a_colleague_is_no_markup(world: World, sign_in: Enter) -> None:
    User.objects.filter(pk=world.colleague.pk).update(name="<b>Tom</b> 100%")
    ticket = world.ticket()
    say(sign_in(world.colleague), ticket, "here")
    assert "&lt;b&gt;Tom&lt;/b&gt; 100% is here too" in say(sign_in(world.agent), ticket, "here")


def test_looking_says_nothing_and_unknown_words_are_refused(world: World, desk: Client) -> None:
    address = reverse("desk:presence", args=[world.ticket().number])
    assert desk.get(address).status_code == 200
    refused = desk.post(address, {"state": "<b>dancing</b>"}, headers=HTMX)
    assert (refused.status_code, refused.content) == (422, b"state is one of here, writing, stopped, left")
    assert not Presence.objects.exists()


def test_who_does_not_reach_the_ticket_neither_sees_nor_is_seen(world: World, sign_in: Enter) -> None:
    ticket = world.ticket(team=None)
    address = reverse("desk:presence", args=[ticket.number])
    for who in (world.networker, world.customer):
        assert sign_in(who).post(address, {"state": "here"}).status_code == 404
    assert Client().post(address, {"state": "here"}, headers=HTMX).status_code == 401
    assert not Presence.objects.exists()


def test_the_page_says_it_unless_somebody_looks_as_another(world: World, sign_in: Enter) -> None:
    ticket = world.ticket()
    shown = sign_in(world.agent).get(ticket.get_absolute_url()).content.decode()
    assert f'data-present="/desk/tickets/{ticket.number}/presence/"' in shown
    admin = sign_in(world.admin)
    assert admin.post(reverse("setup:viewing", args=[world.agent.pk])).status_code == 302
    seen = admin.get(ticket.get_absolute_url()).content.decode()
    assert 'id="present"' in seen and "data-present" not in seen
