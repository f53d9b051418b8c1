"""Whom a customer copies in, and what he learns of them."""

from __future__ import annotations

import pytest

from deskbell.events.models import Event
from deskbell.notifications import recipients
from deskbell.people.models import User
from deskbell.tickets import actions, present, queries
from deskbell.tickets.actions import watching
from deskbell.tickets.content import Content
from deskbell.tickets.models import Ticket, Watcher
from tests.stories import customer, organization, staff, ticket


@pytest.fixture
def company(db):
    return organization("Brightmail")


@pytest.fixture
def asked(company, client) -> Ticket:
    """Of Ada, who is signed in."""
    ada = customer(company, name="Ada Quist")
    client.force_login(ada)
    return ticket(ada)


def copied(asked: Ticket) -> list[str]:
    rows = Watcher.objects.filter(ticket=asked, kind="cc").order_by("pk")
    return list(rows.values_list("user__email", flat=True))


def add(client, asked: Ticket, email: str):
    return client.post(f"/portal/tickets/{asked.number}/copies/", {"email": email})


def page(client, asked: Ticket) -> str:
    return client.get(f"/portal/tickets/{asked.number}/").content.decode()


def test_a_customer_copies_somebody_in_and_takes_him_out_again(client, asked):
    assert add(client, asked, "Kim@Other.example").status_code == 302
    assert copied(asked) == ["kim@other.example"]
    kim = User.objects.get(email="kim@other.example")
    agent = staff()
    actions.reply(asked, Content.markdown("Done."), by=agent)
    assert recipients.customers(asked) == [asked.requester, kim]
    assert client.post(f"/portal/tickets/{asked.number}/copies/{kim.pk}/").status_code == 302
    assert copied(asked) == []
    assert recipients.customers(asked) == [asked.requester]
    assert not Ticket.objects.visible_to(kim).exists()
    told = Event.objects.filter(kind__startswith="ticket.cc_").order_by("pk")
    assert [(event.kind, event.actor_id, event.data) for event in told] == [
        ("ticket.cc_added", asked.requester_id, {"user_id": kim.pk}),
        ("ticket.cc_removed", asked.requester_id, {"user_id": kim.pk}),
    ]


def test_colleagues_are_offered_by_name_and_nobody_else(client, asked, company):
    colleague, stranger = customer(company, name="Bo Lund"), customer(name="Stranger")
    text = page(client, asked)
    assert f'<option value="{colleague.email}">Bo Lund</option>' in text
    assert str(stranger.email) not in text


def test_somebody_outside_is_known_by_the_address_alone(client, asked, company):
    stranger, colleague = customer(name="Secret Name"), customer(company, name="Bo Lund")
    for person in (stranger, colleague):
        add(client, asked, str(person.email))
    text = page(client, asked)
    assert "Secret Name" not in text
    assert str(stranger.email) in text
    assert "copied in Bo Lund" in text
    told = present.events(list(queries.trail(asked, staff=False)), reader=asked.requester)
    assert "Secret Name" not in str(told)
    client.force_login(staff())
    assert "Secret Name" in client.get(f"/desk/tickets/{asked.number}/").content.decode()


def test_people_from_outside_are_limited_and_colleagues_are_not(client, asked, company):
    for n in range(watching.STRANGERS):
        add(client, asked, f"stranger{n}@other.example")
    answer = add(client, asked, "one-too-many@other.example")
    assert answer.status_code == 422
    assert "cannot be copied in" in answer.content.decode()
    assert 'value="one-too-many@other.example"' in answer.content.decode()
    assert not User.objects.filter(email="one-too-many@other.example").exists()
    assert len(copied(asked)) == watching.STRANGERS
    assert add(client, asked, str(customer(company).email)).status_code == 302
    assert add(client, asked, "stranger0@other.example").status_code == 302
    assert len(copied(asked)) == watching.STRANGERS + 1


def test_all_together_are_limited_too(client, asked, company):
    for _ in range(watching.COPIES):
        actions.add_copy(asked, customer(company), by=staff())
    assert add(client, asked, str(customer(company).email)).status_code == 422
    assert len(copied(asked)) == watching.COPIES
    person = actions.copy_address(asked, "by-staff@other.example", by=staff())
    assert person.email in copied(asked)


@pytest.mark.parametrize(
    ("email", "words"),
    [("", "Write an e-mail address."), ("nobody", "Enter a valid e-mail address.")],
)
def test_what_is_no_address_is_said_beside_the_field(client, asked, email, words):
    before = User.objects.count()
    answer = add(client, asked, email)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert User.objects.count() == before
    assert copied(asked) == []


def test_the_requester_is_not_copied_into_his_own_ticket(client, asked):
    answer = add(client, asked, str(asked.requester.email))
    assert "gets every answer anyway" in answer.content.decode()
    assert copied(asked) == []


def test_who_is_only_copied_in_changes_nothing(client, asked):
    bystander = customer()
    actions.add_copy(asked, bystander, by=asked.requester)
    client.force_login(bystander)
    assert "Copy somebody in" not in page(client, asked)
    add(client, asked, "new@other.example")
    client.post(f"/portal/tickets/{asked.number}/copies/{bystander.pk}/")
    assert copied(asked) == [bystander.email]
    assert not User.objects.filter(email="new@other.example").exists()


def test_a_stranger_finds_nothing_to_copy_into(client, asked):
    client.force_login(customer())
    assert add(client, asked, "new@other.example").status_code == 404
    assert copied(asked) == []
