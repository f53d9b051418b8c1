"""Who hears of what, over a real LISTEN."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from deskbell.events.actor import SYSTEM
from deskbell.people import actions as people
from deskbell.people.models import Role
from deskbell.realtime.topics import topics_of
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Priority, Queue, Status, Ticket, TicketType
from tests.realtime.conftest import Ear
from tests.stories import customer, fresh, organization, staff, team, ticket

pytestmark = pytest.mark.usefixtures("seeded")


def test_a_notice_carries_ids_only(ear: Ear):
    asked = ticket(customer(name="Ada"), "A secret word", subject="Printer")
    (opened,) = ear.heard()
    assert opened["kind"] == "ticket.opened"
    assert set(opened) == {"topics", "kind", "ticket", "event", "incoming"}
    assert opened["ticket"] == asked.number
    assert opened["topics"] == ["all", f"customer:{asked.requester_id}"]


def test_only_what_a_customer_writes_is_marked_as_incoming(ear: Ear):
    agent, caller = staff(), customer()
    asked = ticket()
    actions.customer_reply(asked, Content.markdown("More."), by=asked.requester)
    actions.reply(asked, Content.markdown("Done."), by=agent)
    actions.note(asked, Content.markdown("Quiet."), by=agent)
    ticket(caller, by=agent, source="phone")
    told = ("ticket.opened", "ticket.message_added")
    heard = [notice.get("incoming", False) for notice in ear.heard() if notice["kind"] in told]
    assert heard == [True, True, False, False, False]


def test_nothing_is_heard_of_what_was_rolled_back(ear: Ear):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ticket()
        raise ZeroDivisionError
    assert ear.heard() == []


def test_the_requester_hears_of_a_reply(ear: Ear):
    asked = ticket()
    ear.heard()
    actions.reply(asked, Content.markdown("Done."), by=staff())
    assert "ticket.message_added" in ear.kinds_for(asked.requester)


def test_who_is_copied_in_and_the_manager_of_the_organisation_hear_of_a_reply(ear: Ear):
    company = organization()
    manager = customer(company, role="customer_manager")
    colleague, stranger = customer(company), customer()
    copied = customer()
    asked = ticket(customer(company))
    actions.add_copy(asked, copied, by=asked.requester)
    agent = staff()
    for person, hears in ((manager, True), (copied, True), (colleague, False), (stranger, False)):
        ear.heard()
        actions.reply(asked, Content.markdown("Done."), by=agent)
        assert bool(ear.kinds_for(person)) is hears, person.name


def test_who_is_no_longer_copied_in_hears_that_and_nothing_more(ear: Ear):
    copied, asked, agent = customer(), ticket(), staff()
    actions.add_copy(asked, copied, by=agent)
    ear.heard()
    actions.remove_copy(asked, copied, by=agent)
    assert ear.kinds_for(copied) == ["ticket.cc_removed"]
    actions.reply(asked, Content.markdown("Done."), by=agent)
    assert ear.kinds_for(copied) == []


def _due(asked: Ticket, boss) -> None:
    actions.change(asked, by=boss, due_at=asked.created_at)


HIDDEN: dict[str, Callable] = {
    "note": lambda asked, boss: actions.note(asked, Content.markdown("Between us."), by=boss),
    "assign": lambda asked, boss: actions.assign(asked, boss, by=boss),
    "priority": lambda asked, boss: actions.change(asked, by=boss, priority=Priority.URGENT),
    "queue": lambda asked, boss: actions.change(asked, by=boss, queue=Queue.objects.get(slug="billing")),
    "team": lambda asked, boss: actions.change(asked, by=boss, team=team()),
    "type": lambda asked, boss: actions.change(asked, by=boss, type=TicketType.objects.first()),
    "due": _due,
    "tag": lambda asked, boss: actions.tag(asked, "vip", by=boss),
    "watch": lambda asked, boss: actions.watch(asked, by=boss),
    "trash": lambda asked, boss: actions.trash(asked, by=boss),
    "spam": lambda asked, boss: actions.mark_spam(asked, by=boss),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_no_customer_hears_of_what_stays_among_staff(ear: Ear, what: str):
    company = organization()
    manager, copied = customer(company, role="customer_manager"), customer()
    asked, boss = ticket(customer(company)), staff("owner")
    actions.add_copy(asked, copied, by=boss)
    ear.heard()
    HIDDEN[what](asked, boss)
    heard = ear.heard()
    assert heard, "staff hear of it"
    topics = {topic for notice in heard for topic in notice["topics"]}
    for person in (asked.requester, manager, copied):
        assert topics.isdisjoint(topics_of(person)), person.name
    assert "all" in topics


def test_customers_hear_nothing_of_a_ticket_in_the_trash(ear: Ear):
    asked, boss = ticket(), staff("owner")
    actions.trash(asked, by=boss)
    ear.heard()
    actions.change(asked, by=boss, subject="Other")
    assert ear.kinds_for(boss) == ["ticket.subject_changed"]
    actions.change(asked, by=boss, status=Status.objects.get(slug="open"))
    assert ear.kinds_for(asked.requester) == []


def test_both_teams_hear_that_a_ticket_went_from_one_to_the_other(ear: Ear):
    here, there, elsewhere = team(), team(), team()
    people_of = {name: staff(team=name) for name in (here, there, elsewhere)}
    asked = ticket(team=here, by=SYSTEM)
    ear.heard()
    actions.change(asked, by=SYSTEM, team=there)
    topics = {topic for notice in ear.heard() for topic in notice["topics"]}
    hearing = [not topics.isdisjoint(topics_of(person)) for person in people_of.values()]
    assert hearing == [True, True, False]


def test_an_engineer_hears_of_his_own_and_that_it_was_taken_from_him(ear: Ear):
    engineer, other = staff("engineer"), staff("engineer")
    asked = ticket()
    ear.heard()
    actions.assign(asked, engineer, by=SYSTEM)
    assert ear.kinds_for(engineer) == ["ticket.assigned"]
    actions.reply(fresh(asked), Content.markdown("On my way."), by=engineer)
    assert ear.kinds_for(other) == []
    actions.assign(asked, other, by=SYSTEM)
    assert ear.kinds_for(engineer) == ["ticket.assigned"]
    actions.change(asked, by=SYSTEM, priority=Priority.LOW)
    assert ear.kinds_for(engineer) == []


@pytest.mark.parametrize("how", ["granted", "revoked", "deactivated", "moved"])
def test_streams_end_when_rights_change(ear: Ear, how: str):
    person = customer()
    given = people.grant(person, "agent")
    ear.heard()
    match how:
        case "granted":
            people.grant(person, "auditor")
        case "revoked":
            people.revoke(given, by=SYSTEM)
        case "deactivated":
            people.deactivate(person, by=SYSTEM)
        case "moved":
            people.change_person(person, by=SYSTEM, organization=organization())
    (notice,) = [each for each in ear.heard() if each["kind"] == "rights.changed"]
    assert notice["topics"] == [f"user:{person.pk}"]


def test_a_new_name_ends_no_stream(ear: Ear):
    person = customer()
    ear.heard()
    people.change_person(person, by=SYSTEM, name="Another")
    assert ear.heard() == []


def test_a_customer_hears_that_words_he_could_read_were_redacted_and_nothing_of_redacted_notes(ear: Ear):
    asked, boss = ticket(), staff("supervisor")
    reply = actions.reply(asked, Content.markdown("The password is rosebud."), by=boss)
    note = actions.note(asked, Content.markdown("He likes sledges."), by=boss)
    ear.heard()
    actions.redact_message(note, by=boss, reason="a secret reason")
    assert ear.kinds_for(asked.requester) == []
    actions.redact_message(reply, by=boss, reason="a secret reason")
    assert ear.kinds_for(asked.requester) == ["ticket.redacted"]


def test_a_changed_role_ends_the_streams_of_all_who_have_it_in_one_notice(ear: Ear):
    helper = people.create_role("Helper", scope="all", permissions=["ticket.reply"], by=SYSTEM)
    having = [customer() for _ in range(3)]
    for person in having:
        people.grant(person, helper.slug)
    other = staff()
    ear.heard()
    values = {"name": "Helper", "scope": "all", "needs_second_factor": False, "version": 1}
    people.change_role(helper, permissions=["desk.enter"], by=SYSTEM, **values)
    (notice,) = ear.heard()
    assert (notice["kind"], notice["topics"]) == ("rights.changed", [f"role:{helper.pk}"])
    for person in having:
        assert f"role:{helper.pk}" in topics_of(person.__class__.objects.get(pk=person.pk))
    assert f"role:{helper.pk}" not in topics_of(other)
    values |= {"name": "Renamed", "version": 2}
    people.change_role(helper, permissions=["desk.enter"], by=SYSTEM, **values)
    assert ear.heard() == []
    people.remove_role(helper, to=Role.objects.get(slug="agent"), by=SYSTEM)
    assert [notice["topics"] for notice in ear.heard()] == [[f"role:{helper.pk}"]]
