"""A reply leaves a moment after it was sent. Until then its writer may take it back; no customer sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.outbox.models import OutboxItem
from deskbell.people.actions import change_company
from deskbell.people.models import User
from deskbell.search.queries import search
from deskbell.tickets import actions
from deskbell.tickets.actions.held import overdue
from deskbell.tickets.content import Content
from deskbell.tickets.jobs import send_overdue
from deskbell.tickets.models import Attachment, Draft, HeldReply, Message, Ticket
from tests.desk.conftest import HTMX, World
from tests.desk.test_writing import KEY, send

WORDS = "Have you tried zirconium?"


@pytest.fixture(autouse=True)
def ten_seconds(world: World) -> None:
    change_company(by=SYSTEM, undo_seconds=10)


def undo(client: Client, ticket: Ticket, **headers: Any) -> Any:
    return client.post(
        reverse("desk:held-undo", args=[ticket.number, HeldReply.objects.get().pk]), headers=headers
    )


def kinds(ticket: Ticket) -> list[str]:
    about = Event.objects.filter(about_kind="ticket", about_id=ticket.pk).order_by("pk")
    return list(about.values_list("kind", flat=True))


def test_until_it_leaves_only_the_desk_sees_it(
    world: World, desk: Client, sign_in: Callable[[User], Client]
) -> None:
    ticket = world.ticket()
    before = Ticket.objects.values().get(pk=ticket.pk)
    response = send(desk, ticket, text=WORDS, then="resolved")
    held = HeldReply.objects.get()
    assert response["Location"] == f"{ticket.get_absolute_url()}#held-{held.pk}"
    assert held.leaves_at - held.held_at == timedelta(seconds=10)
    assert Ticket.objects.values().get(pk=ticket.pk) == before
    assert ticket.messages.count() == 1
    page = desk.get(ticket.get_absolute_url()).content.decode()
    assert WORDS in page and "Leaves in a moment" in page
    customer = sign_in(world.customer)
    assert WORDS not in customer.get(reverse("portal:ticket", args=[ticket.number])).content.decode()
    assert search(world.agent, "zirconium") == []
    assert not OutboxItem.objects.filter(kind="ticket.reply").exists()


def test_when_it_leaves_it_is_a_message_like_any_other(world: World, desk: Client) -> None:
    ticket = world.ticket()
    send(desk, ticket, text=WORDS, then="resolved", copy="anna@fjord.example")
    held = HeldReply.objects.get()
    message = actions.send_held(held.pk)
    assert message is not None
    assert (message.text, message.author, message.visibility) == (WORDS, world.agent, "public")
    ticket.refresh_from_db()
    assert ticket.category == "resolved"
    assert ticket.first_responded_at == held.held_at
    assert ticket.waiting_since is None
    assert WORDS in desk.get(ticket.get_absolute_url()).content.decode()
    assert [w.user.email for w in ticket.watchers.all()] == ["anna@fjord.example"]
    assert actions.send_held(held.pk) is None
    assert ticket.messages.count() == 2


def test_taken_back_everything_is_in_the_composer_again(world: World, desk: Client) -> None:
    ticket = world.ticket()
    file = SimpleUploadedFile("plan.txt", b"plan")
    send(desk, ticket, text=WORDS, then="resolved", copy="anna@fjord.example", files=[file])
    held = HeldReply.objects.get()
    page = undo(desk, ticket).content.decode()
    assert "Taken back: nobody has got it." in page
    assert WORDS in page and "plan.txt" in page and "anna@fjord.example" in page
    assert not HeldReply.objects.exists()
    assert actions.send_held(held.pk) is None
    ticket.refresh_from_db()
    assert (ticket.messages.count(), ticket.category, ticket.first_responded_at) == (1, "new", None)
    draft = Draft.objects.get()
    assert (draft.user, draft.text, draft.kind) == (world.agent, WORDS, "reply")
    assert kinds(ticket)[-2:] == ["ticket.reply_held", "ticket.reply_taken_back"]
    audit = desk.get(reverse("desk:audit", args=[ticket.number])).content.decode()
    assert "took the reply back before it left" in audit
    send(desk, ticket, text=WORDS, uploads=[Attachment.objects.get().pk])  # and sent after all
    actions.send_held(HeldReply.objects.get().pk)
    assert ticket.messages.order_by("pk").last().attachments.get().filename == "plan.txt"


def test_words_begun_since_are_kept_below_those_taken_back(world: World, desk: Client) -> None:
    ticket = world.ticket()
    send(desk, ticket, text=WORDS)
    actions.keep_draft(world.agent, kind="reply", text="And another thing", ticket=ticket)
    undo(desk, ticket, **HTMX)
    assert Draft.objects.get().text == f"{WORDS}\n\nAnd another thing"


def test_a_second_click_or_one_too_late_changes_nothing(world: World, desk: Client) -> None:
    ticket = world.ticket()
    send(desk, ticket, text=WORDS, once=KEY)
    send(desk, ticket, text=WORDS, once=KEY)
    address = reverse("desk:held-undo", args=[ticket.number, HeldReply.objects.get().pk])
    actions.send_held(HeldReply.objects.get().pk)
    was = kinds(ticket)
    page = desk.post(address, follow=True).content.decode()
    assert "It has left already, or was taken back." in page
    assert kinds(ticket) == was
    assert ticket.messages.count() == 2
    assert not Draft.objects.exists()


def test_only_its_writer_takes_it_back(world: World, desk: Client, sign_in: Callable[[User], Client]) -> None:
    ticket = world.ticket()
    send(desk, ticket, text=WORDS)
    was = kinds(ticket)
    assert undo(sign_in(world.colleague), ticket).status_code == 403
    assert HeldReply.objects.count() == 1
    assert kinds(ticket) == was
    assert "undo-2" not in sign_in(world.colleague).get(ticket.get_absolute_url()).content.decode()


def test_a_colleague_who_answers_the_same_is_told_and_loses_nothing(
    world: World, desk: Client, sign_in: Callable[[User], Client]
) -> None:
    ticket = world.ticket()
    send(desk, ticket, text=WORDS)
    response = send(sign_in(world.colleague), ticket, text="Mine")
    assert response.status_code == 422
    page = response.content.decode()
    assert "Mara has just sent an answer" in page and "Mine" in page
    assert [held.author for held in HeldReply.objects.all()] == [world.agent]


def test_a_customer_who_writes_meanwhile_still_waits(world: World, desk: Client) -> None:
    ticket = world.ticket()
    send(desk, ticket, text=WORDS, then="resolved")
    theirs = actions.customer_reply(ticket, Content.markdown("Wait, it burns again"), by=world.customer)
    actions.send_held(HeldReply.objects.get().pk)
    ticket.refresh_from_db()
    assert ticket.category == "open"
    assert ticket.waiting_since is not None and ticket.waiting_since <= theirs.created_at
    assert [m.text for m in ticket.messages.order_by("pk")][1:] == ["Wait, it burns again", WORDS]


def test_without_its_file_it_is_given_back_instead_of_sent(world: World, desk: Client) -> None:
    ticket = world.ticket()
    send(desk, ticket, text=WORDS, files=[SimpleUploadedFile("plan.txt", b"plan")])
    actions.discard_upload(Attachment.objects.get(), by=world.agent)
    assert actions.send_held(HeldReply.objects.get().pk) is None
    assert not HeldReply.objects.exists()
    assert Draft.objects.get().text == WORDS
    assert ticket.messages.count() == 1
    page = desk.get(ticket.get_absolute_url()).content.decode()
    assert "gave the reply back as a draft: a file of it was gone" in page


def test_a_reply_whose_worker_was_killed_leaves_with_the_next_round(world: World, desk: Client) -> None:
    first, second = world.ticket(), world.ticket()
    send(desk, first, text=WORDS)
    send(desk, second, text=WORDS)
    HeldReply.objects.filter(ticket=first).update(leaves_at=timezone.now() - timedelta(seconds=31))
    assert len(overdue(now=timezone.now())) == 1
    send_overdue(timestamp=0)
    assert list(Message.objects.filter(text=WORDS).values_list("ticket", flat=True)) == [first.pk]
    assert HeldReply.objects.get().ticket == second


def test_with_no_seconds_a_reply_leaves_at_once(world: World, desk: Client) -> None:
    change_company(by=SYSTEM, undo_seconds=0)
    ticket = world.ticket()
    send(desk, ticket, text=WORDS)
    assert ticket.messages.count() == 2
    assert not HeldReply.objects.exists()


def test_a_ticket_deleted_meanwhile_takes_its_reply_along(world: World, desk: Client) -> None:
    ticket = world.ticket()
    send(desk, ticket, text=WORDS)
    held = HeldReply.objects.get()
    ticket.delete()
    assert actions.send_held(held.pk) is None
    assert not HeldReply.objects.exists()
