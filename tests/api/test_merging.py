"""Merging, splitting and moving by a program."""

from __future__ import annotations

from deskbell.people.actions import create_user
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Ticket
from tests import stories
from tests.api.conftest import refused


def test_merged_and_back(calls):
    agent, person = stories.staff(), stories.customer()
    here, whole = stories.ticket(person), stories.ticket(person)
    call, path = calls(agent), f"/tickets/{here.number}/merge"
    for _ in range(2):
        answer = call.post(path, {"into": whole.number})
        assert (answer.status_code, answer.json()["number"]) == (200, whole.number)
    assert call.get(f"/tickets/{here.number}").json()["merged_into"] == whole.number
    assert len(call.items(f"/tickets/{whole.number}/messages")) == 2
    assert call.items(f"/tickets/{here.number}/messages") == []
    words = {"body": "Hello", "visibility": "public"}
    problem = refused(call.post(f"/tickets/{here.number}/messages", words), 409)
    assert (problem["type"], problem["merged_into"]) == ("urn:deskbell:problem:ticket-merged", whole.number)
    his = calls(person).post(f"/tickets/{here.number}/messages", words)
    assert his.json()["ticket"] == whole.number
    back = call("DELETE", path)
    assert (back.status_code, back.json()["merged_into"]) == (200, None)
    assert len(call.items(f"/tickets/{here.number}/messages")) == 1
    assert len(call.items(f"/tickets/{whole.number}/messages")) == 2
    assert refused(call("DELETE", path), 409)["type"].endswith("not-mergeable-not-merged")


def test_what_cannot_be_merged_says_why(calls):
    call = calls(stories.staff())
    here, foreign = stories.ticket(), stories.ticket()
    path = f"/tickets/{here.number}/merge"
    assert refused(call.post(path, {"into": foreign.number}), 409)["type"].endswith("not-mergeable-customer")
    assert refused(call.post(path, {"into": here.number}), 409)["type"].endswith("not-mergeable-same")
    refused(call.post(path, {"into": 999999}), 404)
    assert call.post(path, {"into": foreign.number, "share": True}).status_code == 200
    auditor = calls(create_user("audit@desk.example", name="A", role="auditor"))
    refused(auditor.post(path, {"into": here.number}), 403)


def test_a_split_is_made_once_and_messages_move(calls):
    agent, person = stories.staff(), stories.customer()
    here, other = stories.ticket(person), stories.ticket(person)
    second = actions.customer_reply(here, Content.markdown("My screen is black."), by=person)
    call, path = calls(agent), f"/tickets/{here.number}"
    body = {"messages": [second.pk], "subject": "Screen"}
    made = [call.post(f"{path}/splits", body, Idempotency_Key="k") for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    number = made[0].json()["number"]
    assert made[1].json()["number"] == number
    assert Ticket.objects.count() == 3
    assert [row["id"] for row in call.items(f"/tickets/{number}/messages")] == [second.pk]
    refused(call.post(f"{path}/splits", body), 422, "messages")
    refused(call.post(f"/tickets/{number}/splits", body), 422, "messages")
    third = actions.note(Ticket.objects.get(number=number), Content.markdown("Which?"), by=agent)
    moved = call.post(f"/tickets/{number}/moves", {"messages": [second.pk], "to": other.number})
    assert (moved.status_code, moved.json()["number"]) == (200, other.number)
    foreign = stories.ticket()
    refused(call.post(f"{path}/moves", {"messages": [third.pk], "to": foreign.number}), 422, "to")
