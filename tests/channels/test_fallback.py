"""A WhatsApp Web number is down: customers are answered by a number at the Cloud API, in the same ticket."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deskbell.channels.actions import fallback, whatsapp_health
from deskbell.channels.actions import whatsapp_web as numbers
from deskbell.channels.models import Channel, ChatConsent, DeviceMessage, MessageTemplate, TicketChat
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.outbox.models import OutboxItem
from deskbell.people.actions import change_company, create_token
from deskbell.people.models import Identity
from deskbell.tickets.actions import held as held_replies
from deskbell.tickets.models import Conversation, Draft, HeldReply, Message, Ticket
from tests.channels import chatting
from tests.channels.linking import answer, send_all, work
from tests.stories import fresh, staff
from tests.support.gateway import LID, PN

WORDS = "Please restart it."


@pytest.fixture
def ticket(linked, number, sim, gateway, tell, at_once) -> Ticket:
    """A customer wrote to the linked phone; there is a number at the Cloud API, too."""
    gateway.write("The printer is broken")
    tell()
    return Ticket.objects.get()


@pytest.fixture
def lost(ticket, gateway, tell) -> Ticket:
    gateway.link("LOGGED_OUT")
    tell()
    return fresh(ticket)


@pytest.fixture
def web(client) -> Any:
    client.force_login(staff("agent"))
    return client


def path(ticket: Ticket, what: str = "") -> str:
    return f"/desk/tickets/{ticket.number}/{what}"


def page(client: Any, ticket: Ticket, what: str = "") -> str:
    return client.get(path(ticket, what)).content.decode()


def reply(client: Any, ticket: Ticket, way: str = "cloud", text: str = WORDS) -> Any:
    values = {"text": text, "visibility": "public", "then": "keep", "way": way}
    return client.post(path(ticket, "messages/"), values)


def writes_to_the_api(post: Any, sim: Any, text: str = "I write here, too") -> None:
    post(sim.text(PN, text))


def both() -> None:
    """The worker, for both ways."""
    work()
    chatting.work()


# --- what the composer offers -------------------------------------------------------------------


def test_while_the_link_works_nothing_is_offered(ticket, web):
    shown = page(web, ticket)
    assert 'value="cloud"' not in shown and "template/" not in shown


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("LOGGED_OUT", "The phone has unlinked WhatsApp Web: somebody has to link it again."),
        ("BANNED", "WhatsApp has blocked our number for some time."),
        ("CONFLICT", "Another program uses this WhatsApp Web link"),
        ("paused", "Sending by WhatsApp Web is paused by an administrator."),
        ("off", "The WhatsApp number is switched off."),
    ],
)
def test_it_says_what_is_wrong_and_offers_a_template_where_the_other_window_is_shut(
    ticket, linked, gateway, tell, web, how, said
):
    if how == "paused":
        numbers.pause(linked, paused=True, by=staff("owner"))
    elif how == "off":
        numbers.switch_linked(linked, on=False, by=staff("owner"))
    else:
        gateway.link(how)
        tell()
    shown = page(web, ticket)
    assert said in shown
    assert "Our number WhatsApp can send a template instead" in shown
    assert f'href="{path(ticket, "template/")}"' in shown
    assert f'href="{path(ticket, "whatsapp/")}"' in shown
    assert 'value="cloud"' not in shown


def test_where_the_other_window_is_open_its_number_is_chosen_already(lost, post, sim, web):
    writes_to_the_api(post, sim)
    shown = page(web, lost)
    assert re.search(r'<option value="cloud" selected>WhatsApp · WhatsApp</option>', shown)
    assert '<option value="">WhatsApp Web, when it works again</option>' in shown
    assert "Send a template" not in shown


def test_without_a_number_at_the_api_the_answer_waits_or_ones_own_whatsapp_is_opened(lost, number, web):
    Channel.objects.filter(pk=number.pk).update(state="off")
    shown = page(web, lost)
    assert "What you write waits here and leaves when it works again." in shown
    assert f'href="{path(lost, "whatsapp/")}"' in shown and "Send a template" not in shown
    answered = web.get(path(lost, "template/"))
    assert "No number at WhatsApp’s API is on." in answered.content.decode()


def test_open_pages_hear_when_the_link_falls_and_when_it_is_back(ticket, gateway, tell, web, monkeypatch):
    from deskbell.realtime import hub, topics

    told: list[tuple[list[str], str]] = []
    monkeypatch.setattr(hub, "publish", lambda hearers, notice: told.append((hearers, notice["kind"])))
    assert f'data-live-refresh="{ticket.number},channel."' in page(web, ticket)
    for state in ("CONNECTING", "WORKING"):
        gateway.link(state)
        tell()
    assert told == [([topics.DESK], "channel.link_changed")] * 2
    assert topics.DESK in topics.topics_of(staff("agent"))
    part = web.get(path(ticket, "newest/"), headers={"HX-Request": "true"}).content.decode()
    assert 'id="writing-way"' in part and "data-composer-text" not in part


# --- answering ----------------------------------------------------------------------------------


def test_free_words_leave_by_the_other_number_in_the_same_ticket(lost, post, sim, web, gateway):
    writes_to_the_api(post, sim)
    assert reply(web, lost).status_code == 302
    both()
    (sent,) = sim.sent
    assert (sent.body["to"], sent.body["text"]["body"]) == (f"+{PN}", WORDS)
    assert gateway.handed == []
    message = Message.objects.get(direction="out")
    assert (message.ticket_id, fresh(lost).waiting_since) == (lost.pk, None)
    shown = page(web, lost)
    assert f'translate="no">{sim_name()}</span>' in shown
    # he had another ticket by that number: what he says now is about the one that was answered last
    writes_to_the_api(post, sim, "It works again")
    assert Message.objects.get(text="It works again").ticket_id == lost.pk


def sim_name() -> str:
    return Channel.objects.get(kind="whatsapp-cloud").name


def test_a_template_reaches_a_customer_who_never_wrote_there_and_his_answer_lands_in_the_same_ticket(
    lost, number, post, sim, web, gateway, tell
):
    whatsapp_health.sync_templates(number)
    chosen = MessageTemplate.objects.get(name="ticket_status_changed")
    values = {"template": chosen.pk, "body_ticket": f"#{lost.number}", "body_state": "open"}
    assert "this leaves by our number WhatsApp" in page(web, lost, f"template/?template={chosen.pk}")
    assert web.post(path(lost, "template/"), values).status_code == 302
    both()
    (sent,) = sim.sent
    assert (sent.body["to"], sent.body["template"]["name"]) == (f"+{PN}", "ticket_status_changed")
    assert gateway.handed == []
    chat = Conversation.objects.get(channel_id=number.pk)
    agreed = ChatConsent.objects.get(conversation=chat)
    assert (agreed.given, agreed.source) == (True, "wrote")
    assert fresh(lost).conversation_id != chat.pk
    post(sim.text(PN, "Yes, it is open"))
    ticket = Ticket.objects.get()
    assert [each.text for each in ticket.messages.filter(direction="in")] == [
        "The printer is broken",
        "Yes, it is open",
    ]
    assert ticket.conversation_id == chat.pk
    answer(ticket, "Then we come at two.")
    chatting.work()
    assert sim.sent[-1].body["text"]["body"] == "Then we come at two."
    shown = page(web, ticket)
    assert shown.count(">Front desk phone</span>") == 1  # the first message came by it
    # the phone is linked again, and he writes to it again: the same ticket goes on there
    gateway.scan()
    gateway.write("Are you on your way?")
    tell()
    ticket = Ticket.objects.get()
    assert ticket.conversation is not None and ticket.conversation.channel_id != number.pk
    answer(ticket, "Yes.")
    assert [each["text"] for each in gateway.messages.values()] == ["Yes."]


def test_a_reply_that_can_be_taken_back_leaves_by_the_number_that_was_chosen(lost, post, sim, web):
    change_company(by=SYSTEM, undo_seconds=10)
    writes_to_the_api(post, sim)
    reply(web, lost)
    waiting = HeldReply.objects.get()
    assert held_replies.send_held(waiting.pk) is not None
    both()
    assert [each.body["text"]["body"] for each in sim.sent] == [WORDS]


def test_a_customer_of_a_hidden_id_is_reached_where_his_number_is_known_and_nowhere_else(
    linked, number, sim, gateway, tell, web, at_once
):
    gateway.write("Hello", pn="", lid=LID)
    gateway.link("LOGGED_OUT")
    tell()
    ticket = Ticket.objects.get()
    with pytest.raises(fallback.NoFallback, match="not known"):
        fallback.fallback_of(ticket)
    Identity.objects.create(user=ticket.requester, kind="wa_id", key="491700000001", given="+491700000001")
    assert fallback.fallback_of(ticket).address == "491700000001"


def test_the_chat_of_somebody_else_is_never_used(lost, number, sim):
    from tests.stories import customer

    Conversation.objects.create(channel_id=number.pk, address=PN, person=customer())
    with pytest.raises(fallback.NoFallback, match="not known"):
        fallback.fallback_of(lost)


def test_who_sent_stop_to_the_other_number_gets_no_template(lost, number, post, sim, web):
    whatsapp_health.sync_templates(number)
    writes_to_the_api(post, sim, "STOP")
    Conversation.objects.filter(channel_id=number.pk).update(open_until=timezone.now())
    shown = page(web, lost)
    assert "Wants no templates" in shown and "Send a template" not in shown
    assert "The customer wrote STOP" in page(web, lost, "template/")


# --- refusals -----------------------------------------------------------------------------------


def test_a_link_that_is_back_meanwhile_is_said_and_keeps_every_word(ticket, web, sim):
    refused = reply(web, ticket)
    assert refused.status_code == 422
    shown = refused.content.decode()
    assert "Nothing was sent. WhatsApp Web works: answer in the chat." in shown and WORDS in shown
    assert Message.objects.filter(direction="out").count() == 0


def test_free_words_to_a_window_that_shut_meanwhile_are_refused(lost, number, post, sim, web):
    writes_to_the_api(post, sim)
    Conversation.objects.filter(channel_id=number.pk).update(open_until=timezone.now())
    refused = reply(web, lost)
    assert refused.status_code == 422 and "more than 24 hours ago" in refused.content.decode()
    assert Message.objects.filter(direction="out").count() == 0


# --- what waits for the link --------------------------------------------------------------------


@pytest.fixture
def waiting(lost, post, sim) -> Message:
    """An answer that was written to the linked phone after it fell."""
    message = answer(lost)
    assert OutboxItem.objects.get().error_code == "down"
    return message


def test_nothing_leaves_by_the_other_number_while_an_answer_waits_for_this_one(waiting, post, sim, web, lost):
    writes_to_the_api(post, sim)
    refused = reply(web, lost, text="The same again")
    assert refused.status_code == 422
    assert "An answer still waits for WhatsApp Web: withdraw it first" in refused.content.decode()
    assert f"/desk/messages/{waiting.pk}/withdrawal/" in page(web, lost)
    assert Message.objects.filter(direction="out").count() == 1


def test_withdrawn_it_is_a_draft_the_customer_waits_again_and_it_never_leaves(
    waiting, lost, gateway, tell, web
):
    assert fresh(lost).waiting_since is None
    answered = web.post(f"/desk/messages/{waiting.pk}/withdrawal/", {"by": "draft"}, follow=True)
    assert "Withdrawn: nobody has got it." in answered.content.decode()
    assert Draft.objects.get().text == WORDS
    assert fresh(lost).waiting_since == Message.objects.get(direction="in").created_at
    assert "Withdrawn before it left to" in page(web, lost)
    assert Event.objects.filter(kind="outbox.withdrawn").count() == 1
    assert not Event.objects.filter(kind="outbox.failed").exists()
    gateway.scan()
    tell()
    work()
    assert gateway.handed == []
    again = web.post(f"/desk/messages/{waiting.pk}/withdrawal/", {"by": "draft"}, follow=True)
    assert "nothing was withdrawn" in again.content.decode()


def test_with_its_files_it_leaves_by_the_other_number_in_one_step(lost, post, sim, web, gateway, tell):
    from io import BytesIO

    from deskbell.tickets import actions as tickets

    agent = staff("owner")
    file = tickets.upload(BytesIO(chatting.PNG), filename="plan.png", by=agent)
    message = answer(lost, by=agent, uploads=[file.pk])
    writes_to_the_api(post, sim)
    values = {"by": "cloud"}
    answered = web.post(f"/desk/messages/{message.pk}/withdrawal/", values, follow=True)
    assert "sent by the other number" in answered.content.decode()
    for _part in range(2):
        both()
    assert [each.body["type"] for each in sim.sent] == ["text", "image"]
    gateway.scan()
    tell()
    work()
    assert gateway.handed == []
    states = OutboxItem.objects.order_by("pk").values_list("driver", "state", "error_code")
    withdrawn, sent = ("whatsapp-web", "failed", "withdrawn"), ("whatsapp-cloud", "sent", "")
    assert list(states) == [withdrawn, withdrawn, sent, sent]
    assert Message.objects.filter(direction="out").count() == 1


def test_what_the_gateway_may_have_is_not_withdrawn(ticket, gateway, web):
    gateway.hang_up = True
    message = answer(ticket)
    item = OutboxItem.objects.get()
    assert (item.state, item.error_code) == ("queued", "gateway")
    assert DeviceMessage.objects.filter(item=item.uuid).exists()
    answered = web.post(f"/desk/messages/{message.pk}/withdrawal/", {"by": "draft"}, follow=True)
    assert "nothing was withdrawn" in answered.content.decode()
    gateway.hang_up = False
    send_all()
    assert (len(gateway.messages), len(set(gateway.handed))) == (1, 1)


def test_what_the_gateway_says_it_has_not_taken_can_be_withdrawn(ticket, gateway, web):
    gateway.state["link_state"] = "CONNECTING"  # the desk has not heard it yet
    message = answer(ticket)
    assert OutboxItem.objects.get().error_code == "not_connected"
    web.post(f"/desk/messages/{message.pk}/withdrawal/", {"by": "draft"})
    gateway.state["link_state"] = "WORKING"
    send_all()
    assert (gateway.messages, OutboxItem.objects.get().error_code) == ({}, "withdrawn")


def test_an_engineer_who_does_not_reach_the_ticket_withdraws_nothing(waiting, client):
    client.force_login(staff("engineer"))
    assert client.post(f"/desk/messages/{waiting.pk}/withdrawal/", {"by": "draft"}).status_code == 404
    assert OutboxItem.objects.get().state == "queued"


# --- programs -----------------------------------------------------------------------------------


def call(client: Any, ticket: Ticket, **body: Any) -> Any:
    token = create_token(staff("owner"), name="test", read_only=False)
    return client.post(
        f"/api/v1/tickets/{ticket.number}/messages",
        {"visibility": "public", **body},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )


def test_a_program_answers_by_the_other_number(lost, post, sim, client):
    refused = call(client, lost, body=WORDS, way="cloud")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "chat-closed")
    writes_to_the_api(post, sim)
    assert call(client, lost, body=WORDS, way="cloud").status_code == 201
    both()
    assert [each.body["text"]["body"] for each in sim.sent] == [WORDS]


def test_a_template_of_a_program_goes_the_same_way(lost, number, sim, client):
    whatsapp_health.sync_templates(number)
    values = {"body_ticket": "#1", "body_state": "open"}
    template = {"name": "ticket_status_changed", "values": values}
    assert call(client, lost, template=template).status_code == 201
    both()
    assert [each.body["type"] for each in sim.sent] == ["template"]


def test_a_program_is_told_why_not(ticket, number, client, sim):
    refused = call(client, ticket, body=WORDS, way="cloud")
    assert refused.status_code == 422
    assert "WhatsApp Web works: answer in the chat." in refused.content.decode()
    refused = call(client, ticket, template={"name": "x", "values": {}})
    assert "WhatsApp Web works: answer in the chat." in refused.content.decode()
    Ticket.objects.update(conversation=None)
    refused = call(client, ticket, body=WORDS, way="cloud")
    assert "This customer does not write in a chat." in refused.content.decode()
    assert Message.objects.filter(direction="out").count() == 0


# --- what belongs together ----------------------------------------------------------------------


def test_a_number_with_a_new_owner_is_beside_no_ticket(lost, number, post, sim, web):
    post(sim.text(PN, "I write here, too", name="Asha Rao"))
    reply(web, lost)
    both()
    assert TicketChat.objects.count() == 1
    Conversation.objects.update(last_in_at=timezone.now() - timedelta(days=100))
    Message.objects.filter(direction="in").update(sent_at=timezone.now() - timedelta(days=100))
    Message.objects.update(created_at=timezone.now() - timedelta(days=100))
    post(sim.text(PN, "Who is this?", name="Quentin Marsh"))
    assert TicketChat.objects.count() == 0
