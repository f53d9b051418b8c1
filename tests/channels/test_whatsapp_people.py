"""Who writes by WhatsApp: numbers move, get new owners, and are bound to accounts by proof alone."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.utils import timezone

from deskbell.channels.actions.references import make_reference
from deskbell.channels.models import Channel, ChatReference, InboundItem, WhatsAppNumber
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people import actions as people
from deskbell.people.models import Identity, User
from deskbell.tickets.models import Conversation, Message, Ticket
from tests.channels.chatting import ASHA, answer, only_ticket
from tests.stories import customer, fresh

NEW = "919810000077"


def keys(person: User) -> set[str]:
    return set(person.identities.values_list("key", flat=True))


def changed_number(sim, old: str, new: str, **more: str) -> dict:
    node = {"type": "user_changed_number", "wa_id": new, "body": "changed", **more}
    return sim.writes(old, {"type": "system", "system": node})


# --- another number -----------------------------------------------------------------------------


def test_a_number_that_changed_is_his_from_then_on_and_the_old_one_no_more(post, sim):
    post(sim.text(ASHA, "The printer", name="Asha"))
    ticket = only_ticket()
    post(changed_number(sim, ASHA, NEW))
    assert keys(ticket.requester) == {NEW}
    assert Message.objects.latest("pk").visibility == "internal"
    assert f"+{NEW}. The chat goes on there." in Message.objects.latest("pk").text
    post(sim.text(NEW, "Still broken"))
    assert Message.objects.latest("pk").ticket == ticket
    answer(ticket)
    assert sim.sent[-1].body["to"] == f"+{NEW}"
    kinds = Event.objects.filter(about_kind="user", about_id=ticket.requester_id).values_list(
        "kind", flat=True
    )
    assert {"user.identity_added", "user.identity_removed"} <= set(kinds)
    post(sim.text(ASHA, "I got this number yesterday", name="Ravi"))
    assert Message.objects.latest("pk").author != ticket.requester


def test_a_number_that_belongs_to_somebody_else_is_not_joined(post, sim):
    post(sim.text(ASHA, "The printer", name="Asha"), sim.text(NEW, "The VPN", name="Ravi"))
    mine, other = Ticket.objects.order_by("pk")
    post(changed_number(sim, ASHA, NEW))
    assert (keys(mine.requester), keys(other.requester)) == ({ASHA}, {NEW})
    note = Message.objects.filter(ticket=mine).latest("pk")
    assert "which belongs to Ravi here" in note.text


def test_an_id_without_a_number_moves_too(post, sim):
    post(sim.text("", "No number", name="Usha", bsuid="IN.7001"))
    person = only_ticket().requester
    node = {"type": "user_changed_user_id", "previous_user_id": "IN.7001", "user_id": "IN.7002"}
    post(sim.writes("", {"type": "system", "system": node, "from_user_id": "IN.7001"}))
    assert keys(person) == {"IN.7002"}
    post(sim.text("", "Me again", bsuid="IN.7002"))
    assert Message.objects.latest("pk").ticket == only_ticket()


def test_news_of_somebody_unknown_does_nothing(post, sim):
    post(changed_number(sim, ASHA, NEW))
    assert (InboundItem.objects.get().state, User.objects.filter(identities__key=NEW).exists()) == (
        "blocked",
        False,
    )


def test_a_number_that_was_asked_for_is_his_and_any_other_card_is_not(post, sim):
    post(sim.text("", "No number", name="Usha", bsuid="IN.7001"))
    person = only_ticket().requester
    card = {"name": {"formatted_name": "Usha"}, "phones": [{"phone": f"+{NEW}", "wa_id": NEW}]}
    for origin, known in (("other", {"IN.7001"}), ("contact_request", {"IN.7001", NEW})):
        card_of = {"type": "contacts", "contacts": [{**card, "origin": origin}]}
        post(sim.writes("", card_of, bsuid="IN.7001"))
        assert keys(person) == known
    post(sim.text(NEW, "From my number"))
    assert Message.objects.latest("pk").author == person


# --- a number with a new owner ------------------------------------------------------------------


@pytest.fixture
def silent(post, sim) -> Ticket:
    """Asha's ticket, four months old."""
    post(sim.text(ASHA, "My salary list", name="Asha Rao"))
    Conversation.objects.update(last_in_at=timezone.now() - timedelta(days=120))
    return only_ticket()


def test_an_old_number_with_a_wholly_other_name_is_somebody_else(silent, post, sim):
    post(sim.text(ASHA, "Hello, my laptop", name="Ravi Iyer"))
    ticket = Ticket.objects.exclude(pk=silent.pk).get()
    assert ticket.requester != silent.requester
    assert (keys(silent.requester), keys(ticket.requester)) == (set(), {ASHA})
    assert fresh(silent).conversation is None
    assert "It may have a new owner" in Message.objects.filter(ticket=ticket).latest("pk").text
    post(sim.text(ASHA, "And the mouse", name="Ravi Iyer"))
    assert Message.objects.latest("pk").ticket == ticket


@pytest.mark.parametrize("name", ["Asha R.", "asha", "", "👩"])
def test_the_same_or_no_name_is_the_same_person(silent, post, sim, name):
    post(sim.text(ASHA, "Again", name=name))
    assert only_ticket() == silent and keys(silent.requester) == {ASHA}


def test_another_name_before_long_silence_is_the_same_person(post, sim):
    post(sim.text(ASHA, "My salary list", name="Asha Rao"), sim.text(ASHA, "Again", name="Mum"))
    assert Ticket.objects.count() == 1


def test_an_id_that_stayed_says_that_it_is_he(post, sim):
    post(sim.text(ASHA, "My salary list", name="Asha Rao", bsuid="IN.7001"))
    Conversation.objects.update(last_in_at=timezone.now() - timedelta(days=120))
    post(sim.text(ASHA, "Again", name="Boss", bsuid="IN.7001"))
    assert Ticket.objects.count() == 1


# --- bound by proof -----------------------------------------------------------------------------


@pytest.fixture
def lena(db) -> User:
    person = customer(name="Lena Hart")
    people.set_password(person, "long-enough-9", how="made", by=person)
    return person


def hello(sign: str) -> str:
    return f"Hello, this is Lena Hart. [ref:{sign}]"


def test_the_sign_of_the_portal_binds_the_chat_once(lena, post, sim):
    sign = make_reference(lena)
    post(sim.text(ASHA, hello(sign), name="L."))
    ticket = only_ticket()
    assert ticket.requester == lena
    assert (ticket.subject, Message.objects.earliest("pk").text) == ("Hello, this is Lena Hart.",) * 2
    assert "proved on the portal" in Message.objects.latest("pk").text
    assert ASHA in keys(lena)
    post(sim.text(NEW, hello(sign), name="Thief"))
    assert NEW not in keys(lena)
    assert Ticket.objects.latest("pk").requester != lena


@pytest.mark.parametrize("sign", ["AAAAAAAAAAAA", "short", ""])
def test_a_wrong_sign_binds_nothing_and_loses_no_word(lena, post, sim, sign):
    make_reference(lena)
    post(sim.text(ASHA, hello(sign)))
    assert only_ticket().requester != lena
    assert Message.objects.get().text == hello(sign)
    assert ChatReference.objects.get().used_at is None


def test_a_sign_of_yesterday_and_one_that_was_made_anew_bind_nothing(lena, post, sim):
    first = make_reference(lena)
    second = make_reference(lena)
    ChatReference.objects.update(expires_at=timezone.now())
    post(sim.text(ASHA, hello(first)), sim.text(ASHA, hello(second)))
    assert ASHA not in keys(lena)


def test_a_chat_that_had_no_account_is_the_customer_s_from_then_on(lena, post, sim):
    post(sim.text(ASHA, "Who am I?", name="L."))
    stranger = only_ticket().requester
    post(sim.text(ASHA, hello(make_reference(lena))))
    assert (keys(stranger), ASHA in keys(lena)) == (set(), True)


def test_a_number_of_another_customer_is_not_taken_from_him(lena, post, sim):
    other = customer(name="Other")
    people.bind_whatsapp(other, wa_id=ASHA, bsuid="", scope="")
    post(sim.text(ASHA, hello(make_reference(lena))))
    assert only_ticket().requester == other
    assert ASHA not in keys(lena)


def test_the_page_makes_a_link_and_a_picture(lena, number, client):
    client.force_login(lena)
    assert "There is no WhatsApp number" in client.get("/portal/chat/").content.decode()
    assert "/portal/chat/" not in client.get("/portal/").content.decode()
    WhatsAppNumber.objects.update(display_number="+1 555 000 1111")
    assert "/portal/chat/" in client.get("/portal/").content.decode()
    client.get("/portal/chat/")
    assert not ChatReference.objects.exists()
    shown = client.post("/portal/chat/").content.decode()
    link = re.search(r'href="(https://wa\.me/15550001111\?text=[^"]+)"', shown)
    assert link and re.search(r"\[ref:[0-9A-Z]{12}\]$", unquote(link[1]))
    assert 'src="data:image/svg+xml' in shown
    Channel.objects.update(state="off")
    assert "There is no WhatsApp number" in client.post("/portal/chat/").content.decode()


def test_who_comes_back_by_his_bound_number_is_himself(lena, post, sim):
    post(sim.text(ASHA, hello(make_reference(lena))))
    post(sim.text(ASHA, "More"))
    assert only_ticket().requester == lena
    assert Identity.objects.get(key=ASHA).verified_how == "channel"
    assert lena.is_active and SYSTEM
