"""Lists page by page, and what stands beside a ticket in one."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta

import pytest
from django.utils import timezone

from deskbell.people.actions import grant
from deskbell.tickets import listing
from deskbell.tickets.conditions import BadFilter, Test, from_query
from deskbell.tickets.models import Ticket
from tests.stories import customer, staff, team, ticket

pytestmark = pytest.mark.django_db


def walk(user, **values) -> list[int]:
    """Every number of a list, page by page forward, which must be the same backward."""
    pages, cursor = [], None
    while True:
        page = listing.page(user, cursor=cursor, **values)
        pages.append([t.number for t in page.items])
        if page.next is None:
            break
        cursor = page.next
    backward = [pages[-1]]
    while page.previous:
        page = listing.page(user, cursor=page.previous, **values)
        backward.insert(0, [t.number for t in page.items])
    assert backward == pages
    return [number for numbers in pages for number in numbers]


@pytest.fixture(scope="module")
def eleven(lasting):
    """Tickets with equal and different values to sort by."""
    anna = customer()
    made = [ticket(anna, subject=f"T{i}", priority=1 + i % 3, by=anna) for i in range(11)]
    due = timezone.now() + timedelta(days=1)
    for i, one in enumerate(made):
        Ticket.objects.filter(pk=one.pk).update(
            due_at=due if i % 4 == 0 else None, updated_at=due + timedelta(hours=i % 2)
        )
    return made


@pytest.fixture
def many(eleven, db):
    return deepcopy(eleven)


@pytest.mark.parametrize("sort", list(listing.SORTS))
@pytest.mark.parametrize("limit", [1, 3, 11, 50])
def test_pages_hold_every_ticket_once_in_order_both_ways(many, sort, limit):
    user = staff()
    order = listing.SORTS[sort]
    rows = sorted(
        Ticket.objects.all(),
        key=lambda t: tuple(getattr(t, name) for name in order.fields),
        reverse=order.descending,
    )
    assert walk(user, box="needs-reply", sort=sort, limit=limit) == [t.number for t in rows]


def test_an_agent_of_two_teams_gets_one_merged_list(many):
    one, two = team(), team()
    user = staff(team=one)
    grant(user, "agent", team=two)
    user.__dict__.pop("_rights", None)
    for i, asked in enumerate(many):
        Ticket.objects.filter(pk=asked.pk).update(
            team=(one, two, None)[i % 3], assignee=user if i % 2 else None
        )
    seen = [many[i].number for i in range(11) if i % 3 != 2 or i % 2]
    assert sorted(walk(user, box="open", sort="created", limit=4)) == sorted(seen)
    assert listing.counts(user)["open"] == len(seen)


def test_a_cursor_is_good_for_its_own_filters_only(many):
    user = staff()
    page = listing.page(user, box="open", limit=2)
    for wrong in (
        {"box": "closed"},
        {"box": "open", "sort": "due"},
        {"box": "open", "filters": Test("priority", "is", 1)},
    ):
        with pytest.raises(listing.BadCursor):
            listing.page(user, cursor=page.next, limit=2, **wrong)
    with pytest.raises(listing.BadCursor):
        listing.page(staff(), box="open", cursor=page.next, limit=2)
    with pytest.raises(listing.BadCursor):
        listing.page(user, box="open", cursor="nonsense", limit=2)


def test_neighbours_are_those_of_the_list(many):
    user = staff()
    numbers = walk(user, box="open", sort="created", limit=50)
    middle = Ticket.objects.get(number=numbers[5])
    assert listing.neighbours(user, middle, box="open", sort="created") == (numbers[4], numbers[6])


def test_filters_that_make_no_sense_are_named(many):
    for query, field in (
        ({"status": "gone"}, "status"),
        ({"priority": "7"}, "priority"),
        ({"assignee": "x"}, "assignee"),
        ({"due": "never"}, "due"),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"requester": "9" * 30}, "requester"),
    ):
        with pytest.raises(BadFilter) as caught:
            from_query(query, staff())
        assert caught.value.field == field
