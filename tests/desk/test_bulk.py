"""Several tickets at once: each by its own action and right, resumed after a kill, taken back exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from deskbell.events.models import Event
from deskbell.people.models import User
from deskbell.tickets import actions
from deskbell.tickets.actions import bulk as bulk_actions
from deskbell.tickets.actions.bulk import work_off
from deskbell.tickets.content import Content
from deskbell.tickets.models import BulkChange, BulkItem, Message, Status, Tag, Ticket
from tests.desk.conftest import HTMX, World

KEY = "abcdefghijklmnop1234"
KEPT = (
    "assignee_id",
    "status_id",
    "category",
    "priority",
    "spam",
    "trashed_at",
    "waiting_since",
    "resolved_at",
    "closed_at",
)


def begin(client: Client, tickets: list[Ticket], change: str, **more: Any) -> Any:
    given = {"tickets": [ticket.number for ticket in tickets], "change": change, **more}
    headers = given.pop("headers", {})
    return client.post("/desk/bulk/", given, headers=headers)


def run(client: Client, tickets: list[Ticket], change: str, **more: Any) -> BulkChange:
    assert begin(client, tickets, change, **more).status_code == 302
    bulk = BulkChange.objects.latest("pk")
    work_off(bulk.pk)
    bulk.refresh_from_db()
    return bulk


def shown(client: Client, bulk: BulkChange) -> str:
    return client.get(f"/desk/bulk/{bulk.pk}/", headers=HTMX).content.decode()


def undo(client: Client, bulk: BulkChange) -> str:
    client.post(f"/desk/bulk/{bulk.pk}/undo/")
    work_off(bulk.pk)
    return shown(client, bulk)


def facts(tickets: list[Ticket]) -> list[tuple]:
    rows = Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).order_by("pk")
    return [
        (*(getattr(row, name) for name in KEPT), sorted(row.tags.values_list("name", flat=True)))
        for row in rows
    ]


def status(slug: str) -> int:
    return Status.objects.get(slug=slug).pk


def changes(world: World) -> dict[str, tuple[str, dict[str, str]]]:
    return {
        "assign": (f"assign:{world.colleague.pk}", {}),
        "nobody": ("assign:", {}),
        "resolved": (f"status:{status('resolved')}", {}),
        "closed": (f"status:{status('closed')}", {}),
        "priority": ("priority:4", {}),
        "tag": ("tag", {"tag": "Fire"}),
        "spam": ("spam", {}),
        "no_spam": ("no_spam", {}),
        "trash": ("trash", {}),
        "restore": ("restore", {}),
    }


@pytest.mark.parametrize(
    "what",
    ["assign", "nobody", "resolved", "closed", "priority", "tag", "spam", "no_spam", "trash", "restore"],
)
def test_undoing_puts_back_exactly_what_was_changed(world: World, desk: Client, what: str) -> None:
    fresh, busy, ended = (world.ticket(name, tags=["fire"] if name == "busy" else []) for name in "abc")
    busy = actions.assign(world.ticket("busy", tags=["fire"]), world.agent, by=world.agent)
    actions.customer_reply(busy, Content.markdown("still"), by=world.customer)
    actions.customer_reply(busy, Content.markdown("really"), by=world.customer)
    actions.resolve(ended, by=world.agent)
    spam, gone = actions.mark_spam(world.ticket(), by=world.agent), world.ticket()
    actions.trash(gone, by=world.agent)
    tickets = [fresh, busy, ended, spam, gone]
    before = facts(tickets)
    change, more = changes(world)[what]
    bulk = run(desk, tickets, change, **more)
    changed = BulkItem.objects.filter(bulk=bulk, state="changed").count()
    assert changed > 0
    assert facts(tickets) != before
    assert bulk.state == "done"
    page = undo(desk, bulk)
    assert facts(tickets) == before
    assert "as it was before." in page or f"{changed} are as they were before." in page


def test_every_change_names_the_bulk_as_its_cause(world: World, desk: Client) -> None:
    tickets = [world.ticket(), world.ticket()]
    bulk = run(desk, tickets, "priority:4")
    started = Event.objects.get(kind="bulk.started")
    assert (started.pk, started.data) == (bulk.event_id, {"verb": "priority", "tickets": 2})
    caused = Event.objects.filter(cause_id=bulk.event_id).order_by("pk")
    assert [(event.kind, event.about_id, event.actor_id) for event in caused] == [
        ("ticket.priority_changed", ticket.pk, world.agent.pk) for ticket in tickets
    ]
    undo(desk, bulk)
    assert Event.objects.filter(cause_id=Event.objects.get(kind="bulk.undone").pk).count() == 2


def test_a_ticket_changed_since_is_left_alone_and_said(world: World, desk: Client) -> None:
    touched, quiet, answered = world.ticket(), world.ticket(), world.ticket()
    bulk = run(desk, [touched, quiet, answered], "priority:4")
    actions.change(touched, by=world.colleague, priority=1)
    actions.note(answered, Content.markdown("only words"), by=world.colleague)
    page = undo(desk, bulk)
    assert "2 are as they were before." in page
    assert "1 left alone: somebody has changed it since." in page
    assert list(Ticket.objects.order_by("pk").values_list("priority", flat=True)) == [1, 2, 2]
    whole = desk.get(f"/desk/bulk/{bulk.pk}/").content.decode()
    assert f"#{touched.number}" in whole and f"#{quiet.number}" not in whole


def test_rights_are_asked_of_each_ticket(world: World, sign_in: Callable[[User], Client]) -> None:
    ours, ours_too = world.ticket(team=world.team), world.ticket(team=world.team)
    foreign = world.ticket("secret subject")
    client = sign_in(world.networker)
    bulk = run(client, [ours, ours_too, foreign], "priority:4")
    assert BulkItem.objects.filter(bulk=bulk).count() == 2  # what one does not see is not there
    assert Ticket.objects.get(pk=foreign.pk).priority == 2

    begin(client, [ours, ours_too], "priority:1")
    actions.change(ours, by=world.admin, team=None)
    later = BulkChange.objects.latest("pk")
    work_off(later.pk)
    page = shown(client, later)
    assert "1 changed." in page and "1 not: you may not do this there." in page
    assert [Ticket.objects.get(pk=t.pk).priority for t in (ours, ours_too)] == [4, 1]
    whole = client.get(f"/desk/bulk/{later.pk}/").content.decode()
    assert f"#{ours.number}" not in whole  # nor is its subject told any more


@pytest.mark.parametrize("undoing", [False, True])
def test_who_loses_his_rights_while_it_runs_changes_nothing_more(
    world: World, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch, undoing: bool
) -> None:
    tickets = [world.ticket(), world.ticket()]
    client = sign_in(world.agent)
    if undoing:
        bulk = run(client, tickets, "priority:4")
        client.post(f"/desk/bulk/{bulk.pk}/undo/")
    else:
        begin(client, tickets, "priority:4")
        bulk = BulkChange.objects.latest("pk")
    whole, done = bulk_actions._one, []

    def one(*given: Any) -> None:
        whole(*given)
        if not done:
            world.agent.grants.all().delete()
        done.append(1)

    monkeypatch.setattr(bulk_actions, "_one", one)
    work_off(bulk.pk)
    states = list(bulk.items.order_by("ticket_id").values_list("state", "reason"))
    first = ("undone", "") if undoing else ("changed", "")
    assert states == [first, ("kept" if undoing else "refused", "not_allowed")]
    priorities = Ticket.objects.filter(pk__in=[each.pk for each in tickets]).order_by("pk")
    assert list(priorities.values_list("priority", flat=True)) == ([2, 4] if undoing else [4, 2])


def test_an_auditor_begins_nothing(world: World, sign_in: Callable[[User], Client]) -> None:
    ticket, client = world.ticket(), sign_in(world.auditor)
    before = Event.objects.count()
    assert begin(client, [ticket], "priority:4").status_code == 403
    assert (BulkChange.objects.count(), Event.objects.count()) == (0, before)
    assert "data-select" not in client.get("/desk/").content.decode()


def test_those_that_are_so_already_are_counted_apart(world: World, desk: Client) -> None:
    tickets = [world.ticket(), world.ticket(priority=4)]
    bulk = run(desk, tickets, "priority:4")
    page = shown(desk, bulk)
    assert "1 changed." in page and "1 was so already." in page


def test_a_double_click_is_one_change(world: World, desk: Client) -> None:
    ticket = world.ticket()
    first = begin(desk, [ticket], "tag", tag="x", once=KEY)
    second = begin(desk, [ticket], "tag", tag="x", once=KEY)
    assert first["Location"] == second["Location"]
    assert BulkChange.objects.count() == 1
    part = begin(desk, [ticket], "tag", tag="x", once=KEY, headers=HTMX).content.decode()
    assert 'id="bulk-once"' in part and KEY not in part  # the next change is another one


def test_a_killed_worker_is_followed_by_one_that_goes_on(world: World, desk: Client) -> None:
    tickets = [world.ticket() for _ in range(5)]
    begin(desk, tickets, "priority:4")
    bulk = BulkChange.objects.get()
    done = BulkItem.objects.filter(bulk=bulk).order_by("pk")[:2]
    for item in done:  # as the first worker left them
        ticket = actions.change(item.ticket, by=world.agent, priority=4)
        BulkItem.objects.filter(pk=item.pk).update(state="changed", version=ticket.version)
    assert "Changing: 2 of 5" in shown(desk, bulk)
    work_off(bulk.pk)
    work_off(bulk.pk)
    assert "5 changed." in shown(desk, bulk)
    assert Event.objects.filter(kind="ticket.priority_changed").count() == 5


def test_undo_is_ones_own_once_and_for_ten_minutes(
    world: World, desk: Client, sign_in: Callable[[User], Client]
) -> None:
    ticket = world.ticket()
    bulk = run(desk, [ticket], "priority:4")
    other = sign_in(world.colleague)
    assert other.get(f"/desk/bulk/{bulk.pk}/").status_code == 404
    assert other.post(f"/desk/bulk/{bulk.pk}/undo/").status_code == 404
    BulkChange.objects.update(finished_at=timezone.now() - timedelta(minutes=10, seconds=1))
    assert "Undo" not in shown(desk, bulk)
    late = desk.post(f"/desk/bulk/{bulk.pk}/undo/", headers=HTMX)
    assert (late.status_code, b"more than ten minutes ago" in late.content) == (422, True)
    assert Ticket.objects.get().priority == 4
    BulkChange.objects.update(finished_at=timezone.now())
    for _ in range(2):
        assert desk.post(f"/desk/bulk/{bulk.pk}/undo/").status_code == 302
    work_off(bulk.pk)
    assert Ticket.objects.get().priority == 2
    assert Event.objects.filter(kind="bulk.undone").count() == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("", "This field is required."),
        ("explode", "Choose what to do with the tickets."),
        ("priority:9", "Select a valid choice."),
        ("status:999999", "Select a valid choice."),
        ("tag", "Write a word for the tag."),
    ],
)
def test_nonsense_changes_nothing(world: World, desk: Client, change: str, sentence: str) -> None:
    answer = begin(desk, [world.ticket()], change, headers=HTMX)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not BulkChange.objects.exists()


def test_no_ticket_or_too_many_are_refused(world: World, desk: Client) -> None:
    nothing = begin(desk, [], "spam", headers=HTMX)
    assert "Select at least one ticket." in nothing.content.decode()
    many = desk.post("/desk/bulk/", {"tickets": list(range(1, 202)), "change": "spam"}, headers=HTMX)
    assert "Select at most 200 tickets at once." in many.content.decode()
    assert not BulkChange.objects.exists()


def test_a_resolution_tells_the_customer_and_its_undoing_does_not(world: World, desk: Client) -> None:
    ticket = world.ticket()
    bulk = run(desk, [ticket], f"status:{status('resolved')}")
    undo(desk, bulk)
    told = (
        Event.objects.filter(kind="ticket.status_changed").order_by("pk").values_list("data__tell", flat=True)
    )
    assert list(told) == [True, False]
    assert Ticket.objects.get(pk=ticket.pk).category == "new"


def test_one_broken_ticket_stops_no_other(world: World, desk: Client) -> None:
    good, broken = world.ticket(), world.ticket()
    bulk = run(desk, [good, broken], f"assign:{world.colleague.pk}")
    BulkItem.objects.filter(ticket=broken).update(before={"assignee": 10**12})
    page = undo(desk, bulk)
    assert "1 is as it was before." in page
    assert "1 not: something went wrong." in page
    assert Tag.objects.count() == 0 and Message.objects.count() == 2
