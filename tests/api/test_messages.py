from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Message
from tests import stories
from tests.api.conftest import refused

SHAPE = [
    "id", "ticket", "direction", "visibility", "kind", "channel", "author", "to", "cc", "subject", "text",
    "new_text", "html", "attachments", "external_id", "in_reply_to", "deliveries", "created_at", "sent_at",
]  # fmt: skip


def test_staff_reply_and_the_customer_reads_and_answers(calls):
    ticket, agent = stories.ticket(), stories.staff(name="Mara Lind")
    path = f"/tickets/{ticket.number}/messages"
    sent = calls(agent).post(
        path, {"body": "Turn it **off**.", "visibility": "public", "status": "waiting-for-customer"}
    )
    assert sent.status_code == 201, sent.content
    message = sent.json()
    assert list(message) == SHAPE
    assert (message["direction"], message["kind"], message["ticket"]) == ("out", "human", ticket.number)
    assert message["html"] == "<p>Turn it <strong>off</strong>.</p>\n"
    assert stories.fresh(ticket).category == "pending"
    customer = calls(ticket.requester)
    back = customer.post(path, {"body": "It works.", "visibility": "public"}).json()
    assert (back["direction"], back["author"]["id"]) == ("in", ticket.requester_id)
    told = customer.items(path, limit=2)
    assert [m["text"] for m in told] == ["The printer is offline.", "Turn it **off**.", "It works."]
    assert told[1]["author"] == {"id": agent.pk, "name": "Mara Lind", "email": None, "phone": None}
    assert told[1]["deliveries"] == []
    assert calls(agent).items(path)[1]["author"]["email"] == agent.email


def test_a_note_is_for_staff(calls):
    ticket, agent = stories.ticket(), stories.staff()
    path = f"/tickets/{ticket.number}/messages"
    note = calls(agent).post(path, {"body": "He is angry.", "visibility": "internal"}).json()
    assert note["visibility"] == "internal"
    customer = calls(ticket.requester)
    assert [m["visibility"] for m in customer.items(path)] == ["public"]
    assert [m["visibility"] for m in customer.items("/messages")] == ["public"]
    refused(customer.post(path, {"body": "x", "visibility": "internal"}), 403)
    refused(customer.post(path, {"body": "x", "visibility": "public", "status": "closed"}), 403)
    assert Message.objects.count() == 2


def test_html_is_cleaned_and_kept_beside_its_text(calls):
    ticket, agent = stories.ticket(), stories.staff()
    path = f"/tickets/{ticket.number}/messages"
    html = '<p onclick="x()">Hello <b>you</b><script>alert(1)</script><img src="https://x.example/p.png"></p>'
    told = calls(agent).post(path, {"body": "", "html": html, "visibility": "public"}).json()
    assert told["text"] == "Hello you"
    assert told["html"] == '<p>Hello <b>you</b><img data-remote-src="https://x.example/p.png"></p>'
    assert Message.objects.get(pk=told["id"]).markup == "mail"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"body": "x"}, "visibility"),
        ({"body": "x", "visibility": "secret"}, "visibility"),
        ({"body": "  ", "visibility": "public"}, "body"),
        ({"body": "x\0", "visibility": "public"}, "body"),
        ({"body": "x", "visibility": "public", "status": "gone"}, "status"),
        ({"body": "x", "visibility": "public", "uploads": [999999]}, "uploads"),
        ({"body": "x", "visibility": "public", "uploads": ["1"]}, "uploads.0"),
        ({"body": "x", "visibility": "public", "to": "a@b.example"}, "to"),
        ({"body": "x" * 500_001, "visibility": "public"}, "body"),
    ],
)
def test_a_message_that_makes_no_sense_is_refused_and_nothing_is_kept(calls, body, field):
    ticket, agent = stories.ticket(), stories.staff()
    refused(calls(agent).post(f"/tickets/{ticket.number}/messages", body), 422, field)
    assert Message.objects.count() == 1


def test_messages_are_found_by_what_the_outside_calls_them(calls):
    ticket, agent = stories.ticket(), stories.staff()
    inside = Content(text="by mail", external_id="<m1@example.com>")
    mail = actions.customer_reply(ticket, inside, by=ticket.requester, channel="email")
    parked = Message.objects.create(
        direction="in", visibility="public", channel="email", text="parked", external_id="<m2@example.com>"
    )
    reply = actions.reply(ticket, Content.markdown("an answer"), by=agent)
    with transaction.atomic():
        outbox.put(
            "email",
            recipient="lena@example.com",
            kind="reply",
            cause=("message", reply.pk),
            payload={},
            ticket_id=ticket.pk,
            external_id="<o1@desk.example>",
        )
    OutboxItem.objects.update(state="failed", error_code="5.1.1", error_text="No such mailbox")
    call = calls(agent)
    for given, wanted in (
        ("<m1@example.com>", mail.pk),
        ("m1@example.com", mail.pk),
        ("<m2@example.com>", parked.pk),
        ("<o1@desk.example>", reply.pk),
    ):
        found = call.items("/messages", external_id=given)
        assert [m["id"] for m in found] == [wanted]
    told = call.items("/messages", external_id="o1@desk.example")[0]["deliveries"][0]
    assert told.pop("at").endswith("Z")
    assert told == {
        "to": "lena@example.com",
        "channel": "email",
        "state": "failed",
        "error": {"code": "5.1.1", "text": "No such mailbox"},
    }
    assert call.items("/messages", external_id="<m2@example.com>")[0]["ticket"] is None
    assert [m["id"] for m in call.items("/messages", channel="email", limit=1)] == [mail.pk, parked.pk]
    customer = calls(ticket.requester)
    assert customer.items("/messages", external_id="<m2@example.com>") == []
    assert customer.items("/messages", external_id="<o1@desk.example>")[0]["deliveries"] == []


@pytest.mark.slow
def test_a_page_of_messages_costs_the_same_queries_for_two_and_for_twenty(calls):
    ticket, agent = stories.ticket(), stories.staff()
    call = calls(agent)
    path = f"/tickets/{ticket.number}/messages"

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert call.get(path).status_code == 200
        return len(captured)

    def talk(times: int) -> None:
        for _ in range(times):
            upload = call.upload(b"words").json()["id"]
            body = {"body": "x", "visibility": "public", "uploads": [upload]}
            assert call.post(path, body).status_code == 201

    talk(2)
    few = queries()
    talk(18)
    assert queries() == few <= 12
