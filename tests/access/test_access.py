"""Every page and every call, visited as everybody. What may be read and changed stands in table.py."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from deskbell.realtime.topics import topics_of
from deskbell.tickets import listing
from deskbell.tickets.actions.passes import make_pass
from tests.access import visit
from tests.access.headers import faults
from tests.access.table import CALLS, PAGES, Row
from tests.access.world import ALL_SEEING, READERS, ROLES, STAFF, Case, World, ask_a_supplier

#: without the mark a run of this file alone would get no database of its own
pytestmark = pytest.mark.django_db


def test_every_page_and_every_call_has_a_row():
    assert sorted(PAGES) == visit.routes()
    assert sorted(CALLS) == visit.calls()


def visits(world: World, row: Row) -> Iterator[tuple[str, Case]]:
    """Everybody at every ticket with a note, or at one of them where the address names none.

    Those to whom all tickets are alike go to two of them.
    """
    noted = [case for case in world.cases if case.secret]
    for number, case in enumerate(noted if row.each else noted[:1]):
        for role in ROLES:
            if number == 0 or case.whose == "stranger" or role not in ALL_SEEING | {"signed out"}:
                yield role, case


def gives_nothing_away(world: World, role: str, response: Any) -> None:
    content = b"" if response.streaming else response.content
    text = content.decode(errors="replace") + str(dict(response.headers.items()))
    found = [word for word in world.forbidden_words(role) if word in text]
    assert found == [], f"{role} reads {found}"


@pytest.mark.slow
@pytest.mark.parametrize("route", sorted(PAGES))
def test_a_page_opens_for_those_it_is_for(world, visitors, route):
    row = PAGES[route]
    for role, case in visits(world, row):
        _, response = attempt(visitors[role].page, "GET", route, row.values(world, case))
        expected = row.get(world, role, case) if row.get else "no method"
        assert visit.outcome(response) == expected, (role, case.whose, response.status_code)
        gives_nothing_away(world, role, response)
        assert faults(route, response) == [], role


@pytest.mark.slow
@pytest.mark.parametrize("route", sorted(PAGES))
def test_a_form_changes_something_only_for_those_who_may(world, visitors, route):
    row = PAGES[route]
    for role, case in visits(world, row):
        values, body = row.values(world, case), row.body(world, case)
        changed, response = attempt(visitors[role].page, "POST", route, values, body)
        judge(world, row, role, case, changed, response)


@pytest.mark.slow
@pytest.mark.parametrize("call", sorted(CALLS))
def test_a_call_answers_those_it_is_for(world, visitors, call):
    row, (method, address) = CALLS[call], call.split(" ")
    for role, case in visits(world, row):
        path, body = address.format(**row.values(world, case)), json.dumps(row.body(world, case))
        changed, response = attempt(visitors[role].call, method, path, body)
        if method == "GET":
            assert row.get is not None
            assert visit.outcome(response) == row.get(world, role, case), (role, case.whose)
            assert changed == 0
            gives_nothing_away(world, role, response)
        else:
            judge(world, row, role, case, changed, response)


UNPROTECTED = {"api-nothing", "mail_push", "whatsapp_webhook", "whatsapp_web_events"}


@pytest.mark.slow
@pytest.mark.parametrize("route", sorted(set(PAGES) - UNPROTECTED))
def test_a_form_sent_from_another_site_is_refused(world, visitors, route):
    """The browser adds the session by itself, but not the form's token. No page is exempt but that of
    addresses the API does not have, which do nothing for anybody, and those of mail services, WhatsApp and
    gateways, for whom a session counts for nothing (tests/channels/test_push.py, test_whatsapp.py …).
    """
    row = PAGES[route]
    _, case = next(visits(world, row))
    address = reverse(route, kwargs=row.values(world, case))
    for method in ("POST", "DELETE"):
        send = getattr(visitors["owner"].browser(forgery=True), method.lower())
        changed, response = attempt(send, address, row.body(world, case))
        assert (response.status_code, changed) == (403, 0), method
        assert "This form is too old" in response.content.decode()


@pytest.mark.parametrize("call", [call for call in sorted(CALLS) if not call.startswith("GET ")])
def test_a_session_counts_for_nothing_in_the_api(world, visitors, call):
    """So its calls, the only ones without the form's token, need none."""
    row, (method, path) = CALLS[call], call.split(" ")
    _, case = next(visits(world, row))
    address, body = f"/api/v1{path.format(**row.values(world, case))}", json.dumps(row.body(world, case))
    browser = visitors["owner"].browser(forgery=True)
    changed, response = attempt(browser.generic, method, address, body, "application/json")
    assert (response.status_code, changed) == (401, 0)


def attempt(send: Callable[..., Any], *arguments: Any) -> tuple[int, Any]:
    """How many events a request wrote, and its answer; what it did is taken back."""
    before = _events()
    with transaction.atomic():
        response = send(*arguments)
        changed = _events() - before
        transaction.set_rollback(True)
    return changed, response


def _events() -> int:
    """Asked twice for each of thousands of visits: plain SQL is a third of the work."""
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from events_event")
        return int(cursor.fetchone()[0])


def judge(world: World, row: Row, role: str, case: Case, changed: int, response: Any) -> None:
    result = visit.outcome(response)
    where = (role, case.whose, result, response.status_code, response.content[:300])
    gives_nothing_away(world, role, response)
    if row.may is None:
        assert (result, changed) == ("no method", 0), where
    elif row.may(world, role, case):
        assert result in {"open", "sent home"}, where
        assert changed > 0, where
    else:
        assert result != "failed", where
        assert changed == 0, where
        if row.each and not world.sees(role, case):
            assert result in {"hidden", "sign in", "sent home"}, where


# --- lists, counts, search, notices -------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("role", [role for role in ROLES if role != "signed out"])
def test_lists_and_counts_hold_what_one_sees_and_nothing_else(world, visitors, role):
    seen = [case for case in world.cases if world.sees(role, case)]
    notes = [case for case in seen if case.secret and world.sees_notes(role, case)]
    visitor = visitors[role]
    listed = visitor.call("GET", "/tickets", query={"limit": "200"}).json()["items"]
    assert sorted(t["number"] for t in listed) == sorted(case.ticket.number for case in seen)
    messages = visitor.call("GET", "/messages", query={"limit": "200"}).json()["items"]
    internal = [message["kind"] for message in messages if message["visibility"] == "internal"]
    assert sorted(internal) == sorted(["human", "forward", "supplier"] * len(notes))
    assert len(messages) == len(seen) + len(internal)
    counts = listing.counts(world.user(role))
    assert counts["open"] == (len(seen) if role in STAFF else 0)


@pytest.mark.slow
@pytest.mark.parametrize("role", [role for role in ROLES if role != "signed out"])
def test_a_search_finds_what_one_sees_and_nothing_else(world, visitors, role):
    visitor = visitors[role]
    for case in world.cases:
        found = visitor.call("GET", "/tickets", query={"q": case.public}).json()["items"]
        assert [t["number"] for t in found] == ([case.ticket.number] if world.sees(role, case) else [])
        if role in STAFF:
            for word in filter(None, (case.public, case.secret)):
                page = visitor.page("GET", "desk:search", {}, {"q": word}).content.decode()
                assert (case.subject in page) == world.sees(role, case), (case.whose, word)
        if case.secret:
            hidden = visitor.call("GET", "/tickets", query={"q": case.secret}).json()["items"]
            assert hidden == [] or world.sees_notes(role, case)
        tagged = visitor.call("GET", "/tickets", query={"tag": case.tag}).json()["items"]
        known = role in STAFF and world.sees(role, case)
        assert [t["number"] for t in tagged] == ([case.ticket.number] if known else [])


@pytest.mark.slow
@pytest.mark.parametrize("role", sorted(READERS))
def test_what_happened_inside_is_in_no_timeline_of_a_customer(world, visitors, role):
    for case in world.cases:
        if not world.sees(role, case):
            continue
        answer = visitors[role].call("GET", f"/tickets/{case.ticket.number}/events", query={"limit": "200"})
        kinds = [event["kind"] for event in answer.json()["items"]]
        assert kinds == ["ticket.message_added", "ticket.opened"]


@pytest.mark.slow
def test_a_link_shows_its_ticket_and_no_word_of_another_or_of_a_note(world):
    for case in world.cases:
        browser, his = Client(), make_pass(case.ticket, case.ticket.requester)
        page = browser.get(f"/portal/link/open/{his}/", follow=True)
        assert case.public in page.content.decode()
        every = [word for other in world.cases for word in (other.secret, other.tag) if word]
        every += [word for other in world.cases if other != case for word in (other.public, other.subject)]
        answers = [page]
        for other in world.cases:
            for name, file in other.files.items():
                answers.append(browser.get(f"/portal/link/files/{file.pk}/"))
                open_to_him = other == case and name == "public"
                assert answers[-1].status_code == (200 if open_to_him else 404), (
                    case.whose,
                    other.whose,
                    name,
                )
                answers.append(browser.get(f"/portal/link/messages/{other.messages[name].pk}/html/"))
        for answer in answers:
            text = "" if answer.streaming else answer.content.decode()
            assert [word for word in every if word in text + str(dict(answer.headers.items()))] == []


@pytest.mark.slow
def test_live_notices_of_notes_reach_no_customer(world, monkeypatch):
    """A notice carries ids alone; even that a note was written is nobody's business."""
    from deskbell.realtime import hub
    from deskbell.tickets import actions
    from deskbell.tickets.content import Content

    told: list[set[str]] = []
    monkeypatch.setattr(hub, "publish", lambda topics, notice: told.append(set(topics)))
    for case in world.cases:
        with transaction.atomic():
            actions.note(case.ticket, Content.markdown("another"), by=world.user("owner"))
            ask_a_supplier(case.ticket, "another", case.messages["public"], world.user("owner"))
            transaction.set_rollback(True)
        heard = set().union(*told)
        for role in (*READERS, "engineer", "one-team agent"):
            hears = bool(heard & set(topics_of(world.user(role))))
            assert hears == world.sees_notes(role, case), (role, case.whose)
        assert heard & set(topics_of(world.user("agent")))
        told.clear()
