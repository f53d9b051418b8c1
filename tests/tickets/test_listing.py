"""Boxes and filters."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deskbell.tickets import actions, conditions, listing
from deskbell.tickets.conditions import All, Any_, Test, from_query
from deskbell.tickets.content import Content
from deskbell.tickets.models import Category, Priority, Queue, Status, Tag, Ticket
from tests.stories import staff, team, ticket

pytestmark = pytest.mark.django_db


def test_each_box_holds_what_its_name_says():
    agent, other, crew = staff(), staff(), team()
    slug = {name: Status.objects.get(slug=name) for name in ("waiting-for-customer", "waiting-for-parts")}
    from deskbell.people.actions import grant

    grant(agent, "agent", team=crew)
    agent.__dict__.pop("_rights", None)
    new, mine, pending, held, solved, closed, spam, trash = (ticket() for _ in range(8))
    actions.claim(mine, by=agent)
    actions.reply(mine, Content.markdown("x"), by=agent)
    actions.change(new, by=agent, team=crew)
    actions.change(pending, by=agent, status=slug["waiting-for-customer"], assignee=other)
    actions.reply(pending, Content.markdown("x"), by=agent, status=slug["waiting-for-customer"])
    actions.change(held, by=agent, status=slug["waiting-for-parts"])
    actions.watch(held, by=agent)
    actions.resolve(solved, by=agent)
    actions.close(closed, by=agent)
    actions.mark_spam(spam, by=agent)
    actions.trash(trash, by=agent)
    expected = {
        "needs-reply": {new, held},
        "closing": set(),  # no chats: tests/desk/test_window.py
        "unassigned": {new, held},
        "mine": {mine},
        "my-teams": {new},
        "following": {held},
        "waiting": {pending},
        "on-hold": {held},
        "open": {new, mine, pending, held},
        "resolved": {solved},
        "closed": {closed},
        "spam": {spam},
        "trash": {trash},
        "needs-my-reply": set(),
        "all": {new, mine, pending, held, solved, closed},
    }
    shown = {box: {row.pk for row in listing.page(agent, box=box).items} for box in listing.BOXES}
    assert shown == {box: {one.pk for one in tickets} for box, tickets in expected.items()}
    counted = listing.counts(agent, also=("needs-my-reply", "all"))
    assert counted == {box: len(tickets) for box, tickets in expected.items()}


@pytest.mark.parametrize("count", [1, 12])
def test_a_list_costs_the_same_queries_for_one_row_and_for_many(django_assert_num_queries, count):
    user = staff()
    for _ in range(count):
        ticket()
    with django_assert_num_queries(4):  # rights, ids, rows, people
        page = listing.page(user, box="open")
        for one in page.items:
            assert one.requester.display_name and one.status and one.last_author.display_name


def test_the_longest_waiting_comes_first():
    first, second = ticket(), ticket()
    actions.reply(first, Content.markdown("x"), by=staff())
    actions.customer_reply(first, Content.markdown("x"), by=first.requester)
    assert [t.pk for t in listing.page(staff()).items] == [second.pk, first.pk]


def test_unknown_parameters_and_empty_ones_are_no_filters():
    assert from_query({"page": "2", "status": ""}, staff()) is None


TESTS = st.one_of(
    st.builds(
        Test, st.just("priority"), st.sampled_from(["is", "is_not", "at_least", "before"]), st.integers(1, 4)
    ),
    st.builds(Test, st.just("category"), st.sampled_from(["is", "is_not"]), st.sampled_from(Category.values)),
    st.builds(
        Test, st.just("assignee"), st.sampled_from(["is", "is_not"]), st.sampled_from([None, "a", "b"])
    ),
    st.builds(Test, st.just("tag"), st.sampled_from(["is", "is_not"]), st.sampled_from([None, "a", "b"])),
    st.builds(Test, st.just("subject"), st.just("contains"), st.sampled_from(["a", "PRINT", "ß", "%"])),
    st.builds(
        Test,
        st.just("due"),
        st.sampled_from(["before", "after"]),
        st.datetimes(timezones=st.just(timezone.get_current_timezone())),
    ),
    st.builds(Test, st.just("due"), st.sampled_from(["is", "is_not"]), st.none()),
    st.builds(Test, st.just("queue"), st.just("in"), st.sampled_from([(), (1,), (1, 2)])),
)
TREES = st.recursive(
    TESTS,
    lambda parts: (
        st.builds(All, st.lists(parts, max_size=3).map(tuple))
        | st.builds(Any_, st.lists(parts, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


@pytest.fixture
def varied():
    agents = {"a": staff(), "b": staff()}
    tags = {name: Tag.objects.create(name=name) for name in "ab"}
    statuses = list(Status.objects.all())
    queues = list(Queue.objects.all())
    for i in range(12):
        one = ticket(subject=("Printer", "a%b", "Straße")[i % 3], priority=Priority(1 + i % 4))
        Ticket.objects.filter(pk=one.pk).update(
            status=statuses[i],
            category=statuses[i].category,
            assignee=(None, agents["a"], agents["b"])[i % 3],
            due_at=None if i % 2 else timezone.now() + timedelta(days=i - 6),
            queue=queues[i % 4],
        )
        one.tags.set([tags[name] for name in "ab"[: i % 3]])
    return {"a": agents, "tags": tags}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
@example(tree=All((Test("tag", "is", "a"), Test("tag", "is", "b"))))
def test_sql_and_python_give_the_same_answer(varied, tree):
    tree = _with_ids(tree, varied)
    every = list(Ticket.objects.prefetch_related("tags"))
    in_sql = set(Ticket.objects.filter(tree.to_q()).values_list("pk", flat=True))
    assert in_sql == {one.pk for one in every if tree.matches(one)}


def _with_ids(tree: conditions.Condition, varied) -> conditions.Condition:
    """Names in a drawn tree become the ids of this run."""
    if isinstance(tree, Test):
        if tree.property == "assignee" and tree.value:
            return Test(tree.property, tree.operator, varied["a"][tree.value].pk)
        if tree.property == "tag" and tree.value:
            return Test(tree.property, tree.operator, varied["tags"][tree.value].pk)
        return tree
    return type(tree)(tuple(_with_ids(part, varied) for part in tree.parts))
