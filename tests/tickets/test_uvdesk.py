"""docs/roles.md: what each privilege and access level of UVdesk is here, row by row."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps

from deskbell.channels.actions import NotAllowed as ChannelNotAllowed
from deskbell.channels.actions import add_channel
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people import actions as people
from deskbell.people import permissions, shaping
from deskbell.people.models import Team, User
from deskbell.tickets import actions, rules
from deskbell.tickets.actions import shaping as tickets
from deskbell.tickets.content import Content
from deskbell.tickets.models import Queue, Status, Tag, Ticket, TicketType
from tests.stories import customer, fresh, staff, team, ticket

pytestmark = pytest.mark.django_db
DOCUMENT = (Path(__file__).parents[2] / "docs" / "roles.md").read_text()
PRIVILEGES = dict(re.findall(r"^\| ([A-Z_]+) \| (.+?) \|", DOCUMENT, re.MULTILINE))
LEVELS = dict(re.findall(r"^\| (\d \w+) \| `(\w+)` \|", DOCUMENT, re.MULTILINE))
REFUSED = (rules.NotAllowed, people.NotAllowed, ChannelNotAllowed)

Act = Callable[[User, Ticket], object]


def words(text: str = "Words.") -> Content:
    return Content.markdown(text)


def create(who: User, asked: Ticket) -> object:
    return actions.open_ticket(
        requester=asked.requester, subject="Phone", content=words(), by=who, source="phone"
    )


def edit_note(who: User, asked: Ticket) -> object:
    """Everybody's notes were written when everybody might: before the test takes it away."""
    mine = asked.messages.filter(author=who).get()
    return actions.edit_note(mine, "Corrected.", by=who)


def figures(who: User, asked: Ticket) -> None:
    if not rules.may_oversee(who):
        raise rules.NotAllowed("oversee")


ACTS: dict[str, Act] = {
    "CREATE_TICKET": create,
    "EDIT_TICKET": lambda who, asked: actions.change(asked, by=who, subject="Other"),
    "DELETE_TICKET": lambda who, asked: actions.trash(asked, by=who),
    "RESTORE_TICKET": lambda who, asked: actions.restore(asked, by=who),
    "ASSIGN_TICKET": lambda who, asked: actions.assign(asked, User.objects.get(name="Colleague"), by=who),
    "ASSIGN_TICKET_GROUP": lambda who, asked: actions.change(
        asked, by=who, team=Team.objects.get(name="Spare")
    ),
    "UPDATE_TICKET_STATUS": lambda who, asked: actions.change(
        asked, by=who, status=Status.objects.get(category="resolved", default=True)
    ),
    "UPDATE_TICKET_PRIORITY": lambda who, asked: actions.change(asked, by=who, priority=4),
    "UPDATE_TICKET_TYPE": lambda who, asked: actions.change(
        asked, by=who, type=TicketType.objects.order_by("pk")[0]
    ),
    "ADD_NOTE": lambda who, asked: actions.note(asked, words(), by=who),
    "EDIT_THREAD_NOTE": edit_note,
    "MANAGE_LOCK_AND_UNLOCK_THREAD": lambda who, asked: actions.edit_note(
        asked.messages.get(direction="in"), "Rewritten.", by=who
    ),
    "ADD_COLLABORATOR_TO_TICKET": lambda who, asked: actions.add_copy(
        asked, User.objects.get(name="Another"), by=who
    ),
    "DELETE_COLLABORATOR_FROM_TICKET": lambda who, asked: actions.remove_copy(
        asked, User.objects.get(name="Copied"), by=who
    ),
    "DELETE_THREAD_NOTE": lambda who, asked: actions.redact_message(
        asked.messages.get(author__name="Colleague"), by=who, reason="personal"
    ),
    "ADD_TAG": lambda who, asked: actions.tag(asked, "vpn", by=who),
    "DELETE_TAG": lambda who, asked: actions.untag(asked, "known", by=who),
    "MANAGE_EMAIL_TEMPLATE": lambda who, asked: people.change_company(by=who, accent="#336699"),
    "MANAGE_GROUP": lambda who, asked: tickets.add_queue(
        by=who, name="Projects", slug="projects", public=False, active=True
    ),
    "MANAGE_SUB_GROUP": lambda who, asked: shaping.add_team(by=who, name="Night", address="", active=True),
    "MANAGE_AGENT": lambda who, asked: people.deactivate(User.objects.get(name="Colleague"), by=who),
    "MANAGE_AGENT_PRIVILEGE": lambda who, asked: people.create_role("Fresh", scope="all", by=who),
    "MANAGE_TICKET_TYPE": lambda who, asked: tickets.add_type(by=who, name="Wish", active=True),
    "MANAGE_CUSTOMER": lambda who, asked: people.change_person(asked.requester, by=who, name="Renamed"),
    "MANAGE_TAG": lambda who, asked: tickets.rename_tag(Tag.objects.get(name="known"), "other", by=who),
    "MANAGE_AGENT_ACTIVITY": figures,
    "MANAGE_MARKETING_ANNOUNCEMENT": lambda who, asked: people.change_company(by=who, announcement="Words"),
    "MANAGE_APP": lambda who, asked: add_channel("email", name="Sales", address="sales@desk.example", by=who),
}


@pytest.fixture(scope="module")
def scene(lasting) -> tuple[User, Ticket]:
    """Somebody who may everything, and a ticket where everything can be done: with a note of his, too."""
    every = people.create_role("Everything", scope="all", permissions=permissions.OFFERED, by=SYSTEM)
    who, colleague, asked = (
        staff(every.slug, name="Who does it"),
        staff("agent", name="Colleague"),
        ticket(subject="Scene"),
    )
    customer(name="Another")
    team("Spare")
    actions.note(asked, words(), by=colleague)
    actions.tag(asked, "known", by=colleague)
    actions.add_copy(asked, customer(name="Copied"), by=colleague)
    actions.note(asked, words(), by=who)
    staff("owner")
    return who, asked


def left_with(who: User, *powers: str) -> User:
    """He has these and nothing else, and what they are of no use without."""
    role = people.create_role("Just this", scope="all", permissions=powers, by=SYSTEM)
    assert who.grants.filter(role__name="Everything").update(role=role) == 1
    return User.objects.get(pk=who.pk)


def as_needed(name: str, asked: Ticket) -> Ticket:
    if name == "RESTORE_TICKET":
        actions.trash(fresh(asked), by=SYSTEM)
    return fresh(asked)


def test_the_document_has_a_row_for_every_privilege_and_level_and_names_permissions_there_are():
    assert len(PRIVILEGES) == 32 and len(LEVELS) == 4
    named = {each for words in PRIVILEGES.values() for each in re.findall(r"`([a-z]+\.[a-z]+)`", words)}
    assert named <= set(permissions.OFFERED)
    later = {name for name, words in PRIVILEGES.items() if words.startswith("not there yet")}
    assert set(ACTS) | later == set(PRIVILEGES) and not later & set(ACTS)


@pytest.mark.parametrize("name", [name for name, ours in PRIVILEGES.items() if ours.startswith("`")])
def test_who_has_just_this_permission_may_do_it(scene, name):
    who, asked = scene
    ACTS[name](left_with(who, PRIVILEGES[name].strip("`")), as_needed(name, asked))


@pytest.mark.parametrize("name", [name for name, ours in PRIVILEGES.items() if ours.startswith("`")])
def test_who_has_every_other_permission_may_not(scene, name):
    who, asked = scene[0], as_needed(name, scene[1])
    own = PRIVILEGES[name].strip("`")
    who = left_with(who, *(each for each in permissions.OFFERED if own not in permissions.complete([each])))
    before = Event.objects.count()
    with pytest.raises(REFUSED):
        ACTS[name](who, asked)
    assert Event.objects.count() == before


@pytest.mark.parametrize("name", [name for name, ours in PRIVILEGES.items() if ours == "nobody"])
def test_what_nobody_may_is_refused_to_an_owner(name):
    owner, asked = staff("owner"), ticket()
    text = asked.messages.get().text
    with pytest.raises(rules.NotAllowed):
        ACTS[name](owner, asked)
    assert asked.messages.get().text == text


@pytest.mark.parametrize("name", [name for name, ours in PRIVILEGES.items() if ours.startswith("not there")])
def test_what_is_not_there_yet_gets_its_row_with_its_area(name):
    area = re.findall(r"`(\w+)`", PRIVILEGES[name])[0]
    assert not apps.is_installed(f"deskbell.{area}")


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_reaches_these_tickets(level):
    others = list(Ticket.objects.values_list("pk", flat=True))
    scope, here = LEVELS[level], team("Here")
    reached = {
        "all": {"anybody's", "of his queue", "of his team", "his own"},
        "queue": {"of his queue", "his own"},
        "team": {"of his team", "his own"},
        "assigned": {"his own"},
    }
    powers = [permissions.TICKET_NOTE, permissions.TICKET_REPLY]
    role = people.create_role("Level", scope=scope, permissions=powers, by=SYSTEM)
    people.create_role("Member", scope="assigned", by=SYSTEM)
    person = staff(role.slug, name="Him")
    people.grant(person, "member", team=here)
    person = User.objects.get(pk=person.pk)
    queue = Queue.objects.create(name="His", slug="his", team=here, position=9)
    other = team("Other")
    for subject, values in {
        "anybody's": {},
        "of his queue": {"queue": queue, "team": other},
        "of his team": {"team": here},
        "his own": {"assignee": person, "team": other},
    }.items():
        ticket(subject=subject, by=staff("owner"), source="phone", **values)
    seen = set(Ticket.objects.visible_to(person).exclude(pk__in=others).values_list("subject", flat=True))
    assert seen == reached[scope]
    for each in Ticket.objects.exclude(pk__in=others):
        assert rules.may(person, "note", each) is (each.subject in seen)
