"""Blind copies: each gets a mail of his own, once; only the desk sees to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse

from deskbell.events import deliver, subscribe
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.kit.secrets import unseal
from deskbell.outbox.models import OutboxItem
from deskbell.people.actions import change_company
from deskbell.people.models import User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import HeldReply, Ticket, Watcher
from tests.desk.conftest import World
from tests.desk.test_writing import send

SECRET = "boss@partner.example"


def mails(ticket: Ticket) -> dict[str, dict[str, Any]]:
    """Replies in the outbox, by recipient."""
    for event in Event.objects.order_by("pk"):
        for subscriber in subscribe.later_subscribers(event.kind):
            deliver.deliver_one(event.pk, subscriber.name)
    items = OutboxItem.objects.filter(ticket_id=ticket.pk, kind__startswith="ticket.reply")
    found = {item.recipient: unseal(bytes(item.payload or b"")) | {"kind": item.kind} for item in items}
    assert len(found) == items.count()
    return found


def test_each_gets_a_mail_of_his_own_and_nobody_else_learns_of_it(
    world: World, desk: Client, sign_in: Callable[[User], Client]
) -> None:
    ticket = world.ticket()
    actions.note(ticket, Content.markdown("The customer is angry"), by=world.agent)
    send(desk, ticket, copy="anna@fjord.example", bcc=f"{SECRET}; {SECRET}, eva@fjord.example")
    message = ticket.messages.order_by("pk").last()
    assert message is not None and message.bcc == [SECRET, "eva@fjord.example"]
    sent = mails(ticket)
    assert {who: mail["kind"] for who, mail in sent.items()} == {
        "eva@fjord.example": "ticket.reply",  # the requester gets it openly, and once
        "anna@fjord.example": "ticket.reply",
        SECRET: "ticket.reply_blind",
    }
    blind = sent.pop(SECRET)
    assert "Have you tried water?" in blind["text"] and "Have you tried water?" in blind["html"]
    assert "You got this as a blind copy" in blind["text"]
    for way_in in ("/portal/", "Open the ticket", "angry", "Please write your answer above"):
        assert way_in not in blind["text"] + blind["html"]
    assert all(SECRET not in str(mail) for mail in sent.values())
    assert set(Watcher.objects.values_list("user__email", flat=True)) == {"anna@fjord.example"}
    assert not User.objects.filter(email=SECRET).exists()

    assert SECRET in desk.get(ticket.get_absolute_url()).content.decode()
    customer = sign_in(world.customer)
    for address in (
        reverse("portal:ticket", args=[ticket.number]),
        f"/api/v1/tickets/{ticket.number}",
        f"/api/v1/tickets/{ticket.number}/messages",
    ):
        assert SECRET not in customer.get(address).content.decode()


def test_a_wrong_address_is_said_and_nothing_sent(world: World, desk: Client) -> None:
    ticket = world.ticket()
    response = send(desk, ticket, bcc="boss@", text="Kept words")
    assert response.status_code == 422
    page = response.content.decode()
    assert "Not an e-mail address: boss@" in page and "Kept words" in page
    assert ticket.messages.count() == 1


def test_a_note_goes_to_nobody_whatever_stood_in_the_field(world: World, desk: Client) -> None:
    ticket = world.ticket()
    send(desk, ticket, visibility="internal", bcc=SECRET)
    assert ticket.messages.order_by("pk").last().bcc == []  # type: ignore[union-attr]
    assert mails(ticket) == {}


def test_a_reply_taken_back_brings_the_addresses_back(world: World, desk: Client) -> None:
    change_company(by=SYSTEM, undo_seconds=10)
    ticket = world.ticket()
    send(desk, ticket, bcc=SECRET)
    held = HeldReply.objects.get()
    page = desk.post(reverse("desk:held-undo", args=[ticket.number, held.pk])).content.decode()
    assert f'value="{SECRET}"' in page
    send(desk, ticket, bcc=SECRET)
    message = actions.send_held(HeldReply.objects.get().pk)
    assert message is not None and message.bcc == [SECRET]
