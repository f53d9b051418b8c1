"""What a customer changes or takes back in his chat: shown where it stands, and nothing received is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from deskbell.channels.models import InboundItem, ParkedMessage
from deskbell.events.models import Event
from deskbell.people.actions import create_token
from deskbell.search.queries import search
from deskbell.tickets import actions as tickets
from deskbell.tickets.models import Message, Ticket
from tests.channels.chatting import ASHA, PNG, only_ticket
from tests.channels.test_which_ticket import in_, two  # noqa: F401 - a fixture
from tests.stories import fresh, staff


@pytest.fixture
def ticket(post, sim) -> Ticket:
    post(sim.text(ASHA, "Hello, the door"))
    post(sim.text(ASHA, "The password is swordfish"))
    return only_ticket()


def secret() -> Message:
    return Message.objects.filter(direction="in").order_by("pk")[1]


def edit(sim: Any, about: Message, words: str, who: str = ASHA) -> dict[str, Any]:
    new = {"type": "text", "text": {"body": words}}
    node = {"original_message_id": about.external_id, "message": new}
    return sim.writes(who, {"type": "edit", "edit": node})


def revoke(sim: Any, about: Message, who: str = ASHA) -> dict[str, Any]:
    return sim.writes(who, {"type": "revoke", "revoke": {"original_message_id": about.external_id}})


def page(ticket: Ticket, who: Any, path: str = "desk") -> str:
    client = Client()
    client.force_login(who)
    return client.get(f"/{path}/tickets/{ticket.number}/").content.decode()


def test_a_change_shows_the_new_words_and_keeps_the_old_ones_a_click_away(ticket, post, sim):
    first = secret()
    for words in ("The password is trout", "The key is under the mat"):
        post(edit(sim, first, words))
    message = secret()
    assert message.text == "The key is under the mat"
    assert [each["text"] for each in message.before] == ["The password is swordfish", "The password is trout"]
    assert InboundItem.objects.latest("pk").reason == "changed"
    owner = staff("owner")
    shown = page(ticket, owner)
    assert "changed on WhatsApp" in shown and "What it said before" in shown and "swordfish" in shown
    assert "changed a message on WhatsApp" in shown
    assert search(owner, "mat") and not search(owner, "swordfish")
    theirs = page(ticket, ticket.requester, "portal")
    assert "under the mat" in theirs and "swordfish" not in theirs


def test_what_is_taken_back_is_kept_for_the_desk_alone(ticket, post, sim):
    post(revoke(sim, secret()))
    post(revoke(sim, secret()))
    message = secret()
    assert message.taken_back and message.text == "The password is swordfish"
    assert Event.objects.filter(kind="ticket.message_revised").count() == 1
    shown = page(ticket, staff("owner"))
    assert "The customer deleted this message on WhatsApp." in shown
    assert "Show what it said" in shown and "swordfish" in shown
    theirs = page(ticket, ticket.requester, "portal")
    assert "The customer deleted this message on WhatsApp." in theirs and "swordfish" not in theirs
    assert search(staff("owner"), "swordfish") and not search(ticket.requester, "swordfish", staff=False)
    headers = {"Authorization": f"Bearer {create_token(ticket.requester, name='mine')}"}
    _first, told = Client().get(f"/api/v1/tickets/{ticket.number}/messages", headers=headers).json()["items"]
    assert (told["text"], told["new_text"], told["attachments"]) == ("", "", [])


def test_a_photo_that_is_taken_back_is_still_there_for_the_desk(ticket, post, sim):
    post(sim.file(ASHA, "image", PNG, "image/png", filename="meter.png"))
    photo = Message.objects.latest("pk")
    post(revoke(sim, photo))
    assert "/attachments/" in page(ticket, staff("owner"))
    assert "/attachments/" not in page(ticket, ticket.requester, "portal")


def test_it_wakes_nothing_and_moves_no_clock(ticket, post, sim):
    tickets.resolve(ticket, by=staff("owner"))
    before = fresh(ticket)
    post(edit(sim, secret(), "Never mind"), revoke(sim, secret()))
    after = fresh(ticket)
    assert (after.category, after.public_at, after.waiting_since) == (
        "resolved", before.public_at, before.waiting_since,
    )  # fmt: skip


def test_nobody_changes_the_words_of_another(ticket, post, sim):
    post(sim.text("919810000009", "Hello from somebody else"))
    first = Message.objects.get(text="The password is swordfish")
    post(edit(sim, first, "I said something else", who="919810000009"))
    post(revoke(sim, first, who="919810000009"))
    first.refresh_from_db()
    assert (first.text, first.before, first.taken_back) == ("The password is swordfish", [], False)


def test_words_that_were_removed_for_ever_come_back_by_no_change(ticket, post, sim):
    first = secret()
    post(edit(sim, first, "The password is trout"))
    tickets.redact_message(first, by=staff("owner"))
    post(edit(sim, first, "The password is carp"))
    first.refresh_from_db()
    assert (first.text, first.before) == ("", [])
    shown = page(ticket, staff("owner"))
    assert not any(word in shown for word in ("swordfish", "trout", "carp"))


def test_a_change_of_what_waits_for_its_ticket_is_taken_along(two, post, sim):  # noqa: F811
    post(sim.text(ASHA, "Still not working"))
    parked = ParkedMessage.objects.get().message
    post(edit(sim, parked, "Still not working, floor 2"))
    post(sim.text(ASHA, "1"))
    assert in_(two[1])[-1] == "Still not working, floor 2"
    placed = Message.objects.get(text="Still not working, floor 2")
    assert [each["text"] for each in placed.before] == ["Still not working"]


def test_a_change_without_words_is_noted_as_such(ticket, post, sim):
    post(edit(sim, secret(), ""))
    assert Message.objects.filter(visibility="internal", text__startswith="Changed this message").exists()
    assert secret().text == "The password is swordfish"
