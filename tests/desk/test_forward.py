"""The form that sends parts of a ticket to a supplier: what it offers, what it refuses, and taking back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from deskbell.channels.actions import add_channel
from deskbell.events.actor import SYSTEM
from deskbell.files.models import Blob
from deskbell.people.actions import change_company, create_role, grant
from deskbell.people.models import Role, User
from deskbell.tickets import actions, content
from deskbell.tickets.actions.forwarding import supplier_answer
from deskbell.tickets.content import Content
from deskbell.tickets.forwards import Forward
from deskbell.tickets.models import Attachment, Draft, HeldReply, Message, Ticket
from tests.desk.conftest import World
from tests.desk.test_writing import KEY, send

PARTS = "parts@fuser.example"


def address(ticket: Ticket) -> str:
    return reverse("desk:forward", args=[ticket.number])


def form(client: Client, ticket: Ticket, **query: Any) -> str:
    response = client.get(address(ticket), query)
    assert response.status_code == 200
    return response.content.decode()


def forward(client: Client, ticket: Ticket, **given: Any) -> Any:
    fields = {"to": PARTS, "subject": "Fwd: Printer", "text": "Have you got one?", **given}
    return client.post(address(ticket), {name: each for name, each in fields.items() if each is not None})


def checked(page: str) -> set[str]:
    """`name=id` of the boxes that are ticked."""
    parts = page.split('<input type="checkbox" name="')[1:]
    boxes = [part.partition(">")[0] for part in parts]
    return {
        f"{box.partition(chr(34))[0]}={box.partition('value=')[2].split(chr(34))[1]}"
        for box in boxes
        if box.endswith(" checked")
    }


@pytest.fixture
def ticket(world: World) -> Ticket:
    """The customer wrote twice, once with a file; between them stand a reply and a note."""
    ticket = world.ticket(text="It burns.")
    actions.reply(ticket, Content.markdown("Have you tried water?"), by=world.agent)
    actions.note(ticket, Content.markdown("He is angry"), by=world.agent)
    file = actions.upload(SimpleUploadedFile("photo.txt", b"smoke"), filename="photo.txt", by=world.customer)
    actions.customer_reply(ticket, Content.markdown("It is wet now.", uploads=[file.pk]), by=world.customer)
    return ticket


def message(ticket: Ticket, text: str) -> Message:
    return ticket.messages.get(text=text)


# --- what it offers -----------------------------------------------------------------------------


def test_the_customers_latest_message_is_chosen_and_no_internal_one_ever(
    ticket: Ticket, desk: Client
) -> None:
    latest, note = message(ticket, "It is wet now."), message(ticket, "He is angry")
    first = message(ticket, "It burns.")
    page = form(desk, ticket)
    assert checked(page) == {f"messages={latest.pk}"}
    assert all(each.text in page for each in ticket.messages.all())
    assert "photo.txt" in page and 'value="Fwd: Printer is on fire"' in page
    assert checked(form(desk, ticket, message=first.pk)) == {f"messages={first.pk}"}
    assert checked(form(desk, ticket, message=note.pk)) == set()


def test_redacted_messages_and_files_and_those_with_a_virus_are_not_offered(
    world: World, ticket: Ticket, desk: Client
) -> None:
    first, latest = message(ticket, "It burns."), message(ticket, "It is wet now.")
    actions.redact_message(first, by=world.admin)
    file = latest.attachments.get()
    Blob.objects.filter(pk=file.blob_id).update(scan=Blob.Scan.INFECTED)
    page = form(desk, ticket)
    assert f'name="messages" value="{first.pk}"' not in page
    assert f'name="messages" value="{latest.pk}"' in page and "photo.txt" not in page
    for given in ({"messages": [first.pk]}, {"attachments": [file.pk]}):
        response = forward(desk, ticket, **given)
        assert response.status_code == 422
        assert (
            "no longer here" in response.content.decode() and "Have you got one?" in response.content.decode()
        )
    assert not Message.objects.filter(kind="forward").exists()


def test_an_old_message_of_a_long_ticket_is_offered_to_who_comes_from_it(
    world: World, desk: Client, django_assert_max_num_queries: Any
) -> None:
    ticket = world.ticket(text="The very first")
    actions.customer_reply(ticket, Content.markdown("The latest"), by=world.customer)
    for n in range(55):
        actions.note(ticket, Content.markdown(f"Note {n}"), by=world.agent)
    first = ticket.messages.order_by("pk")[0]
    page = form(desk, ticket)
    assert "The very first" not in page and "The latest" in page and "Note 54" in page
    with django_assert_max_num_queries(30):
        page = form(desk, ticket, message=first.pk)
    assert checked(page) == {f"messages={first.pk}"}


def test_addresses_used_before_and_known_people_are_offered(
    world: World, ticket: Ticket, desk: Client
) -> None:
    other = world.ticket()
    actions.forward(other, Forward(to=["Old@Other.example"], text="x"), by=world.agent)
    actions.forward(ticket, Forward(to=[PARTS], text="x"), by=world.agent)
    page = form(desk, ticket)
    assert page.index(f'<option value="{PARTS}">') < page.index('<option value="Old@Other.example">')

    def offered(typed: str) -> list[str]:
        response = desk.get(reverse("desk:forward-addresses", args=[ticket.number]), {"to": typed})
        return [part.partition('"')[0] for part in response.content.decode().split('<option value="')[1:]]

    assert offered("ole") == ["ole@elsewhere.example"]
    assert offered(f"{PARTS}, other") == [f"{PARTS}, Old@Other.example"]
    assert offered("nobody-of-this-name") == []


def test_what_others_asked_suppliers_is_offered_to_who_sees_it(
    world: World, sign_in: Callable[[User], Client]
) -> None:
    mine = world.ticket(team=world.team, source="phone", by=world.agent)
    actions.forward(world.ticket(), Forward(to=[PARTS], text="x"), by=world.agent)
    assert PARTS not in form(sign_in(world.networker), mine)


# --- what it sends ------------------------------------------------------------------------------


def test_it_becomes_an_internal_message_that_says_what_went_to_whom(ticket: Ticket, desk: Client) -> None:
    latest = message(ticket, "It is wet now.")
    file = latest.attachments.get()
    response = forward(
        desk, ticket, to=f"{PARTS}; {PARTS.upper()}", messages=[latest.pk], attachments=[file.pk]
    )
    sent = Message.objects.get(kind="forward")
    assert response["Location"] == f"{ticket.get_absolute_url()}#message-{sent.pk}"
    assert (sent.to, sent.subject, sent.text) == ([PARTS], "Fwd: Printer", "Have you got one?")
    page = desk.get(ticket.get_absolute_url()).content.decode()
    card = page[page.index(f'id="message-{sent.pk}"') :]
    assert "Forwarded" in card and PARTS in card and f"#message-{latest.pk}" in card and "photo.txt" in card
    trail = desk.get(reverse("desk:audit", args=[ticket.number])).content.decode()
    assert f"forwarded it to {PARTS}" in trail
    assert "forwarded it to" not in page


def test_the_same_form_counts_once(ticket: Ticket, desk: Client) -> None:
    answers = [forward(desk, ticket, once=KEY)["Location"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert Message.objects.filter(kind="forward").count() == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"to": ""}, "Write to whom it goes."),
        ({"to": "parts@"}, "Not an e-mail address: parts@"),
        ({"to": ", ".join(f"p{n}@x.example" for n in range(21))}, "At most twenty people at once."),
        ({"to": "Help@desk.example"}, "This desk has that address itself: Help@desk.example"),
        ({"to": "help+x@desk.example"}, "This desk has that address itself: help+x@desk.example"),
        ({"text": " "}, "Write something, or choose a message or a file to send on."),
        ({"messages": ["1"]}, "no longer here"),
        ({"answers": "1"}, "no longer here"),
    ],
)
def test_bad_input_is_said_beside_its_field_and_loses_nothing(
    ticket: Ticket, desk: Client, given: dict[str, Any], said: str
) -> None:
    add_channel("email", name="Help", address="help@desk.example")
    latest = message(ticket, "It is wet now.")
    file = latest.attachments.get()
    chosen = {} if given.get("text") else {"messages": [latest.pk], "attachments": [file.pk]}
    response = forward(desk, ticket, **{**chosen, **given})
    page = response.content.decode()
    assert response.status_code == 422 and said in page
    assert ("Have you got one?" in page) == ("text" not in given)
    if chosen and "messages" not in given:
        assert checked(page) == {f"messages={latest.pk}", f"attachments={file.pk}"}
    assert not Message.objects.filter(kind="forward").exists()


def test_files_that_do_not_fit_into_a_mail_are_refused(
    ticket: Ticket, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Attachment.objects.get(filename="photo.txt")
    monkeypatch.setattr(content, "FILES_LIMIT", 4)
    response = forward(desk, ticket, attachments=[file.pk])
    assert response.status_code == 422
    assert "The chosen files are 5 B together" in response.content.decode().replace("\xa0", " ")
    monkeypatch.setattr(content, "FILES_LIMIT", 5)
    assert forward(desk, ticket, attachments=[file.pk]).status_code == 302


# --- who may ------------------------------------------------------------------------------------


def test_it_is_a_permission_of_its_own(
    world: World, ticket: Ticket, sign_in: Callable[[User], Client]
) -> None:
    role = Role.objects.get(slug="agent")
    role.permissions.remove("ticket.forward")
    role.save()
    client = sign_in(User.objects.get(pk=world.agent.pk))
    page = client.get(ticket.get_absolute_url()).content.decode()
    assert "Forward" not in page.replace("Forward</dt>", "")
    assert client.get(address(ticket)).status_code == 403
    assert forward(client, ticket).status_code == 403
    only = create_role("Buyer", scope="all", permissions=["ticket.forward"], by=SYSTEM)
    buyer = world.other
    grant(buyer, only.slug)
    client = sign_in(User.objects.get(pk=buyer.pk))
    assert address(ticket) in client.get(ticket.get_absolute_url()).content.decode()
    assert forward(client, ticket).status_code == 302


def test_an_answer_offers_to_answer_it(world: World, ticket: Ticket, desk: Client) -> None:
    sent = actions.forward(ticket, Forward(to=[PARTS], text="x"), by=world.agent)
    answer = Content(text="Yes", markup="plain", subject="Re: [#1.2.00000000-00000000] AW: offer")
    back = supplier_answer(sent, answer, asked=PARTS, by=world.other)
    page = desk.get(ticket.get_absolute_url()).content.decode()
    assert f"{address(ticket)}?answers={back.pk}" in page and "Reply to the supplier" in page
    page = form(desk, ticket, answers=back.pk)
    assert 'value="Re: offer"' in page and checked(page) == set()
    listed = desk.get(reverse("desk:list")).content.decode()
    assert '<span class="row-note">Supplier</span>' in listed


# --- taking back --------------------------------------------------------------------------------


@pytest.fixture
def ten_seconds(world: World) -> None:
    change_company(by=SYSTEM, undo_seconds=10)


@pytest.mark.usefixtures("ten_seconds")
def test_it_leaves_in_a_moment_and_can_be_taken_back_whole(
    world: World, ticket: Ticket, desk: Client
) -> None:
    latest = message(ticket, "It is wet now.")
    file = latest.attachments.get()
    given = {"messages": [latest.pk], "attachments": [file.pk], "to": f"{PARTS}, b@x.example"}
    response = forward(desk, ticket, **given)
    held = HeldReply.objects.get()
    assert response["Location"] == f"{ticket.get_absolute_url()}#held-{held.pk}"
    page = desk.get(ticket.get_absolute_url()).content.decode()
    assert "Leaves in a moment" in page and f"{PARTS}, b@x.example" in page
    back = desk.post(reverse("desk:held-undo", args=[ticket.number, held.pk])).content.decode()
    assert "Taken back: nobody has got it." in back
    assert "Have you got one?" in back and f'value="{PARTS}, b@x.example"' in back
    assert checked(back) == {f"messages={latest.pk}", f"attachments={file.pk}"}
    assert actions.send_held(held.pk) is None
    assert not Draft.objects.exists() and not Message.objects.filter(kind="forward").exists()
    trail = desk.get(reverse("desk:audit", args=[ticket.number])).content.decode()
    assert "took the forward back before it left" in trail and "sent a forward" in trail


@pytest.mark.usefixtures("ten_seconds")
def test_when_it_leaves_it_is_what_was_chosen_and_is_still_there(
    world: World, ticket: Ticket, desk: Client
) -> None:
    first, latest = message(ticket, "It burns."), message(ticket, "It is wet now.")
    forward(desk, ticket, messages=[first.pk, latest.pk])
    actions.redact_message(first, by=world.admin)
    sent = actions.send_held(HeldReply.objects.get().pk)
    assert sent is not None and (sent.kind, sent.visibility) == ("forward", "internal")
    assert sent.details == {"messages": [latest.pk], "files": []}
    assert (sent.author, sent.to) == (world.agent, [PARTS])


@pytest.mark.usefixtures("ten_seconds")
def test_a_colleagues_forward_holds_no_reply_up(world: World, ticket: Ticket, desk: Client) -> None:
    given = Forward(to=[PARTS], text="x")
    actions.hold_forward(ticket, given, by=world.colleague, seconds=10)
    assert send(desk, ticket, text="To the customer").status_code == 302
    assert HeldReply.objects.count() == 2
