"""A number that stays in the app of a phone: what is written there is the desk's answer, and never sent."""

from __future__ import annotations

import pytest

from deskbell.channels.actions import whatsapp_health
from deskbell.channels.models import EarlyStatus, InboundItem, PastMessage, Webhook
from deskbell.events.models import Event
from deskbell.outbox.models import OutboxItem
from deskbell.tickets import actions as tickets
from deskbell.tickets.models import Message, Ticket
from tests.channels.chatting import ASHA, answer, hear, only_ticket, work
from tests.stories import customer, fresh, staff


@pytest.fixture
def ticket(post, sim) -> Ticket:
    post(sim.text(ASHA, "The printer", name="Asha"))
    return only_ticket()


def test_what_is_written_on_the_phone_answers_the_ticket_and_is_not_sent(ticket, number, sim, mailoutbox):
    tickets.add_copy(ticket, customer(name="Copied"), by=staff("owner"))
    work()
    echo = sim.on_our_phone(ASHA, "Turn it off and on")
    for _again in range(2):
        hear(number, sim.echoes(echo))
    work()
    message = Message.objects.get(text="Turn it off and on")
    assert (message.direction, message.visibility, message.author) == ("out", "public", None)
    after = fresh(ticket)
    assert (after.category, after.waiting_since) == ("open", None)
    assert after.first_responded_at is not None and after.last_direction == "out"
    assert sim.sent == [] and not OutboxItem.objects.filter(kind__startswith="ticket.reply").exists()
    assert [mail.to for mail in mailoutbox if "off and on" in mail.body] == []
    assert list(InboundItem.objects.order_by("pk").values_list("state", "reason")) == [
        ("ticketed", "new"),
        ("added", "phone"),
        ("duplicate", "same_message"),
    ]


def test_a_customer_who_wrote_after_it_still_waits(ticket, number, sim, post):
    echo = {**sim.on_our_phone(ASHA, "One moment"), "timestamp": str(int(sim.now()) - 600)}
    post(sim.text(ASHA, "Hurry"))
    hear(number, sim.echoes(echo))
    assert fresh(ticket).waiting_since is not None


def test_the_page_says_that_it_was_written_on_the_phone(ticket, number, sim, client):
    hear(number, sim.echoes(sim.on_our_phone(ASHA, "Turn it off and on")))
    client.force_login(staff("agent"))
    text = client.get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert "On our phone" in text and "sent on the phone" in text


def test_edits_and_deletions_on_the_phone_are_noted(ticket, number, sim):
    echo = sim.on_our_phone(ASHA, "Turn it on")
    hear(number, sim.echoes(echo))
    edit = {**sim.on_our_phone(ASHA, ""), "type": "edit"}
    edit["edit"] = {"original_message_id": echo["id"], "message": {"type": "text", "text": {"body": "Off"}}}
    revoke = {**sim.on_our_phone(ASHA, ""), "type": "revoke", "revoke": {"original_message_id": echo["id"]}}
    hear(number, sim.echoes(edit, revoke))
    message = Message.objects.get(external_id=echo["id"])
    assert (message.text, [each["text"] for each in message.before]) == ("Off", ["Turn it on"])
    assert message.taken_back and not Message.objects.filter(visibility="internal").exists()


def test_what_has_no_ticket_opens_none(number, sim):
    hear(number, sim.echoes(sim.on_our_phone("919810000009", "Hi there")))
    assert Ticket.objects.count() == 0
    assert InboundItem.objects.get().reason == "phone_alone"


def test_what_the_desk_sent_itself_is_no_news(ticket, number, sim):
    answer(ticket, "From the desk")
    echo = {**sim.on_our_phone(ASHA, "From the desk"), "id": sim.sent[0].wamid}
    hear(number, sim.echoes(echo))
    assert Message.objects.filter(text="From the desk").count() == 1


def test_states_of_what_was_written_on_the_phone_are_no_riddle(ticket, number, sim, post):
    echo = sim.on_our_phone(ASHA, "Turn it on")
    hear(number, sim.echoes(echo))
    post(statuses=[{"id": echo["id"], "status": "read", "timestamp": "1"}])
    assert not EarlyStatus.objects.exists()


# --- earlier chats ------------------------------------------------------------------------------


def history(sim, who: str, *words: str) -> dict:
    messages = [
        {"id": f"wamid.H{n}", "from": who if n % 2 else "15550001111", "timestamp": str(1_790_000_000 + n)}
        | {"type": "text", "text": {"body": text}}
        for n, text in enumerate(words)
    ]
    return sim.change("history", {"history": [{"threads": [{"id": who, "messages": messages}]}]})


def test_earlier_chats_are_kept_for_people_we_know_and_open_nothing(ticket, number, sim, client):
    for _again in range(2):
        hear(number, history(sim, ASHA, "Good morning", "The toner is empty"))
    hear(number, history(sim, "919810000009", "Private"))
    assert list(PastMessage.objects.order_by("written_at").values_list("ours", "text")) == [
        (True, "Good morning"),
        (False, "The toner is empty"),
    ]
    assert Ticket.objects.count() == 1 and InboundItem.objects.count() == 1
    client.force_login(staff("agent"))
    shown = client.get(f"/desk/people/{ticket.requester_id}/").content.decode()
    assert "The toner is empty" in shown
    stranger = client.get(f"/desk/people/{customer().pk}/").content.decode()
    assert "The toner is empty" not in stranger


def test_a_refusal_of_earlier_chats_is_noted(number, sim):
    refused = {"history": [{"errors": [{"code": 2593109, "title": "History sharing was declined"}]}]}
    hear(number, sim.change("history", refused))
    assert "History sharing was declined" in Webhook.objects.get().problem


def test_the_address_book_of_the_phone_is_left_alone(number, sim):
    hear(number, sim.change("smb_app_state_sync", {"state_sync": [{"type": "contact"}]}))
    assert Webhook.objects.get().problem == ""


# --- the link to the phone ----------------------------------------------------------------------


def test_a_number_that_was_let_go_stands_still_until_it_is_joined_again(ticket, number, sim):
    hear(number, sim.change("account_update", {"event": "PARTNER_REMOVED"}))
    number.refresh_from_db()
    assert (number.state, number.last_error[:24]) == ("down", "The partner of Meta by w")
    whatsapp_health.look_after_those_down()
    number.refresh_from_db()
    assert number.state == "down"
    answer(ticket)
    assert sim.sent == []
    hear(number, sim.change("account_update", {"event": "ACCOUNT_RECONNECTED"}))
    number.refresh_from_db()
    assert (number.state, number.last_error) == ("ok", "")
    assert Event.objects.filter(kind="channel.told").count() == 2
    work()
    assert len(sim.sent) == 1


def test_other_news_of_the_account_changes_nothing(number, sim):
    hear(number, sim.change("account_update", {"event": "VERIFIED_ACCOUNT"}))
    number.refresh_from_db()
    assert number.state == "ok"
