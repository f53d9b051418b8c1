"""A new ticket for a caller."""

from __future__ import annotations

from typing import Any

from django.test import Client

from deskbell.events.models import Event
from deskbell.people import actions as people
from deskbell.people.models import User
from deskbell.tickets.models import Queue, Ticket
from tests.desk.conftest import HTMX, World

KEY = "abcdefghijklmnop1234"


def open_ticket(client: Client, **given: Any) -> Any:
    fields = {
        "subject": "Till is dead",
        "text": "Since noon.",
        "visibility": "public",
        "source": "phone",
        "queue": Queue.objects.get(slug="hardware").pk,
        "priority": 3,
        "tell": "on",
        "once": KEY,
        **given,
    }
    return client.post("/desk/tickets/new/", fields)


def test_a_caller_who_is_not_known_is_made_with_the_ticket(world: World, desk: Client) -> None:
    response = open_ticket(desk, name="Ida Holm", email="ida@new.example", phone="+44 20 7946 0958")
    ticket = Ticket.objects.get()
    assert response["Location"] == ticket.get_absolute_url()
    assert (ticket.requester.name, ticket.requester.email, ticket.source) == (
        "Ida Holm",
        "ida@new.example",
        "phone",
    )
    assert (ticket.queue.slug, ticket.priority, ticket.messages.get().author) == (
        "hardware",
        3,
        ticket.requester,
    )
    assert ticket.requester.identities.filter(kind="phone", key="+442079460958").exists()
    assert Event.objects.get(kind="ticket.opened").data["tell"] is True


def test_a_known_address_or_number_finds_its_person(world: World, desk: Client) -> None:
    people.add_identity(world.customer, "phone", "+44 20 7946 0958", by=world.agent)
    open_ticket(desk, email="EVA@fjord.example", phone="+442079460958")
    open_ticket(desk, phone="+44 (20) 7946-0958", subject="Second")
    open_ticket(desk, customer=world.customer.pk, subject="Third")
    assert list(Ticket.objects.values_list("requester", flat=True)) == [world.customer.pk] * 3


def test_a_double_click_opens_one_ticket(world: World, desk: Client) -> None:
    first, second = (open_ticket(desk, name="Walk In") for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Ticket.objects.count() == 1
    assert User.objects.filter(name="Walk In").count() == 1


def test_a_note_instead_of_the_customers_words_and_nobody_is_told(world: World, desk: Client) -> None:
    open_ticket(desk, customer=world.customer.pk, visibility="internal", tell="")
    message = Ticket.objects.get().messages.get()
    assert (message.visibility, message.author) == ("internal", world.agent)
    assert Event.objects.get(kind="ticket.opened").data["tell"] is False


def test_bad_input_is_told_beside_the_field_and_nothing_is_made(world: World, desk: Client) -> None:
    known = User.objects.count()
    people.add_identity(world.other, "phone", "+44 20 7946 0958", by=world.agent)
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "Who is it for?"),
        ({"email": "nonsense"}, "This is not an e-mail address."),
        ({"phone": "12"}, "Write the number with its country code"),
        ({"email": "new@x.example", "phone": "+44 20 7946 0958"}, "Another customer has this number."),
        ({"customer": 999_999}, "This customer is no longer here."),
        ({"name": "X", "text": " ", "subject": ""}, "Write a subject or what it is about."),
        ({"name": "X", "uploads": ["5"]}, "A file is no longer here."),
        ({"name": "X", "queue": "none"}, "Select a valid choice."),
    ]
    for given, sentence in cases:
        response = open_ticket(desk, **{"text": "Typed words", **given})
        assert response.status_code == 422, given
        assert sentence in response.content.decode(), given
        if given.get("text") != " ":
            assert "Typed words</textarea>" in response.content.decode(), given
    assert not Ticket.objects.exists()
    assert User.objects.count() == known


def test_typing_finds_people_and_a_click_chooses_one(world: World, desk: Client) -> None:
    headers = {**HTMX, "HX-Trigger-Name": "email"}
    found = desk.get("/desk/people/known/", {"email": "fjord"}, headers=headers).content.decode()
    assert "Eva Brandt" in found and "Ole Nygaard" not in found
    chosen = desk.get(f"/desk/people/known/{world.customer.pk}/", headers=HTMX).content.decode()
    assert f'name="customer" value="{world.customer.pk}"' in chosen
    assert 'name="email"' in desk.get("/desk/people/known/0/", headers=HTMX).content.decode()
    assert desk.get("/desk/people/known/999999/", headers=HTMX).status_code == 404
