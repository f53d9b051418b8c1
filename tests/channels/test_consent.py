"""STOP and START, agreement to templates, numbers that are blocked, and too much at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from deskbell.channels import queries
from deskbell.channels.actions import BadSender, consent, list_sender, replay, whatsapp_health
from deskbell.channels.models import ChatConsent, InboundItem, MessageTemplate
from deskbell.channels.whatsapp import templates
from deskbell.channels.whatsapp.outgoing import put_template
from deskbell.channels.whatsapp.statuses import match_early
from deskbell.demo.whatsapp.sim import options_of
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.outbox.models import OutboxItem
from deskbell.people import actions as people
from deskbell.tickets.models import Conversation, Message, Ticket
from tests.channels.chatting import ASHA, answer, hear, only_ticket, read, work
from tests.stories import fresh, staff


@pytest.fixture
def ticket(post, sim) -> Ticket:
    post(sim.text(ASHA, "The printer", name="Asha"))
    return only_ticket()


def closed(ticket: Ticket) -> str:
    Conversation.objects.update(open_until=timezone.now())
    return f"/desk/tickets/{ticket.number}/"


@pytest.mark.parametrize("word", ["STOP", "stopp!", " Baja ", "PARAR", "arrêt"])
def test_stop_ends_templates_is_confirmed_once_and_opens_nothing(ticket, number, post, sim, client, word):
    whatsapp_health.sync_templates(number)
    for _again in range(2):
        post(sim.text(ASHA, word))
    work()
    (sent,) = sim.sent
    assert sent.body["interactive"]["body"]["text"].startswith("You will get no more notices")
    assert options_of(sent.body["interactive"]) == [("consent:start", "Send them again", "")]
    assert Ticket.objects.count() == 1
    assert Message.objects.latest("pk").visibility == "internal"
    assert InboundItem.objects.latest("pk").reason == "stop"
    path = closed(ticket)
    client.force_login(staff("agent"))
    assert "Wants no templates" in client.get(path).content.decode()
    assert f"{path}template/" not in client.get(path).content.decode()
    row = MessageTemplate.objects.get(name="ticket_status_changed")
    values = {"template": row.pk, "body_ticket": "#1", "body_state": "done"}
    refused = client.post(f"{path}template/", values)
    assert refused.status_code == 422 and "The customer wrote STOP" in refused.content.decode()
    assert Message.objects.filter(direction="out").count() == 0


def test_stop_within_a_sentence_is_a_sentence(ticket, post, sim):
    post(sim.text(ASHA, "Stop the update please"))
    assert Message.objects.latest("pk").visibility == "public"
    assert not consent.is_stopped(Conversation.objects.get())


@pytest.mark.parametrize("how", ["word", "button"])
def test_start_takes_it_back(ticket, post, sim, how):
    post(sim.text(ASHA, "STOP"))
    back = (
        sim.text(ASHA, "Start")
        if how == "word"
        else sim.choice(ASHA, "w", "consent:start", "x", kind="button")
    )
    post(back)
    assert not consent.is_stopped(Conversation.objects.get())
    assert list(ChatConsent.objects.order_by("pk").values_list("given", "source")) == [
        (True, "wrote"),
        (False, "word"),
        (True, "word"),
    ]
    assert Event.objects.filter(kind="user.consent_changed", about_id=ticket.requester_id).count() == 3
    work()
    assert sim.sent[-1].text.startswith("You will get our notices here again")


def test_start_without_a_stop_is_a_word_like_others(ticket, post, sim):
    post(sim.text(ASHA, "Start"))
    assert Message.objects.latest("pk").text == "Start"
    assert Message.objects.latest("pk").visibility == "public"


def test_a_template_that_waited_is_not_sent_after_a_stop(ticket, number, post, sim):
    from django.db import transaction

    whatsapp_health.sync_templates(number)
    row = MessageTemplate.objects.get(name="ticket_status_changed")
    node = templates.to_send(row, {"body_ticket": "#7", "body_state": "done"})
    chat = Conversation.objects.get()
    with transaction.atomic():
        put_template(chat, kind="x", cause=("x", 1), ticket_id=ticket.pk, template=node)
    post(sim.text(ASHA, "STOP"))
    work()
    item = OutboxItem.objects.get(kind="x")
    assert (item.state, item.error_code) == ("failed", "stopped")
    assert [sent.body["type"] for sent in sim.sent] == ["interactive"]


def test_free_answers_go_on_after_a_stop(ticket, post, sim):
    post(sim.text(ASHA, "STOP"))
    answer(ticket, "Understood")
    assert sim.sent[-1].text == "Understood"


def test_who_wrote_to_us_has_agreed_with_evidence(ticket, post, sim):
    row = ChatConsent.objects.get()
    assert (row.given, row.source) == (True, "wrote")
    assert row.evidence == Message.objects.get().external_id


def test_who_never_wrote_gets_a_template_only_once_somebody_noted_how_he_agreed(ticket, number, client):
    whatsapp_health.sync_templates(number)
    ChatConsent.objects.all().delete()
    Conversation.objects.update(last_in_at=None)
    path = closed(ticket)
    agent = staff("agent")
    client.force_login(agent)
    assert "Nobody has noted yet" in client.get(f"{path}template/").content.decode()
    assert client.post(f"{path}template/", {"how": ""}).status_code == 422
    assert client.post(f"{path}template/", {"how": "by phone on Monday"}).status_code == 302
    row = ChatConsent.objects.get()
    assert (row.source, row.evidence, row.by) == ("agent", "by phone on Monday", agent)
    assert "ticket_status_changed" in client.get(f"{path}template/").content.decode()


def test_nobody_here_takes_a_stop_back(ticket, post, sim, client):
    post(sim.text(ASHA, "STOP"))
    client.force_login(staff("agent"))
    client.post(f"{closed(ticket)}template/", {"how": "he said so"})
    with pytest.raises(consent.Stopped):
        consent.record(Conversation.objects.get(), how="he said so", by=staff("agent"))
    assert consent.is_stopped(Conversation.objects.get())


def test_whatsapp_s_own_setting_stops_advertising_alone(ticket, number, sim):
    told = {"wa_id": ASHA, "category": "marketing_messages", "value": "stop", "timestamp": "1"}
    for _again in range(2):
        hear(number, sim.change("user_preferences", {"user_preferences": [told]}))
    chat = Conversation.objects.get()
    assert consent.refusal(chat, "MARKETING") and not consent.refusal(chat, "UTILITY")
    assert ChatConsent.objects.filter(purpose="marketing").count() == 1


# --- blocked, and too much ----------------------------------------------------------------------


def test_a_blocked_number_opens_nothing_and_is_kept(number, post, sim):
    list_sender("+91 98100 00001", kind="block", by=SYSTEM)
    post(sim.text(ASHA, "Buy this"))
    assert (Ticket.objects.count(), InboundItem.objects.get().reason) == (0, "sender_blocked")
    assert queries.sender_of(InboundItem.objects.get()) == f"+{ASHA}"


def test_a_blocked_number_is_known_in_its_other_spelling(number, post, sim):
    list_sender("+55 11 98765-4321", kind="block", by=SYSTEM)
    post(sim.text("551187654321", "Buy this"))
    assert Ticket.objects.count() == 0


def test_the_number_of_somebody_who_works_here_cannot_be_blocked(db):
    agent = staff("agent")
    people.add_identity(agent, "phone", f"+{ASHA}", by=SYSTEM)
    with pytest.raises(BadSender):
        list_sender(f"+{ASHA}", kind="block", by=SYSTEM)
    with pytest.raises(BadSender):
        list_sender("0151 234", kind="block", by=SYSTEM)


def test_more_than_thirty_messages_within_ten_minutes_are_held_back_and_can_be_let_in(
    ticket, number, post, sim
):
    post(*(sim.text(ASHA, f"line {n}") for n in range(31)))
    held = InboundItem.objects.filter(state="quarantined")
    assert [item.reason for item in held] == ["flood"] * 2
    assert Message.objects.count() == 30
    assert queries.totals()["balanced"]
    replay(held.first().pk, by=staff("owner"))
    read()
    assert Message.objects.count() == 31
    later = {**sim.text(ASHA, "later")}
    Message.objects.update(sent_at=timezone.now() - timedelta(minutes=11))
    post(later)
    assert Message.objects.latest("pk").text == "later"


def test_a_number_may_take_in_all_and_a_welcome_one_is_never_held_back(ticket, number, post, sim):
    number.whatsapp.most_at_once = 2
    number.whatsapp.save()
    list_sender(f"+{ASHA}", kind="allow", by=SYSTEM)
    post(*(sim.text(ASHA, f"line {n}") for n in range(5)))
    assert not InboundItem.objects.filter(state="quarantined").exists()


def test_old_messages_that_come_late_are_no_flood(ticket, number, post, sim):
    number.whatsapp.most_at_once = 3
    number.whatsapp.save()
    begin = int(sim.now()) - 6000
    post(*({**sim.text(ASHA, f"line {n}"), "timestamp": str(begin + n * 600)} for n in range(8)))
    assert not InboundItem.objects.filter(state="quarantined").exists()
    match_early()
    assert fresh(ticket).category == "new"
