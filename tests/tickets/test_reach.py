"""Who sees which ticket, message and file; SQL and Python give the same answer."""

from __future__ import annotations

from copy import deepcopy
from io import BytesIO

import pytest

from deskbell.people import actions as people
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Attachment, Message, Ticket
from deskbell.tickets.reach import is_customer_of, reaches, sees_internal
from tests.stories import customer, organization, staff, team, ticket

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def told(lasting):
    """Three tickets in two teams, of two companies; each with a note and a reply."""
    network, hardware = team("Network crew"), team("Hardware crew")
    acme = organization("Acme")
    anna, bert, carl = customer(acme), customer(acme), customer()
    agent = staff(name="Agnes")
    tickets = {
        "anna": ticket(anna, team=network, by=agent),
        "bert": ticket(bert, team=hardware, by=agent),
        "carl": ticket(carl, team=network, by=agent),
    }
    for one in tickets.values():
        actions.note(one, Content.markdown("internal"), by=agent)
        actions.reply(one, Content.markdown("public"), by=agent)
    return {"network": network, "hardware": hardware, "acme": acme, "tickets": tickets, "agent": agent}


@pytest.fixture
def story(told, db):
    return deepcopy(told)


def numbers(user, **values) -> set[int]:
    return set(Ticket.objects.visible_to(user, **values).values_list("number", flat=True))


def of(story, *names) -> set[int]:
    return {story["tickets"][name].number for name in names}


def internal_of(user) -> int:
    return Message.objects.visible_to(user).filter(visibility="internal").count()


@pytest.mark.parametrize("role", ["owner", "admin", "supervisor", "agent", "auditor"])
def test_roles_that_reach_everything(story, role):
    user = staff(role)
    assert numbers(user) == of(story, "anna", "bert", "carl")
    assert internal_of(user) == 3


def test_an_agent_of_one_team_sees_that_team(story):
    user = staff(team=story["network"])
    assert numbers(user) == of(story, "anna", "carl")
    assert internal_of(user) == 2


def test_an_engineer_sees_what_he_was_given(story):
    engineer = staff("engineer")
    assert numbers(engineer) == set()
    actions.assign(story["tickets"]["bert"], engineer, by=story["agent"])
    assert numbers(engineer) == of(story, "bert")
    assert internal_of(engineer) == 1


def test_a_customer_sees_his_own_and_never_a_note(story):
    anna = story["tickets"]["anna"].requester
    assert numbers(anna) == of(story, "anna")
    assert internal_of(anna) == 0
    assert Message.objects.visible_to(anna).count() == 2


def test_a_customer_manager_sees_his_company(story):
    manager = customer(story["acme"], role="customer_manager")
    assert numbers(manager) == of(story, "anna", "bert")
    assert internal_of(manager) == 0


def test_somebody_copied_in_sees_the_ticket_until_removed(story):
    friend, asked = customer(), story["tickets"]["carl"]
    actions.add_copy(asked, friend, by=story["agent"])
    assert numbers(friend) == of(story, "carl") and internal_of(friend) == 0
    actions.remove_copy(asked, friend, by=story["agent"])
    assert numbers(friend) == set()


def test_staff_who_ask_themselves_see_no_notes_out_of_their_reach(story):
    user = staff(team=story["network"])
    own = ticket(user, team=story["hardware"], by=story["agent"])
    actions.note(own, Content.markdown("about you"), by=story["agent"])
    assert own.number in numbers(user)
    assert not Message.objects.visible_to(user).filter(ticket=own, visibility="internal").exists()


def test_trash_is_seen_by_staff_who_ask_and_by_nobody_else(story):
    asked = story["tickets"]["anna"]
    actions.trash(asked, by=story["agent"])
    assert asked.number not in numbers(story["agent"])
    assert asked.number in numbers(story["agent"], trashed=True)
    assert asked.number not in numbers(asked.requester, trashed=True)
    assert not Message.objects.visible_to(asked.requester).exists()


def test_somebody_deactivated_sees_nothing(story):
    user = staff()
    people.deactivate(user, by=staff("owner"))
    user.refresh_from_db()
    user.__dict__.pop("_rights", None)
    assert numbers(user) == set()


def test_files_follow_their_message_and_uploads_their_owner(story, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    agent, asked = story["agent"], story["tickets"]["anna"]
    hidden = actions.upload(BytesIO(b"a"), filename="a.txt", by=agent)
    shown = actions.upload(BytesIO(b"b"), filename="b.txt", by=agent)
    loose = actions.upload(BytesIO(b"c"), filename="c.txt", by=agent)
    actions.note(asked, Content.markdown("n", uploads=[hidden.pk]), by=agent)
    actions.reply(asked, Content.markdown("r", uploads=[shown.pk]), by=agent)
    assert set(Attachment.objects.visible_to(asked.requester)) == {shown}
    assert set(Attachment.objects.visible_to(agent)) >= {hidden, shown}
    assert set(Attachment.objects.visible_to(staff("engineer"))) == set()
    assert set(Attachment.objects.visible_to(customer())) == set()
    assert loose in Attachment.objects.visible_to(agent)


def test_python_and_sql_agree_on_every_pair(story):
    engineer = staff("engineer")
    actions.assign(story["tickets"]["carl"], engineer, by=story["agent"])
    everybody = [staff(role) for role in ("owner", "admin", "supervisor", "agent", "auditor")] + [
        engineer,
        staff(team=story["network"]),
        customer(story["acme"], role="customer_manager"),
        story["tickets"]["anna"].requester,
        customer(),
    ]
    for user in everybody:
        for asked in Ticket.objects.all():
            seen = asked.number in numbers(user)
            assert seen == (reaches(user, asked, "desk.enter") or is_customer_of(user, asked)), (user, asked)
            notes = Message.objects.visible_to(user).filter(ticket=asked, visibility="internal").exists()
            assert notes == sees_internal(user, asked)
