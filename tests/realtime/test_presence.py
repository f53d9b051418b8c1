"""Who else has a ticket open: seen by the others at once, forgotten by itself, kept from customers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from deskbell.people.models import User
from deskbell.realtime.models import HERE_FOR, Presence
from deskbell.realtime.presence import State, others_at, told
from deskbell.tickets.models import Ticket
from tests.realtime.conftest import Ear
from tests.stories import staff, ticket


@pytest.fixture
def asked(seeded: None) -> Ticket:
    return ticket()


def pass_by(time: timedelta) -> None:
    """As if everything noted so far had been noted `time` earlier."""
    for row in Presence.objects.all():
        row.seen_at -= time
        row.writing_at = row.writing_at and row.writing_at - time
        row.save()


def names(asked: Ticket, user: User) -> tuple[list[str], list[str]]:
    others = others_at(asked, user)
    return [each.name for each in others.writing], [each.name for each in others.looking]


def test_nobody_is_told_of_somebody_who_is_alone(asked: Ticket, ear: Ear):
    agent = staff()
    ear.heard()
    for state in State:
        assert not told(asked, state, by=agent)
    assert ear.heard() == []


def test_the_others_hear_who_comes_writes_stops_and_goes(asked: Ticket, ear: Ear):
    mara, tom = staff(name="Mara"), staff(name="Tom")
    told(asked, State.HERE, by=mara)
    ear.heard()
    assert [each.name for each in told(asked, State.HERE, by=tom).looking] == ["Mara"]
    assert ear.heard() == [{"kind": "presence", "present": asked.number, "topics": ["all"]}]
    seen = []
    for state in (
        State.HERE,
        State.WRITING,
        State.WRITING,
        State.HERE,
        State.STOPPED,
        State.STOPPED,
        State.LEFT,
    ):
        told(asked, state, by=tom)
        seen.append((state.value, len(ear.heard()), names(asked, mara)))
    assert seen == [
        ("here", 0, ([], ["Tom"])),
        ("writing", 1, (["Tom"], [])),
        ("writing", 0, (["Tom"], [])),
        # another window of his, in which he only looks
        ("here", 0, (["Tom"], [])),
        ("stopped", 1, ([], ["Tom"])),
        ("stopped", 0, ([], ["Tom"])),
        ("left", 1, ([], [])),
    ]


def test_whose_machine_went_dark_is_forgotten(asked: Ticket, ear: Ear):
    mara, tom = staff(name="Mara"), staff(name="Tom")
    told(asked, State.WRITING, by=tom)
    pass_by(HERE_FOR / 2)
    told(asked, State.HERE, by=tom)
    assert names(asked, mara) == (["Tom"], [])
    pass_by(HERE_FOR / 2)
    assert names(asked, mara) == ([], ["Tom"])
    pass_by(HERE_FOR)
    assert names(asked, mara) == ([], [])
    told(asked, State.HERE, by=mara)
    ear.heard()
    told(asked, State.HERE, by=tom)
    assert len(ear.heard()) == 1
    pass_by(HERE_FOR + timedelta(seconds=1))
    told(ticket(), State.HERE, by=mara)
    assert Presence.objects.count() == 1


def test_only_staff_who_reach_the_ticket_hear_of_it(asked: Ticket, ear: Ear):
    engineer, other = staff(role="engineer"), staff(role="engineer")
    Ticket.objects.filter(pk=asked.pk).update(assignee=engineer)
    asked.refresh_from_db()
    told(asked, State.HERE, by=engineer)
    for person, hears in ((engineer, ["presence"]), (other, []), (asked.requester, [])):
        ear.heard()
        newcomer = staff()
        told(asked, State.HERE, by=newcomer)
        assert ear.kinds_for(person) == hears
        told(asked, State.LEFT, by=newcomer)


def test_tickets_are_told_apart(asked: Ticket):
    mara, tom = staff(name="Mara"), staff(name="Tom")
    told(ticket(), State.HERE, by=tom)
    assert names(asked, mara) == ([], [])


def test_its_table_is_not_in_the_write_ahead_log(db):
    with connection.cursor() as cursor:
        cursor.execute("select relpersistence from pg_class where relname = 'realtime_presence'")
        assert cursor.fetchone() == ("u",)
