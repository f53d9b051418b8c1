"""Switched off is not sent; what answers a customer always is."""

from __future__ import annotations

import pytest
from django.test import Client

from deskbell.people.models import NotificationChoice, User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Queue
from tests import stories


@pytest.fixture
def agent(house) -> User:
    team = stories.team("First line")
    Queue.objects.filter(slug="support").update(team=team)
    return stories.staff(team=team, name="Mara Lind")


def kinds_to(mails, user: User) -> list[str]:
    return [mail["X-Deskbell-Type"] for mail in mails if user.email in str(mail["To"])]


def switch_off(user: User, *events: str) -> None:
    """Through the form, every other tick left on."""
    client = Client()
    client.force_login(user)
    on = {f"{event}:email": "on" for event in NotificationChoice.Event.values if event not in events}
    assert client.post("/account/notifications/", on).status_code == 302


def test_the_desk_is_told_of_what_it_did_not_switch_off(post, agent):
    lena, boss = stories.customer(), stories.staff("supervisor")
    asked = stories.ticket(lena)
    mails = post()
    actions.assign(asked, agent, by=boss)
    actions.customer_reply(asked, Content.markdown("More."), by=lena)
    assert kinds_to([*mails, *post()], agent) == ["ticket.new", "ticket.assigned", "ticket.customer_replied"]


@pytest.mark.parametrize("event", ["ticket.new", "ticket.assigned", "ticket.customer_replied"])
def test_what_somebody_at_the_desk_switched_off_is_not_sent_to_him(post, agent, event):
    switch_off(agent, event)
    lena, boss = stories.customer(), stories.staff("supervisor")
    asked = stories.ticket(lena)
    mails = post()
    actions.assign(asked, agent, by=boss)
    actions.customer_reply(asked, Content.markdown("More."), by=lena)
    expected = ["ticket.new", "ticket.assigned", "ticket.customer_replied"]
    assert kinds_to([*mails, *post()], agent) == [kind for kind in expected if kind != event]


@pytest.mark.parametrize("event", ["ticket.received", "ticket.resolved"])
def test_what_a_customer_switched_off_is_not_sent_and_the_answer_is(post, agent, event):
    lena = stories.customer()
    switch_off(lena, event)
    asked = stories.ticket(lena)
    actions.reply(asked, Content.markdown("Done."), by=agent)
    actions.resolve(asked, by=agent)
    kinds = kinds_to(post(), lena)
    assert event not in kinds
    assert "ticket.reply" in kinds


@pytest.mark.parametrize(
    ("off", "kinds"),
    [
        ((), ["ticket.copied", "ticket.reply"]),
        (("ticket.copied",), ["ticket.reply"]),
        (("ticket.copy_reply",), ["ticket.copied"]),
    ],
)
def test_somebody_copied_in_chooses_too(post, agent, off, kinds):
    lena, colleague = stories.customer(), stories.customer()
    asked = stories.ticket(lena)
    switch_off(colleague, *off)
    actions.add_copy(asked, colleague, by=agent)
    actions.reply(asked, Content.markdown("Done."), by=agent)
    mails = post()
    assert kinds_to(mails, colleague) == kinds
    assert "ticket.reply" in kinds_to(mails, lena)


def test_the_table_shows_each_what_may_reach_him(client, agent):
    client.force_login(agent)
    page = client.get("/account/notifications/").content.decode()
    assert 'name="ticket.new:email"' in page
    assert "Answers to your own tickets always come by e-mail" in page
    client.force_login(stories.customer())
    page = client.get("/account/notifications/").content.decode()
    assert 'name="ticket.new:email"' not in page
    assert 'name="ticket.resolved:email"' in page
    assert "ticket.reply:" not in page


def test_nothing_is_stored_for_what_was_left_as_it_is(agent):
    switch_off(agent)
    assert not NotificationChoice.objects.exists()
    switch_off(agent, "ticket.new")
    assert list(NotificationChoice.objects.values_list("event", "way", "on")) == [
        ("ticket.new", "email", False)
    ]
    switch_off(agent)
    assert NotificationChoice.objects.get().on is True
