"""An agent's own WhatsApp: a link with the number, and a note of what was written there."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from deskbell.events.actor import SYSTEM
from deskbell.outbox.models import OutboxItem
from deskbell.people import actions as people
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from deskbell.tickets.models import Message, Ticket
from tests.stories import customer, staff, ticket


@pytest.fixture
def lena(db) -> Any:
    person = customer(name="Lena Hart")
    people.add_identity(person, "phone", "+44 7700 900555", by=SYSTEM)
    return person


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(staff("agent", name="Mara Lind"))
    return client


def test_a_person_with_a_number_has_a_link_and_one_without_has_none(lena, desk):
    page = f"/desk/people/{lena.pk}/"
    assert f"{page}whatsapp/" in desk.get(page).content.decode()
    shown = desk.get(f"{page}whatsapp/").content.decode()
    assert 'href="https://wa.me/447700900555"' in shown
    assert "Log this as a message" not in shown  # there is no ticket to log it on
    other = customer()
    assert "Open in WhatsApp" not in desk.get(f"/desk/people/{other.pk}/").content.decode()
    assert "No phone number is known" in desk.get(f"/desk/people/{other.pk}/whatsapp/").content.decode()


def test_what_was_written_is_logged_once_as_a_note_and_nothing_leaves(lena, desk):
    asked = ticket(lena)
    path = f"/desk/tickets/{asked.number}/whatsapp/"
    assert "Log this as a message on the ticket?" in desk.get(path).content.decode()
    form = {"text": "Please call me", "number": "+447700900555", "ticket": asked.number, "once": "k" * 22}
    for _click in range(2):
        assert desk.post(path, form).status_code == 302
    note = Message.objects.get(visibility="internal")
    assert note.text == "Sent by WhatsApp outside Deskbell, +447700900555:\n\nPlease call me"
    assert (note.author.name, note.ticket) == ("Mara Lind", asked)
    assert not OutboxItem.objects.filter(cause_id=note.pk, cause_kind="message").exists()


def test_a_number_that_is_not_his_and_no_words_are_not_taken(lena, desk):
    asked = ticket(lena)
    path = f"/desk/tickets/{asked.number}/whatsapp/"
    empty = desk.post(path, {"text": " ", "number": "", "ticket": asked.number})
    assert empty.status_code == 422 and "Write what you have sent." in empty.content.decode()
    desk.post(path, {"text": "Hi", "number": "+4915112345678", "ticket": asked.number})
    assert Message.objects.get(visibility="internal").text == "Sent by WhatsApp outside Deskbell:\n\nHi"


def test_from_the_page_of_a_person_any_of_his_tickets_can_have_the_note_and_no_other(lena, desk):
    first, second, foreign = ticket(lena), ticket(lena), ticket()
    path = f"/desk/people/{lena.pk}/whatsapp/"
    assert desk.post(path, {"text": "Hi", "ticket": foreign.number}).status_code == 422
    assert desk.post(path, {"text": "Hi", "ticket": first.number}).status_code == 302
    assert Message.objects.get(visibility="internal").ticket == first
    assert Ticket.objects.count() == 3 and second.pk


def test_the_words_begun_as_a_reply_are_taken_along(lena, desk):
    asked = ticket(lena)
    agent = people.create_user("other@desk.example", name="Other", role="agent")
    tickets.keep_draft(agent, kind="reply", text="Half a reply", ticket=asked)
    desk.force_login(agent)
    assert "Half a reply" in desk.get(f"/desk/tickets/{asked.number}/whatsapp/").content.decode()
    assert Content.markdown("x").text == "x"
