"""Forwarding by a program: as on the page, once per key, with every fault named."""

from __future__ import annotations

from deskbell.channels.actions import add_channel
from deskbell.files.actions import store
from deskbell.tickets import actions
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.models import Message
from tests import stories
from tests.api.conftest import refused

PARTS = "parts@fuser.example"


def test_a_forward_is_made_once_and_told_as_on_the_page(calls):
    agent, ticket = stories.staff(), stories.ticket()
    call, first = calls(agent), ticket.messages.get()
    file = NewFile(store(b"plan"), "plan.pdf")
    note = actions.note(ticket, Content(text="n", markup="plain", files=[file]), by=agent)
    body = {
        "to": [PARTS],
        "body": "Have you got **one**?",
        "messages": [first.pk],
        "files": [note.attachments.get().pk],
    }
    path = f"/tickets/{ticket.number}/forwards"
    answers = [call.post(path, body, Idempotency_Key="k") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    made = answers[0].json()
    assert answers[1].json() == made
    sent = Message.objects.get(kind="forward")
    assert (made["id"], made["kind"], made["visibility"], made["to"]) == (
        sent.pk,
        "forward",
        "internal",
        [PARTS],
    )
    assert (made["subject"], made["html"]) == ("Fwd: Printer", sent.html)
    assert sent.details == {"messages": [first.pk], "files": body["files"]}
    back = actions.supplier_answer(
        sent,
        Content(text="Yes", markup="plain", subject="AW: Fwd: Printer"),
        asked=PARTS,
        by=stories.customer(),
    )
    again = call.post(path, {"to": [PARTS], "body": "Send it.", "answers": back.pk}).json()
    assert again["subject"] == "Re: Printer"
    assert Message.objects.get(pk=again["id"]).details["answers"] == back.pk
    customer = calls(ticket.requester)
    kinds = [row["kind"] for row in customer.items(f"/tickets/{ticket.number}/messages")]
    assert kinds == ["human"]


def test_every_fault_is_named(calls):
    call, ticket = calls(stories.staff()), stories.ticket()
    add_channel("email", name="Help", address="help@desk.example")
    other = stories.ticket().messages.get().pk
    path = f"/tickets/{ticket.number}/forwards"
    for body, field in (
        ({"to": []}, "to"),
        ({"to": ["parts@"]}, "to"),
        ({"to": ["help@desk.example"]}, "to"),
        ({"to": [f"p{n}@x.example" for n in range(21)]}, "to"),
        ({"to": [PARTS], "body": " "}, "body"),
        ({"to": [PARTS], "messages": [other]}, "messages"),
        ({"to": [PARTS], "files": [1]}, "files"),
        ({"to": [PARTS], "answers": other}, "answers"),
        ({"to": [PARTS], "bcc": "x"}, "bcc"),
    ):
        refused(call.post(path, {"body": "x", **body}), 422, field)
    assert not Message.objects.filter(kind="forward").exists()


def test_engineers_and_customers_forward_nothing(calls):
    engineer, ticket = stories.staff("engineer"), stories.ticket()
    actions.assign(ticket, engineer, by=stories.staff())
    body = {"to": [PARTS], "body": "x"}
    for person in (engineer, ticket.requester):
        refused(calls(person).post(f"/tickets/{ticket.number}/forwards", body), 403)
    assert not Message.objects.filter(kind="forward").exists()
