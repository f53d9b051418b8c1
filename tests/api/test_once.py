from __future__ import annotations

from deskbell.tickets.models import Attachment, Message, Ticket
from tests import stories
from tests.api.conftest import refused


def test_the_same_key_and_body_happen_once_and_get_the_first_answer(calls):
    call = calls(stories.staff())
    body = {"subject": "s", "body": "b", "requester": {"email": "lena@example.com"}}
    first = call.post("/tickets", body, Idempotency_Key="k1")
    number = first.json()["number"]
    call.patch(f"/tickets/{number}", {"priority": "urgent"})
    second = call.post("/tickets", body, Idempotency_Key="k1")
    assert (second.status_code, second.json()) == (201, first.json())
    assert Ticket.objects.count() == 1


def test_the_same_key_for_something_else_is_refused(calls):
    call = calls(stories.staff())
    call.post("/tickets", {"subject": "s", "body": "b"}, Idempotency_Key="k1")
    refused(call.post("/tickets", {"subject": "s", "body": "other"}, Idempotency_Key="k1"), 422)
    number = Ticket.objects.get().number
    body = {"body": "x", "visibility": "public"}
    refused(call.post(f"/tickets/{number}/messages", body, Idempotency_Key="k1"), 422)
    assert (Ticket.objects.count(), Message.objects.count()) == (1, 1)


def test_keys_of_two_tokens_have_nothing_to_do_with_each_other(calls):
    for agent in (stories.staff(), stories.staff()):
        call = calls(agent)
        assert call.post("/tickets", {"subject": "s", "body": "b"}, Idempotency_Key="1").status_code == 201
    assert Ticket.objects.count() == 2


def test_a_refusal_uses_no_key_up(calls):
    call, ticket = calls(stories.staff()), stories.ticket()
    path = f"/tickets/{ticket.number}/messages"
    refused(call.post(path, {"body": " ", "visibility": "public"}, Idempotency_Key="k"), 422, "body")
    assert call.post(path, {"body": "x", "visibility": "public"}, Idempotency_Key="k").status_code == 201


def test_a_key_too_long_is_refused(calls):
    call = calls(stories.staff())
    for key in ("k" * 201, "", "ключ"):
        refused(
            call.post("/tickets", {"subject": "s", "body": "b"}, Idempotency_Key=key), 422, "Idempotency-Key"
        )
    assert not Ticket.objects.exists()


def test_an_upload_sent_twice_is_one_file(calls):
    call = calls(stories.staff())
    first = call.upload(b"words", "a.txt", Idempotency_Key="k")
    assert call.upload(b"words", "a.txt", Idempotency_Key="k").json() == first.json()
    refused(call.upload(b"other", "a.txt", Idempotency_Key="k"), 422)
    assert Attachment.objects.count() == 1
