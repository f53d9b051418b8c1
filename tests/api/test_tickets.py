from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deskbell.people import actions as people
from deskbell.people.models import User
from deskbell.tickets import actions
from deskbell.tickets.models import Ticket
from tests import stories
from tests.api.conftest import refused

SHAPE = [
    "number", "subject", "status", "priority", "type", "channel", "queue", "team", "assignee", "requester",
    "organization", "tags", "custom", "due_at", "created_at", "updated_at", "first_responded_at",
    "resolved_at", "merged_into", "version", "url",
]  # fmt: skip


def test_a_ticket_opened_for_a_caller_has_the_promised_shape(calls, settings):
    settings.BASE_URL = "https://desk.example"
    agent = stories.staff()
    team = stories.team("Field")
    made = calls(agent).post(
        "/tickets",
        {
            "subject": "No network",
            "body": "The **switch** is dark.",
            "requester": {"phone": "+49 30 901820", "name": "Lena Hart"},
            "priority": "high",
            "queue": "network",
            "team": "Field",
            "type": "incident",
            "tags": ["vip", "berlin"],
            "custom": {},
        },
    )
    assert made.status_code == 201
    ticket = made.json()
    assert list(ticket) == SHAPE
    row = Ticket.objects.get()
    person = User.objects.get(name="Lena Hart")
    assert ticket["requester"] == {
        "id": person.pk,
        "name": "Lena Hart",
        "email": None,
        "phone": "+4930901820",
    }
    assert ticket["status"] == {"slug": "new", "label": "New", "category": "new"}
    assert ticket["priority"], ticket["type"] == ("high", "incident")
    assert ticket["queue"]["slug"] == "network"
    assert ticket["team"] == {"id": team.pk, "name": "Field"}
    assert ticket["tags"] == ["berlin", "vip"]
    assert ticket["assignee"] is None
    assert ticket["organization"] is None
    assert ticket["created_at"] == row.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert ticket["url"] == f"https://desk.example/desk/tickets/{row.number}/"
    assert row.source == "api"
    assert row.messages.get().author == person
    assert row.messages.get().html == "<p>The <strong>switch</strong> is dark.</p>\n"
    assert calls(agent).get(f"/tickets/{row.number}").json() == ticket


def test_a_customer_opens_tickets_for_himself_alone(calls):
    lena = stories.customer(name="Lena")
    call = calls(lena)
    made = call.post("/tickets", {"subject": "Help", "body": "Please"})
    assert made.json()["requester"]["id"] == lena.pk
    assert made.json()["url"].endswith(f"/portal/tickets/{made.json()['number']}/")
    own = {"email": str(lena.email).upper()}
    assert call.post("/tickets", {"subject": "s", "body": "b", "requester": own}).status_code == 201
    before = User.objects.count(), Ticket.objects.count()
    other = {"email": "somebody@new.example"}
    refused(call.post("/tickets", {"subject": "s", "body": "b", "requester": other}), 403)
    filed = {"subject": "s", "body": "b", "priority": "urgent", "tags": ["x"]}
    refused(call.post("/tickets", filed), 403, "priority", "tags")
    assert (User.objects.count(), Ticket.objects.count()) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"subject": "s"}, "body"),
        ({"subject": "s", "body": "b", "colour": "red"}, "colour"),
        ({"subject": "s", "body": "b", "requester": {}}, "requester"),
        ({"subject": "s", "body": "b", "requester": {"id": 1, "email": "a@b.example"}}, "requester"),
        ({"subject": "s", "body": "b", "requester": {"email": "no address"}}, "requester.email"),
        ({"subject": "s", "body": "b", "requester": {"phone": "030"}}, "requester.phone"),
        ({"subject": "s", "body": "b", "requester": {"id": 999999}}, "requester.id"),
        ({"subject": "s", "body": "b", "queue": "nowhere"}, "queue"),
        ({"subject": "s", "body": "b", "team": 999999}, "team"),
        ({"subject": "s", "body": "b", "type": "wish"}, "type"),
        ({"subject": "s", "body": "b", "due_at": "tomorrow"}, "due_at"),
        ({"subject": "s", "body": "b", "due_at": "2026-01-31T09:00:00"}, "due_at"),
        ({"subject": "s", "body": "b", "custom": {"floor": 3}}, "custom.floor"),
        ({"subject": "s", "body": "b", "uploads": [999999]}, "uploads"),
        ({"subject": "", "body": " "}, "body"),
        ({"subject": "s\0", "body": "b"}, "subject"),
    ],
)
def test_a_ticket_that_makes_no_sense_is_refused_beside_its_field_and_nothing_is_kept(calls, body, field):
    agent = stories.staff()
    before = User.objects.count()
    refused(calls(agent).post("/tickets", body), 422, field)
    assert not Ticket.objects.exists()
    assert User.objects.count() == before


def test_a_change_names_its_values_as_people_do(calls):
    agent, mara, team = stories.staff(), stories.staff(), stories.team("Second line")
    ticket = stories.ticket()
    changed = calls(agent).patch(
        f"/tickets/{ticket.number}",
        {
            "status": "In progress",
            "priority": "urgent",
            "assignee": mara.pk,
            "team": "second line",
            "queue": "Hardware",
            "type": "Incident",
            "tags": ["a"],
            "subject": "New words",
            "due_at": "2026-12-01T09:00:00+01:00",
        },
    )
    assert changed.status_code == 200, changed.content
    told = changed.json()
    assert told["status"] == {"slug": "in-progress", "label": "In progress", "category": "open"}
    assert told["assignee"]["id"] == mara.pk
    assert told["team"]["id"] == team.pk
    assert told["queue"]["slug"] == "hardware"
    assert (told["type"], told["priority"], told["tags"]) == ("incident", "urgent", ["a"])
    assert told["due_at"] == "2026-12-01T08:00:00.000000Z"
    assert told["version"] == 2
    cleared = {"assignee": None, "team": None, "type": None, "due_at": None}
    told = calls(agent).patch(f"/tickets/{ticket.number}", cleared).json()
    assert [told[name] for name in cleared] == [None] * 4
    assert calls(agent).patch(f"/tickets/{ticket.number}", {"assignee": "me"}).json()["assignee"]["id"] == (
        agent.pk
    )
    for given, slug in (
        ("pending", "waiting-for-customer"),
        ("resolved", "resolved"),
        ("on_hold", "waiting-for-third-party"),
    ):
        told = calls(agent).patch(f"/tickets/{ticket.number}", {"status": given}).json()
        assert told["status"]["slug"] == slug


def test_a_stale_version_gets_the_ticket_as_it_stands(calls):
    agent, ticket = stories.staff(), stories.ticket()
    call = calls(agent)
    call.patch(f"/tickets/{ticket.number}", {"priority": "high"})
    problem = refused(
        call.patch(f"/tickets/{ticket.number}", {"priority": "low", "version": 1}), 409, "priority"
    )
    assert problem["ticket"] == call.get(f"/tickets/{ticket.number}").json()
    assert problem["ticket"]["version"] == 2
    other = call.patch(f"/tickets/{ticket.number}", {"tags": ["x"], "version": 1})
    assert (other.status_code, other.json()["version"]) == (200, 3)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "new"}, "status"),
        ({"status": "gone"}, "status"),
        ({"status": None}, "status"),
        ({"priority": "highest"}, "priority"),
        ({"assignee": 2**63}, "assignee.constrained-int"),
        ({"tags": "x"}, "tags"),
        ({"subject": ""}, "subject"),
        ({"custom": {"x": 1}}, "custom.x"),
        ({"number": 7}, "number"),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(calls, change, field):
    agent, ticket = stories.staff(), stories.ticket()
    actions.claim(ticket, by=agent)
    before = calls(agent).get(f"/tickets/{ticket.number}").json()
    response = calls(agent).patch(f"/tickets/{ticket.number}", change)
    assert response.status_code == 422
    assert field in [error["field"] for error in response.json()["errors"]], response.json()
    assert calls(agent).get(f"/tickets/{ticket.number}").json() == before


def test_nobody_is_assigned_who_does_not_work_here(calls):
    agent, ticket = stories.staff(), stories.ticket()
    refused(
        calls(agent).patch(f"/tickets/{ticket.number}", {"assignee": ticket.requester_id}), 422, "assignee"
    )


def test_a_customer_closes_and_reopens_his_ticket_and_changes_nothing_else(calls):
    ticket = stories.ticket()
    call = calls(ticket.requester)
    for change in ({"priority": "urgent"}, {"status": "resolved"}, {"status": "open"}, {}, {"subject": "x"}):
        refused(call.patch(f"/tickets/{ticket.number}", change), 403)
    told = call.patch(f"/tickets/{ticket.number}", {"status": "closed"}).json()
    assert told["status"]["category"] == "closed"
    told = call.patch(f"/tickets/{ticket.number}", {"status": "open"}).json()
    assert told["status"]["slug"] == "reopened"


def test_an_auditor_reads_and_changes_nothing(calls):
    auditor, ticket = stories.staff("auditor"), stories.ticket()
    assert calls(auditor).get(f"/tickets/{ticket.number}").status_code == 200
    for change in ({"priority": "low"}, {"assignee": "me"}, {"assignee": 999999}):
        refused(calls(auditor).patch(f"/tickets/{ticket.number}", change), 403)
    assert stories.fresh(ticket).version == 1


def test_a_customer_is_not_shown_the_desks_own_marks(calls):
    ticket = stories.ticket()
    agent = stories.staff(name="Mara Lind")
    actions.change(ticket, by=agent, tags=["difficult"], team=stories.team(), assignee=agent)
    told = calls(ticket.requester).get(f"/tickets/{ticket.number}").json()
    assert told["tags"] == []
    assert (told["team"], told["due_at"]) == (None, None)
    assert told["assignee"] == {"id": agent.pk, "name": "Mara Lind", "email": None, "phone": None}
    assert told["requester"]["email"] == ticket.requester.email


def test_a_list_is_filtered_sorted_and_paged_with_cursors_bound_to_the_filters(calls):
    agent = stories.staff()
    call = calls(agent)
    numbers = [stories.ticket(priority=1 + n % 2).number for n in range(7)]
    assert [t["number"] for t in call.items("/tickets", limit=2, sort="created")] == numbers[::-1]
    assert [t["number"] for t in call.items("/tickets", priority="low", sort="created")] == numbers[::-2]
    first = call.get("/tickets", limit=2, priority="low").json()
    assert call.get("/tickets", limit=2, priority="low", cursor=first["next"]).status_code == 200
    refused(call.get("/tickets", limit=2, priority="normal", cursor=first["next"]), 422, "cursor")
    refused(calls(stories.staff()).get("/tickets", priority="low", cursor=first["next"]), 422, "cursor")
    refused(call.get("/tickets", cursor="made-up"), 422, "cursor")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"limit": 201}, "limit"),
        ({"limit": 0}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"status": "gone"}, "status"),
        ({"assignee": "Mara"}, "assignee"),
        ({"assignee": "9" * 150}, "assignee"),
        ({"assignee": "9" * 5000}, "assignee"),
        ({"sort": "colour"}, "sort"),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"updated_since": "0001-01-01T00:00:00+14:00"}, "updated_since"),
        ({"created_since": "9999-12-31T23:59:59-14:00"}, "created_since"),
        ({"q": "a\0b"}, "q"),
        ({"channel": "\0"}, "channel"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_beside_its_name(calls, query, field):
    refused(calls(stories.staff()).get("/tickets", **query), 422, field)


def test_words_are_found_in_lists(calls):
    wanted = stories.ticket(text="The toner leaks")
    stories.ticket(text="The paper jams")
    found = calls(stories.staff()).items("/tickets", q="toner")
    assert [ticket["number"] for ticket in found] == [wanted.number]


@pytest.mark.slow
def test_a_list_costs_the_same_queries_for_three_tickets_and_for_thirty(calls):
    agent = stories.staff()
    call = calls(agent)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert call.get("/tickets", limit=50).status_code == 200
        return len(captured)

    for n in range(3):
        stories.ticket(
            requester=stories.customer(stories.organization()), tags=[f"t{n}"], assignee=agent, by=agent
        )
    call.get("/me")
    few = queries()
    for n in range(27):
        stories.ticket(requester=stories.customer(), tags=[f"u{n}"], by=agent)
    assert queries() == few <= 10


def test_the_timeline_tells_staff_everything_and_a_customer_what_is_meant_for_him(calls):
    ticket, agent = stories.ticket(), stories.staff(name="Mara Lind")
    actions.change(ticket, by=agent, priority=4)
    actions.change(ticket, by=agent, subject="Better words")
    actions.resolve(ticket, by=agent)
    told = calls(agent).items(f"/tickets/{ticket.number}/events", limit=2)
    assert [event["kind"] for event in told] == [
        "ticket.message_added",
        "ticket.opened",
        "ticket.priority_changed",
        "ticket.subject_changed",
        "ticket.status_changed",
    ]
    assert told[3]["data"] == {"version": 3, "before": "Printer", "after": "Better words"}
    assert told[3]["actor"] == {"kind": "user", "id": agent.pk, "name": "Mara Lind"}
    public = calls(ticket.requester).items(f"/tickets/{ticket.number}/events")
    assert public == [told[0], told[1], told[3], told[4]]


def test_what_one_may_not_see_is_not_there(calls):
    ticket = stories.ticket()
    stranger = calls(stories.customer())
    for path in ("", "/messages", "/events"):
        refused(stranger.get(f"/tickets/{ticket.number}{path}"), 404)
    refused(stranger.patch(f"/tickets/{ticket.number}", {"status": "closed"}), 404)
    body = {"body": "x", "visibility": "public"}
    refused(stranger.post(f"/tickets/{ticket.number}/messages", body), 404)
    assert stranger.items("/tickets") == []


def test_an_agent_of_one_team_sees_his_teams_tickets_alone(calls):
    team = stories.team()
    mine, other = stories.ticket(team=team), stories.ticket()
    call = calls(stories.staff("agent", team=team))
    assert [ticket["number"] for ticket in call.items("/tickets")] == [mine.number]
    refused(call.get(f"/tickets/{other.number}"), 404)


def test_a_token_of_somebody_who_was_deactivated_is_worth_nothing(calls):
    agent = stories.staff()
    call = calls(agent)
    assert call.get("/me").status_code == 200
    people.deactivate(agent, by=stories.staff("owner"))
    refused(call.get("/me"), 401)
