"""Chats that close soon: their box, the countdown in lists, and the composer when it happens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.listing import counts, page
from deskbell.tickets.models import Conversation, Ticket
from tests.desk.conftest import HTMX


@pytest.fixture
def chats(world) -> dict[str, Ticket]:
    """Tickets by what is left of their window: in minutes."""
    made = {}
    for n, (name, minutes) in enumerate(
        {"soon": 30, "sooner": 10, "later": 60 * 9, "shut": -5, "margin": 0.5, "answered": 20}.items()
    ):
        until = timezone.now() + timedelta(minutes=minutes)
        conversation = Conversation.objects.create(
            channel_id=1, address=f"49170000000{n}", person=world.customer, open_until=until
        )
        made[name] = world.ticket(name, channel="whatsapp", conversation=conversation, source="whatsapp")
    actions.reply(made["answered"], Content.markdown("Done."), by=world.agent)
    return made


def test_the_box_holds_who_waits_in_a_chat_that_closes_within_four_hours_soonest_first(world, chats):
    world.ticket("By mail")
    listed = page(world.agent, box="closing")
    assert [row.subject for row in listed.items] == ["sooner", "soon"]
    assert counts(world.agent)["closing"] == 2
    assert page(world.networker, box="closing").items == []
    first = page(world.agent, box="closing", limit=1)
    second = page(world.agent, box="closing", limit=1, cursor=first.next)
    assert [row.subject for row in (*first.items, *second.items)] == ["sooner", "soon"]
    assert page(world.agent, box="closing", limit=1, cursor=second.previous).items == first.items


def test_the_count_is_of_this_moment_though_its_statement_is_kept(world, chats):
    assert counts(world.agent)["closing"] == 2
    Conversation.objects.filter(pk=chats["soon"].conversation_id).update(open_until=timezone.now())
    assert counts(world.agent)["closing"] == 1


def test_the_list_counts_down_and_the_box_stands_where_there_is_something_in_it(world, desk, chats):
    page = desk.get(reverse("desk:list"), {"box": "closing"}).content.decode()
    assert page.count('title="Until then WhatsApp takes free answers"') == 2
    assert "Closes soonest" in page
    page = desk.get(reverse("desk:list"), {"box": "open"}).content.decode()
    assert page.count('title="Until then WhatsApp takes free answers"') == 4
    assert "?box=closing" in page
    Conversation.objects.update(open_until=timezone.now())
    assert "?box=closing" not in desk.get(reverse("desk:list"), {"box": "open"}).content.decode()
    assert "No chat is about to close" in desk.get(reverse("desk:list"), {"box": "closing"}).content.decode()


def test_an_open_page_fetches_the_picker_when_the_chat_closes(world, desk, chats):
    ticket = chats["soon"]
    address = reverse("desk:newest", args=[ticket.number])
    part = desk.get(address, headers=HTMX).content.decode()
    assert 'id="writing-way"' in part
    assert "data-window-closes=" in part
    assert "data-composer-text" not in part
    Conversation.objects.update(open_until=timezone.now())
    part = desk.get(address, headers=HTMX).content.decode()
    assert "data-window-closes=" not in part
    assert reverse("desk:template", args=[ticket.number]) in part
    assert 'value="hold"' in part
