"""An answer that waits until the customer writes in his closed chat."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deskbell.people.models import User
from deskbell.tickets import actions as tickets
from deskbell.tickets.actions import held
from deskbell.tickets.content import Content
from deskbell.tickets.jobs import send_overdue
from deskbell.tickets.models import Conversation, Draft, HeldReply, Message, Ticket
from tests.channels.chatting import ASHA, work
from tests.channels.test_whatsapp import ticket  # noqa: F401 - a fixture
from tests.stories import fresh, staff


@pytest.fixture
def shut(ticket) -> Ticket:  # noqa: F811
    """A ticket whose customer wrote more than a day ago."""
    Conversation.objects.update(open_until=timezone.now() - timedelta(hours=1))
    return fresh(ticket)


def hold(shut: Ticket, words: str, by: User, **more: Any) -> HeldReply:
    return tickets.hold_reply(fresh(shut), Content.markdown(words), by=by, seconds=None, **more)


def jobs() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select (args ->> 'conversation_id')::int from procrastinate_jobs"
            " where task_name = 'tickets.send_waiting' order by id"
        )
        return [row[0] for row in cursor.fetchall()]


def run_jobs() -> None:
    for conversation_id in jobs():
        held.send_waiting(conversation_id)


def test_it_leaves_in_its_order_and_once_when_the_customer_writes(shut, sim, post):
    agent = staff()
    hold(shut, "First", agent)
    hold(shut, "Second", staff())
    assert (HeldReply.objects.count(), sim.sent, jobs()) == (2, [], [])
    send_overdue(timestamp=0)
    assert HeldReply.objects.count() == 2
    post(sim.text(ASHA, "Are you there?"))
    run_jobs()
    run_jobs()
    work()
    assert [sent.text for sent in sim.sent] == ["First", "Second"]
    sent = Message.objects.filter(direction="out").order_by("pk")
    assert list(sent.values_list("text", flat=True)) == ["First", "Second"]
    whole = fresh(shut)
    assert whole.waiting_since is not None
    assert whole.first_responded_at == Message.objects.get(text="First").created_at


def test_a_lost_job_is_made_up_for_within_the_minute(shut, sim, post):
    hold(shut, "First", staff())
    post(sim.text(ASHA, "Are you there?"))
    send_overdue(timestamp=0)
    work()
    assert [sent.text for sent in sim.sent] == ["First"]


def test_taken_back_it_never_leaves(shut, sim, post):
    agent, colleague = staff(), staff()
    mine, other = hold(shut, "Mine", agent), hold(shut, "Other", agent)
    tickets.take_back(mine.pk, shut, by=agent)
    tickets.take_back(other.pk, shut, by=colleague)
    assert Draft.objects.get(user=agent).text == "Other\n\nMine"
    post(sim.text(ASHA, "Are you there?"))
    run_jobs()
    work()
    assert sim.sent == []
    with pytest.raises(tickets.LeftAlready):
        tickets.take_back(mine.pk, shut, by=agent)


@pytest.mark.parametrize("end", [tickets.close, tickets.resolve, tickets.trash, tickets.mark_spam])
def test_a_ticket_that_was_ended_sends_nothing_though_the_customer_opens_it_again(shut, sim, post, end):
    agent = staff()
    hold(shut, "Too late", agent)
    end(shut, by=agent)
    assert not HeldReply.objects.exists()
    assert Draft.objects.get(user=agent).text == "Too late"
    post(sim.text(ASHA, "It is broken again"))
    run_jobs()
    work()
    assert not Message.objects.filter(text="Too late").exists()


def test_a_merge_gives_it_back_in_the_ticket_it_went_to(shut, sim, post):
    agent = staff()
    hold(shut, "Not yet", agent)
    whole = tickets.open_ticket(
        requester=shut.requester, subject="x", content=Content.markdown("y"), by=shut.requester, source="web"
    )
    tickets.merge(shut, whole, by=agent)
    assert Draft.objects.get(user=agent).ticket_id == whole.pk


def test_an_open_chat_has_nothing_to_wait_for(ticket):  # noqa: F811
    with pytest.raises(tickets.NothingToWaitFor):
        hold(ticket, "Now", staff())
    assert not HeldReply.objects.exists()


def test_on_the_page_it_is_chosen_seen_and_changed(shut, client: Client):
    agent, colleague = staff(name="Mara"), staff(name="Tom")
    client.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(shut.get_absolute_url()).content.decode()
    assert '<option value="hold" selected>' in page
    form = {"text": "When you are back", "visibility": "public", "then": "keep", "way": "hold"}
    client.post(reverse("desk:messages", args=[shut.number]), form)
    waiting = HeldReply.objects.get()
    assert waiting.leaves_at is None
    for user in (agent, colleague):
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        page = client.get(shut.get_absolute_url()).content.decode()
        assert "Waits for the customer" in page
        assert "When you are back" in page
        assert "Take back" in page
    client.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    undone = client.post(reverse("desk:held-undo", args=[shut.number, waiting.pk]))
    assert "When you are back</textarea>" in undone.content.decode()
    assert '<option value="hold" selected>' in undone.content.decode()
    assert not HeldReply.objects.exists()


def test_who_chose_to_wait_while_the_customer_wrote_is_told(ticket, client: Client):  # noqa: F811
    client.force_login(staff(), backend="allauth.account.auth_backends.AuthenticationBackend")
    form = {"text": "When you are back", "visibility": "public", "then": "keep", "way": "hold"}
    answer = client.post(reverse("desk:messages", args=[ticket.number]), form)
    assert answer.status_code == 422
    assert "The customer has just written" in answer.content.decode()
    assert "When you are back" in answer.content.decode()
