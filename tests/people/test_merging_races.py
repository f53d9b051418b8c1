"""Two customers are merged by two people at once, or while something is written by one of them."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from deskbell.events.models import Event
from deskbell.people import actions
from deskbell.people.models import PersonMerge, User
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from tests.people.test_races import Other
from tests.stories import customer, fresh, staff, ticket

pytestmark = pytest.mark.django_db(transaction=True)


def again(person: User) -> User:
    return User.objects.get(pk=person.pk)


def test_two_who_merge_the_same_two_do_it_once():
    boss, chief, a, b = staff("supervisor"), staff("owner"), customer(), customer()
    asked = ticket(a)
    with transaction.atomic():
        actions.merge(a, b, by=boss)
        other = Other(lambda: actions.merge(a, b, by=chief))
    assert other.ended() == b
    assert PersonMerge.objects.count() == Event.objects.filter(kind="user.merged").count() == 1
    assert fresh(asked).requester == b


def test_two_who_merge_them_both_ways_make_no_circle():
    boss, chief, a, b = staff("supervisor"), staff("owner"), customer(), customer()
    with transaction.atomic():
        actions.merge(a, b, by=boss)
        other = Other(lambda: actions.merge(b, a, by=chief))
    answer = other.ended()
    assert isinstance(answer, actions.NotMergeable) and answer.reason in ("same", "merged")
    assert (again(a).merged_into, again(b).merged_into) == (b, None)


def test_a_person_merged_on_while_somebody_is_merged_into_him_ends_no_way():
    boss, chief, a, b, c = staff("supervisor"), staff("owner"), customer(), customer(), customer()
    with transaction.atomic():
        actions.merge(b, c, by=boss)
        other = Other(lambda: actions.merge(a, b, by=chief))
    answer = other.ended()
    assert isinstance(answer, actions.NotMergeable) and answer.reason == "merged"
    assert again(a).merged_into is None
    assert actions.merge(a, b, by=chief) == c


def test_two_who_undo_it_do_it_once():
    boss, a, b = staff("supervisor"), customer(), customer()
    actions.merge(a, b, by=boss)
    with transaction.atomic():
        actions.unmerge(a, by=boss)
        other = Other(lambda: actions.unmerge(a, by=boss))
    answer = other.ended()
    assert isinstance(answer, actions.NotMergeable) and answer.reason == "not_merged"
    assert Event.objects.filter(kind="user.unmerged").count() == 1


def test_an_answer_that_is_being_written_is_waited_for():
    boss, a, b = staff("supervisor"), customer(), customer()
    asked = ticket(a)
    with transaction.atomic():
        said = tickets.customer_reply(asked, Content.markdown("It burns."), by=a)
        other = Other(lambda: actions.merge(a, b, by=boss))
    assert other.ended() == b
    said.refresh_from_db()
    assert (said.author, fresh(asked).requester, fresh(asked).last_author) == (b, b, b)


def test_a_ticket_that_is_being_opened_meanwhile_is_gathered():
    boss, a, b = staff("supervisor"), customer(), customer()
    with transaction.atomic():
        asked = ticket(a)
        other = Other(lambda: actions.merge(a, b, by=boss))
        assert other.ended() == b
    actions.gather_lately(now=timezone.now())
    assert fresh(asked).requester == b


def test_a_ticket_that_came_too_late_for_it_is_gathered():
    boss, a, b = staff("supervisor"), customer(), customer()
    with transaction.atomic():
        actions.merge(a, b, by=boss)
        other = Other(lambda: ticket(a))
    asked = other.ended()
    assert fresh(asked).requester == a
    actions.gather(a.pk)
    assert fresh(asked).requester == b
    actions.unmerge(a, by=boss)
    assert fresh(asked).requester == a


def test_what_breaks_in_the_middle_leaves_both_as_they_were(monkeypatch):
    boss, a, b = staff("supervisor"), customer(), customer()
    asked = ticket(a)

    def broken(*args):
        raise RuntimeError("killed")

    monkeypatch.setattr("deskbell.people.actions.merging._fill", broken)
    with pytest.raises(RuntimeError):
        actions.merge(a, b, by=boss)
    assert (fresh(asked).requester, again(a).merged_into, again(a).email) == (a, None, a.email)
    assert not PersonMerge.objects.exists() and a.identities.count() == 1
