"""Read marks, typing, reactions and quotes in a chat, both ways."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deskbell.channels.actions import presence
from deskbell.channels.models import InboundItem
from deskbell.demo.whatsapp.sim import Rule
from deskbell.events.models import Event
from deskbell.outbox.models import OutboxItem
from deskbell.tickets import actions as tickets
from deskbell.tickets.models import Conversation, HeldReply, Message, Ticket
from tests.channels.chatting import ASHA, answer, only_ticket, work
from tests.stories import customer, fresh, staff


@pytest.fixture
def ticket(post, sim) -> Ticket:
    post(sim.text(ASHA, "The printer", name="Asha"))
    return only_ticket()


@pytest.fixture
def web(client) -> Any:
    client.force_login(staff("agent"))
    return client


def page(client: Any, ticket: Ticket) -> str:
    return client.get(f"/desk/tickets/{ticket.number}/").content.decode()


def shown() -> None:
    """What the worker does with signs."""
    from procrastinate.contrib.django.models import ProcrastinateJob

    jobs = ProcrastinateJob.objects.filter(task_name="channels.whatsapp_show").order_by("pk")
    for job in jobs:
        presence.show(job.args["conversation_id"], typing=job.args["typing"])


# --- read and typing ----------------------------------------------------------------------------


def test_who_opens_the_ticket_turns_the_ticks_blue_once(ticket, post, sim, web):
    first = Message.objects.get().external_id
    page(web, ticket)
    page(web, ticket)
    shown()
    assert sim.read == [first]
    post(sim.text(ASHA, "Hello?"))
    page(web, ticket)
    assert Conversation.objects.get().seen_message_id == Message.objects.latest("pk").pk


def test_who_may_only_read_and_a_number_that_shows_nothing_leave_the_ticks_grey(ticket, number, sim, client):
    client.force_login(staff("auditor"))
    page(client, ticket)
    shown()
    assert sim.read == []
    number.whatsapp.reads = False
    number.whatsapp.save()
    client.force_login(staff("agent"))
    page(client, ticket)
    shown()
    assert sim.read == []


def test_a_read_mark_that_is_refused_harms_nobody(ticket, sim, web):
    page(web, ticket)
    sim.token = "another"
    shown()
    assert sim.read == []


def test_who_writes_is_shown_to_write_at_most_every_twenty_seconds(ticket, sim, web):
    page(web, ticket)
    for words in ("I", "I will", "I will look"):
        web.post(
            f"/desk/tickets/{ticket.number}/draft/", {"visibility": "public", "text": words, "draft": ""}
        )
    assert Conversation.objects.get().typing_at is not None
    shown()
    assert len(sim.typing) == 1
    Conversation.objects.update(typing_at=timezone.now() - timedelta(seconds=21))
    presence.types(fresh(ticket), by=staff("agent"))
    assert Conversation.objects.get().typing_at > timezone.now() - timedelta(seconds=20)


def test_a_note_is_nothing_that_the_customer_is_to_see_written(ticket, sim, web):
    page(web, ticket)
    web.post(f"/desk/tickets/{ticket.number}/draft/", {"visibility": "internal", "text": "hm", "draft": ""})
    assert Conversation.objects.get().typing_at is None


# --- reactions ----------------------------------------------------------------------------------


def test_a_customer_s_reaction_stands_at_our_message_and_goes_again(ticket, post, sim, web):
    ours = answer(ticket)
    wamid = sim.sent[0].wamid
    before = Message.objects.count()
    post(sim.reaction(ASHA, wamid, "👍"))
    ours.refresh_from_db()
    assert ours.details["whatsapp"]["reactions"] == {"theirs": "👍"}
    assert Message.objects.count() == before
    assert "Reaction of the customer" in page(web, ticket)
    item = InboundItem.objects.latest("pk")
    assert (item.reason, item.ticket_id, item.message_id) == ("reaction", ticket.pk, ours.pk)
    post(sim.reaction(ASHA, wamid, ""))
    ours.refresh_from_db()
    assert ours.details["whatsapp"]["reactions"] == {}
    assert [event.data["sign"] for event in Event.objects.filter(kind="ticket.reacted").order_by("pk")] == [
        "👍",
        "",
    ]


def test_an_agent_reacts_once_however_often_he_clicks_and_takes_it_back(ticket, sim, web):
    message = Message.objects.get()
    assert "React to this message" in page(web, ticket)
    for _click in range(2):
        assert web.post(f"/desk/messages/{message.pk}/reaction/", {"sign": "👍"}).status_code == 302
    work()
    web.post(f"/desk/messages/{message.pk}/reaction/", {"sign": ""})
    work()
    node = {"message_id": message.external_id}
    assert [sent.body["reaction"] for sent in sim.sent] == [{**node, "emoji": "👍"}, {**node, "emoji": ""}]
    assert OutboxItem.objects.filter(kind="ticket.reaction").count() == 2


@pytest.mark.parametrize("sign", ["💣", "hello", "👍👍"])
def test_other_signs_are_refused(ticket, web, sign):
    assert web.post(f"/desk/messages/{Message.objects.get().pk}/reaction/", {"sign": sign}).status_code == 404
    assert not OutboxItem.objects.exists()


def test_no_sign_at_our_own_words_nor_in_a_closed_chat(ticket, sim, web):
    ours = answer(ticket)
    assert web.post(f"/desk/messages/{ours.pk}/reaction/", {"sign": "👍"}).status_code == 404
    Conversation.objects.update(open_until=timezone.now())
    first = Message.objects.earliest("pk")
    web.post(f"/desk/messages/{first.pk}/reaction/", {"sign": "👍"})
    assert "reactions" not in Message.objects.get(pk=first.pk).details["whatsapp"]
    assert "React to this message" not in page(web, ticket)


# --- quotes -------------------------------------------------------------------------------------


def reply(client: Any, ticket: Ticket, **more: Any) -> Any:
    values = {"text": "That one", "visibility": "public", "then": "keep", **more}
    return client.post(f"/desk/tickets/{ticket.number}/messages/", values)


def test_an_answer_quotes_the_message_that_was_chosen(ticket, post, sim, web):
    first = Message.objects.get()
    post(sim.text(ASHA, "And the VPN"))
    asked = web.get(f"/desk/tickets/{ticket.number}/?quotes={first.pk}").content.decode()
    assert f'name="quotes" value="{first.pk}"' in asked
    assert reply(web, ticket, quotes=first.pk).status_code == 302
    work()
    assert sim.sent[0].body["context"] == {"message_id": first.external_id}
    assert 'class="message-quote small" href="#message-' in page(web, ticket)


def test_a_foreign_or_internal_message_is_not_quoted(ticket, sim, web):
    foreign = tickets.open_ticket(
        requester=customer(),
        subject="Other",
        content=tickets_content(),
        by=staff("owner"),
        source="web",
    )
    reply(web, ticket, quotes=foreign.messages.get().pk)
    work()
    assert "context" not in sim.sent[0].body


def tickets_content() -> Any:
    from deskbell.tickets.content import Content

    return Content(text="secret", markup="plain", external_id="wamid.secret")


def test_a_quote_survives_the_moment_in_which_a_reply_can_be_taken_back(ticket, sim, web):
    first, agent = Message.objects.get(), staff("agent")
    content = tickets_content().__class__.markdown("That one")
    from dataclasses import replace

    held = tickets.hold_reply(ticket, replace(content, in_reply_to=first.external_id), by=agent, seconds=5)
    assert HeldReply.objects.get().in_reply_to == first.external_id
    tickets.send_held(held.pk)
    work()
    assert sim.sent[0].body["context"] == {"message_id": first.external_id}


def test_what_the_customer_quotes_is_shown_above_his_words(ticket, post, sim, web):
    ours = answer(ticket, "Is it on?")
    post(sim.text(ASHA, "Yes", quotes=sim.sent[0].wamid))
    text = page(web, ticket)
    assert f'<a class="message-quote small" href="#message-{ours.pk}">' in text


def test_a_reaction_that_waits_is_sent_in_its_order_after_what_was_written(ticket, sim, web):
    sim.rules = [Rule(131056)]
    answer(ticket)
    web.post(f"/desk/messages/{Message.objects.earliest('pk').pk}/reaction/", {"sign": "👍"})
    work()
    assert [sent.body["type"] for sent in sim.sent] == []
    OutboxItem.objects.update(next_try_at=timezone.now())
    work()
    OutboxItem.objects.update(next_try_at=timezone.now())
    work()
    assert [sent.body["type"] for sent in sim.sent] == ["text", "reaction"]
