"""Programs that follow changes by time never lose one, however late it was committed."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from deskbell.api import paging
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from tests import stories


def test_only_what_changed_since_then_is_listed(calls):
    agent = stories.staff()
    old, new = stories.ticket(), stories.ticket()
    call = calls(agent)
    answer = call.get("/tickets", updated_since=stories.fresh(new).updated_at.isoformat()).json()
    assert [ticket["number"] for ticket in answer["items"]] == [new.number]
    nothing = call.get("/tickets", updated_since=answer["until"]).json()
    assert nothing["items"] == []
    actions.change(old, by=agent, priority=4)
    changed = call.get("/tickets", updated_since=answer["until"]).json()
    assert [ticket["number"] for ticket in changed["items"]] == [old.number]


def test_an_unescaped_plus_in_a_time_is_understood(calls):
    stories.ticket()
    call = calls(stories.staff())
    path = "/api/v1/tickets?updated_since=2020-01-01T00:00:00+00:00"
    assert len(call.client.get(path, headers=call.headers).json()["items"]) == 1


def test_all_pages_of_one_answer_end_at_the_same_moment(calls):
    agent = stories.staff()
    call = calls(agent)
    numbers = [stories.ticket().number for _ in range(5)]
    since = "2020-01-01T00:00:00Z"
    first = call.get("/tickets", updated_since=since, limit=2).json()
    late = stories.ticket()
    second = call.get("/tickets", updated_since=since, limit=2, cursor=first["next"]).json()
    third = call.get("/tickets", updated_since=since, limit=2, cursor=second["next"]).json()
    listed = [ticket["number"] for page in (first, second, third) for ticket in page["items"]]
    assert listed == numbers[::-1]
    assert third["next"] is None
    assert first["until"] == second["until"] == third["until"]
    found = call.get("/tickets", updated_since=first["until"]).json()["items"]
    assert [ticket["number"] for ticket in found] == [late.number]


class Writer(threading.Thread):
    """Changes a ticket in a transaction that stays open until it is told to commit."""

    def __init__(self, act) -> None:
        super().__init__()
        self.act = act
        self.written, self.may_commit = threading.Event(), threading.Event()

    def run(self) -> None:
        try:
            with transaction.atomic():
                self.act()
                self.written.set()
                self.may_commit.wait(20)
        finally:
            self.written.set()
            connection.close()

    def __enter__(self) -> Writer:
        self.start()
        self.written.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self.may_commit.set()
        self.join()


@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_late_is_in_the_next_answer_and_none_before_it_is_lost(calls, monkeypatch):
    monkeypatch.setattr(paging, "PATIENCE", 0.05)
    agent, late, quick = stories.staff(), stories.ticket(), stories.ticket()
    call = calls(agent)
    since = call.get("/tickets", updated_since="2020-01-01T00:00:00Z").json()["until"]
    with Writer(lambda: actions.change(late, by=agent, priority=4)):
        actions.change(quick, by=agent, priority=4)
        during = call.get("/tickets", updated_since=since).json()
    assert during["items"] == []
    after = call.get("/tickets", updated_since=during["until"]).json()
    assert {ticket["number"] for ticket in after["items"]} == {late.number, quick.number}
    newest = max(ticket["updated_at"] for ticket in after["items"])
    assert newest < after["until"]


@pytest.mark.django_db(transaction=True)
def test_an_answer_waits_a_moment_for_what_is_being_written(calls):
    agent, ticket = stories.staff(), stories.ticket()
    call = calls(agent)
    since = call.get("/tickets", updated_since="2020-01-01T00:00:00Z").json()["until"]
    with Writer(lambda: actions.change(ticket, by=agent, priority=4)) as writer:
        threading.Timer(0.1, writer.may_commit.set).start()
        answer = call.get("/tickets", updated_since=since).json()
    assert [item["number"] for item in answer["items"]] == [ticket.number]


@pytest.mark.django_db(transaction=True)
def test_messages_that_commit_late_are_not_lost_either(calls, monkeypatch):
    monkeypatch.setattr(paging, "PATIENCE", 0.05)
    agent, ticket, other = stories.staff(), stories.ticket(), stories.ticket()
    call = calls(agent)
    since = call.get("/messages", since="2020-01-01T00:00:00Z").json()["until"]
    with Writer(lambda: actions.reply(ticket, Content.markdown("late"), by=agent)):
        actions.reply(other, Content.markdown("quick"), by=agent)
        during = call.get("/messages", since=since).json()
    assert during["items"] == []
    after = call.get("/messages", since=during["until"]).json()
    assert [message["text"] for message in after["items"]] == ["late", "quick"]


def test_times_without_a_zone_are_refused():
    with pytest.raises(Exception, match="cannot be taken"):
        paging.time_of("since", "2026-01-01T00:00:00")
    told = paging.time_of("since", "2026-01-01T01:00:00+01:00")
    assert told.isoformat() == "2026-01-01T00:00:00+00:00"


def test_a_customer_does_not_learn_when_staff_wrote_among_themselves(calls):
    agent, older = stories.staff(), stories.ticket()
    newer = stories.ticket(older.requester)
    call = calls(older.requester)
    before = call.get("/tickets", updated_since="2020-01-01T00:00:00Z").json()
    actions.note(older, Content.markdown("among us"), by=agent)
    actions.change(older, by=agent, tags=["secret"])
    for sort in ("updated", "priority"):
        assert [each["number"] for each in call.items("/tickets", sort=sort)] == [newer.number, older.number]
    assert call.get("/tickets", updated_since=before["until"]).json()["items"] == []
    told = {each["number"]: each["updated_at"] for each in call.items("/tickets")}
    assert told == {each["number"]: each["updated_at"] for each in before["items"]}
    actions.reply(older, Content.markdown("for you"), by=agent)
    assert [each["number"] for each in call.items("/tickets")] == [older.number, newer.number]
