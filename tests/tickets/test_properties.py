"""Changing what a ticket is."""

from __future__ import annotations

import pytest

from deskbell.events.models import Event
from deskbell.people.actions import grant
from deskbell.people.models import Role, User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Queue, Status
from deskbell.tickets.rules import may
from tests.stories import customer, fresh, staff, team, ticket

pytestmark = pytest.mark.django_db


def test_a_change_raises_the_version_once_however_many_properties():
    asked = ticket()
    actions.change(asked, by=staff(), priority=4, team=team(), subject="New words")
    assert (fresh(asked).version, fresh(asked).priority, fresh(asked).subject) == (2, 4, "New words")


def test_a_value_it_has_already_is_no_change():
    asked = ticket()
    agent, before = staff(), Event.objects.filter(about_kind="ticket").count()
    actions.change(asked, by=agent, priority=asked.priority, assignee=None)
    assert fresh(asked).version == 1
    assert Event.objects.filter(about_kind="ticket").count() == before


def test_a_message_does_not_raise_the_version():
    asked = ticket()
    actions.note(asked, Content.markdown("x"), by=staff())
    assert fresh(asked).version == 1


def test_a_stale_change_is_refused_only_for_a_property_that_moved():
    asked, agent = ticket(), staff()
    actions.change(asked, by=staff(), priority=4)
    with pytest.raises(actions.Moved) as caught:
        actions.change(asked, by=agent, version=1, priority=1, subject="Mine")
    assert caught.value.properties == {"priority"}
    assert fresh(asked).priority == 4 and fresh(asked).subject == "Printer"
    actions.change(asked, by=agent, version=1, subject="Mine")
    assert fresh(asked).subject == "Mine"


def test_nothing_becomes_new_again():
    asked, agent = ticket(), staff()
    actions.resolve(asked, by=agent)
    with pytest.raises(actions.BadMove):
        actions.change(asked, by=agent, status=Status.objects.get(slug="new"))


def test_resolving_and_closing_keep_their_times_and_reopening_forgets_them():
    asked, agent = ticket(), staff()
    actions.resolve(asked, by=agent)
    resolved = fresh(asked).resolved_at
    actions.close(asked, by=agent)
    assert (
        fresh(asked).resolved_at == resolved and fresh(asked).closed_at and fresh(asked).waiting_since is None
    )
    actions.reopen(asked, by=agent)
    assert (fresh(asked).resolved_at, fresh(asked).closed_at) == (None, None)


def test_claiming_takes_the_ticket_and_sets_it_in_progress():
    asked, agent = ticket(), staff()
    actions.claim(asked, by=agent)
    assert (fresh(asked).assignee, fresh(asked).status.slug) == (agent, "in-progress")


@pytest.mark.parametrize("missing", ["ticket.edit", "ticket.assign"])
def test_who_may_not_set_a_status_takes_a_ticket_as_it_stands(missing):
    taken_back = {"ticket.status", missing}
    agents = Role.objects.get(slug="agent")
    agents.permissions = [each for each in agents.permissions if each not in taken_back]
    agents.save()
    asked, agent = ticket(), staff()
    actions.claim(asked, by=agent)
    assert (fresh(asked).assignee, fresh(asked).status.slug) == (agent, "new")
    happened = Event.objects.filter(about_id=asked.pk, about_kind="ticket").order_by("pk")
    assert [event.kind for event in happened][-1] == "ticket.assigned"
    with pytest.raises(actions.NotAllowed):
        actions.change(asked, by=agent, status=Status.objects.get(slug="in-progress"))
    assert fresh(asked).status.slug == "new"


def test_who_may_set_a_status_in_one_team_may_set_it_at_what_he_takes_from_another():
    takes = Role.objects.create(
        slug="takes", name="Takes", scope="all", permissions=["desk.enter", "ticket.assign", "ticket.reply"]
    )
    agent = staff(team=team())
    grant(agent, takes.slug)
    agent = User.objects.get(pk=agent.pk)
    asked = ticket()
    assert not may(agent, "status", asked)
    actions.claim(asked, by=agent)
    assert fresh(asked).status.slug == "in-progress"
    assert may(agent, "status", fresh(asked))


def test_only_staff_are_put_in_charge():
    asked = ticket()
    with pytest.raises(actions.NotStaff):
        actions.assign(asked, customer(), by=staff())
    assert fresh(asked).assignee is None


@pytest.mark.parametrize("role", ["auditor", "engineer"])
def test_who_may_not_edit_changes_nothing(role):
    asked = ticket()
    with pytest.raises(actions.NotAllowed):
        actions.change(asked, by=staff(role), priority=4)
    assert fresh(asked).version == 1


def test_a_one_team_agent_works_in_his_team_only():
    network = team()
    agent = staff(team=network)
    mine, other = ticket(team=network, by=staff()), ticket()
    actions.change(mine, by=agent, priority=4)
    with pytest.raises(actions.NotAllowed):
        actions.change(other, by=agent, priority=4)


def test_the_requester_closes_and_reopens_and_nothing_else():
    asked = ticket()
    actions.customer_close(asked, by=asked.requester)
    assert fresh(asked).category == "closed"
    actions.customer_reopen(asked, by=asked.requester)
    assert fresh(asked).status.slug == "reopened" and fresh(asked).waiting_since
    with pytest.raises(actions.NotAllowed):
        actions.change(asked, by=asked.requester, priority=4)


def test_tags_are_one_whatever_their_case():
    asked, agent = ticket(), staff()
    actions.tag(asked, "VPN", by=agent)
    actions.tag(asked, "vpn", by=agent)
    actions.tag(asked, "Urgent  customer", by=agent)
    assert sorted(tag.name for tag in asked.tags.all()) == ["Urgent customer", "VPN"]
    actions.untag(asked, "vpn", by=agent)
    assert [tag.name for tag in asked.tags.all()] == ["Urgent customer"]


def test_a_subject_change_keeps_the_words_where_they_can_be_erased():
    asked = ticket()
    actions.change(asked, by=staff(), subject="Other")
    event = Event.objects.get(kind="ticket.subject_changed")
    assert event.data == {"version": 2}
    assert event.detail.values == {"before": "Printer", "after": "Other"}


def test_the_queue_brings_its_team_to_a_new_ticket():
    hardware, people = Queue.objects.get(slug="hardware"), team()
    hardware.team = people
    hardware.save()
    assert ticket(queue=hardware).team == people
