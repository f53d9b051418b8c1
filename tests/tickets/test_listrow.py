"""What a line of the desk's list says of the last message."""

from __future__ import annotations

import importlib

import pytest
from django.db import connection

from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.listrow import list_rows
from deskbell.tickets.models import Ticket
from tests.stories import fresh, staff, ticket

pytestmark = pytest.mark.django_db
NOTES = importlib.import_module("deskbell.tickets.migrations.0021_last_notes").NOTES


def _shown(one: Ticket) -> tuple[str, str]:
    (row,) = list_rows([one.pk])
    return row.last_note, row.last_direction


def test_a_note_is_told_from_what_customers_read():
    one, agent = ticket(), staff()
    assert _shown(one) == ("", "in")
    actions.note(one, Content.markdown("Ask Dana first."), by=agent)
    assert _shown(one) == ("human", "out")
    actions.reply(fresh(one), Content.markdown("It works again."), by=agent)
    assert _shown(one) == ("", "out")


def test_a_note_that_is_moved_takes_its_mark_along():
    one, agent = ticket(), staff()
    other = ticket(one.requester)
    note = actions.note(one, Content.markdown("Belongs elsewhere."), by=agent)
    actions.move_messages(fresh(one), [note.pk], fresh(other), by=agent)
    assert (_shown(one)[0], _shown(other)[0]) == ("", "human")


def test_what_was_there_before_gets_its_mark():
    noted, answered, agent = ticket(), ticket(), staff()
    actions.note(noted, Content.markdown("Ask Dana first."), by=agent)
    actions.reply(answered, Content.markdown("It works again."), by=agent)
    Ticket.objects.update(last_note="")
    with connection.cursor() as cursor:
        cursor.execute(NOTES)
    assert (_shown(noted)[0], _shown(answered)[0]) == ("human", "")
