"""Two tickets become one, messages go to another ticket, and nothing is lost or told twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deskbell.events.models import Event
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.people import permissions
from deskbell.people.actions import create_role, create_user
from deskbell.search.queries import search
from deskbell.tickets import actions
from deskbell.tickets.actions.merging import UNDO_FOR
from deskbell.tickets.content import Content
from deskbell.tickets.forwards import Forward
from deskbell.tickets.models import Draft, Message, Ticket, TicketLink, TicketPass, Watcher
from tests.stories import customer, fresh, organization, staff, ticket

pytestmark = pytest.mark.django_db


def say(text: str = "Still broken.", **values: Any) -> Content:
    return Content.markdown(text, **values)


def texts(about: Ticket) -> list[str]:
    return list(about.messages.order_by("pk").values_list("text", flat=True))


def told(about: Ticket) -> list[str]:
    rows = Event.objects.filter(about_kind="ticket", about_id=about.pk).order_by("id")
    return list(rows.values_list("kind", flat=True))


@pytest.fixture
def pair() -> tuple[Ticket, Ticket]:
    """An answered ticket, and a second one of the same customer that waits."""
    person, agent = customer(), staff()
    first = ticket(person, "The printer is offline.")
    actions.reply(first, say("Switch it on."), by=agent)
    second = ticket(person, "It has no paper, too.")
    return fresh(first), fresh(second)


def test_what_was_said_in_both_stands_in_one_in_the_order_of_time(pair):
    first, second = pair
    assert actions.merge(second, first, by=staff()).pk == first.pk
    first, second = fresh(first), fresh(second)
    assert texts(first) == ["The printer is offline.", "Switch it on.", "It has no paper, too."]
    assert texts(second) == []
    assert (second.category, second.status.slug, second.merged_into_id) == ("closed", "duplicate", first.pk)
    assert second.last_message_id is None
    assert first.last_message_id == first.messages.order_by("-pk")[0].pk
    assert first.number == pair[0].number


def test_a_customer_who_waited_in_the_one_waits_in_the_other(pair):
    first, second = pair
    actions.resolve(first, by=staff())
    actions.merge(second, first, by=staff())
    assert fresh(first).category == "open"
    assert fresh(first).waiting_since == second.waiting_since
    assert fresh(second).waiting_since is None


def test_people_tags_and_what_was_begun_come_along(pair):
    first, second = pair
    copied, follower, agent = customer(), staff(), staff()
    actions.add_copy(second, copied, by=agent)
    actions.watch(second, by=follower)
    actions.tag(second, "paper", by=agent)
    actions.tag(first, "printer", by=agent)
    actions.keep_draft(agent, kind="reply", text="Dear", ticket=second)
    actions.merge(second, first, by=agent)
    watchers = set(Watcher.objects.filter(ticket=first).values_list("user_id", "kind"))
    assert watchers == {(copied.pk, "cc"), (follower.pk, "follow")}
    assert set(first.tags.values_list("name", flat=True)) == {"paper", "printer"}
    assert Draft.objects.get(user=agent, kind="reply").ticket_id == first.pk


def test_nobody_outside_is_written_to(pair, django_capture_on_commit_callbacks):
    first, second = pair
    actions.add_copy(second, customer(), by=staff())
    before = OutboxItem.objects.count()
    actions.merge(second, first, by=staff())
    said = Event.objects.filter(about_id=first.pk, kind="ticket.cc_added")
    assert [event.actor_kind for event in said] == ["system"]
    changed = Event.objects.get(about_id=second.pk, kind="ticket.status_changed")
    assert changed.data["tell"] is False
    assert OutboxItem.objects.count() == before


def test_what_the_customer_says_to_the_old_ticket_lands_in_the_new(pair):
    first, second = pair
    actions.merge(second, first, by=staff())
    stale = second  # as somebody read it before
    said = actions.customer_reply(stale, say("And it smokes."), by=second.requester)
    assert said.ticket_id == first.pk
    noted = actions.add_message(
        second, say("Bounced"), author=None, direction="in", visibility="internal", channel="email"
    )
    assert noted.ticket_id == first.pk


def test_the_pointer_is_followed_to_the_end(pair):
    first, second = pair
    third = ticket(first.requester)
    agent = staff()
    actions.merge(second, first, by=agent)
    actions.merge(first, third, by=agent)
    assert actions.customer_reply(second, say(), by=second.requester).ticket_id == third.pk
    assert len(texts(fresh(third))) == 5


def test_a_circle_cannot_be_made(pair):
    first, second = pair
    actions.merge(second, first, by=staff())
    with pytest.raises(actions.NotMergeable) as refused:
        actions.merge(first, second, by=staff())
    assert refused.value.reason == "same"
    assert fresh(first).merged_into_id is None


def test_merging_twice_is_merging_once(pair):
    first, second = pair
    agent = staff()
    actions.merge(second, first, by=agent)
    count = Event.objects.count()
    assert actions.merge(second, first, by=agent).pk == first.pk
    assert Event.objects.count() == count
    with pytest.raises(actions.NotMergeable) as refused:
        actions.merge(second, ticket(first.requester), by=agent)
    assert refused.value.reason == "merged"


def test_who_may_not_change_both_merges_nothing(pair):
    first, second = pair
    for one, other in ((first, second), (second, first)):
        seer = create_user(f"one{one.pk}@desk.example", name="One", role="engineer")
        actions.assign(one, None, by=staff())
        actions.change(other, by=staff(), assignee=seer)
        with pytest.raises(actions.NotAllowed):
            actions.merge(second, first, by=seer)
    assert fresh(second).merged_into_id is None


def test_two_customers_see_each_others_words_only_when_that_was_asked_for():
    first, second = ticket(customer()), ticket(customer())
    with pytest.raises(actions.NotMergeable) as refused:
        actions.merge(second, first, by=staff())
    assert refused.value.reason == "customer"
    actions.merge(second, first, by=staff(), share=True)
    assert Ticket.objects.visible_to(second.requester).filter(pk=first.pk).exists()
    said = actions.customer_reply(second, say(), by=second.requester)
    assert said.ticket_id == first.pk


@pytest.mark.parametrize("removed", [actions.trash, actions.mark_spam])
def test_what_was_thrown_away_is_not_merged(pair, removed):
    first, second = pair
    removed(first, by=staff())
    with pytest.raises(actions.NotMergeable) as refused:
        actions.merge(second, first, by=staff())
    assert refused.value.reason == "removed"


def test_a_ticket_with_a_reply_on_its_way_is_not_merged(pair):
    first, second = pair
    actions.hold_reply(second, say(), by=staff(), seconds=10)
    with pytest.raises(actions.NotMergeable) as refused:
        actions.merge(second, first, by=staff())
    assert refused.value.reason == "held"


def test_staff_write_in_the_whole_and_are_told_which_it_is(pair):
    first, second = pair
    agent = staff()
    actions.merge(second, first, by=agent)
    for write in (
        lambda: actions.reply(second, say(), by=agent),
        lambda: actions.note(second, say(), by=agent),
        lambda: actions.hold_reply(second, say(), by=agent, seconds=5),
    ):
        with pytest.raises(actions.TicketMerged) as refused:
            write()
        assert refused.value.ticket.pk == first.pk
    with pytest.raises(actions.NotAllowed):
        actions.change(second, by=agent, priority=4)


def test_words_are_found_in_the_ticket_where_they_stand(pair):
    first, second = pair
    agent = staff()
    actions.merge(second, first, by=agent)
    assert [hit.ticket.pk for hit in search(agent, "paper")] == [first.pk]
    actions.unmerge(second, by=agent)
    assert [hit.ticket.pk for hit in search(agent, "paper")] == [second.pk]


def test_what_left_the_house_for_a_message_goes_with_it(pair):
    first, second = pair
    message = first.messages.get(direction="out")
    item = outbox.put(
        "email", recipient="a@b.example", kind="ticket.reply", cause=("message", message.pk),
        payload={}, ticket_id=first.pk,
    )  # fmt: skip
    actions.merge(first, second, by=staff())
    item.refresh_from_db()
    assert item.ticket_id == second.pk


def test_a_link_without_a_sign_in_opens_the_whole(pair):
    from deskbell.tickets.actions.passes import open_pass

    first, second = pair
    row = TicketPass.objects.create(
        ticket=second, user=second.requester, expires_at=timezone.now() + timedelta(days=1)
    )
    actions.merge(second, first, by=staff())
    opened = open_pass(row.pk)
    assert opened is not None
    assert opened.ticket.pk == first.pk
    assert actions.end_passes(first, by=staff()) == 1
    assert open_pass(row.pk) is None


def test_words_removed_for_ever_leave_the_old_ticket_too(pair):
    first, second = pair
    agent = staff("admin")
    noted = actions.note(second, say("The password is 1234"), by=agent)
    actions.edit_note(noted, "The password is known", by=agent)
    actions.merge(second, first, by=agent)
    actions.redact_message(Message.objects.get(pk=noted.pk), by=agent)
    edited = Event.objects.get(kind="ticket.note_edited")
    assert not hasattr(edited, "detail")
    assert Message.objects.get(pk=noted.pk).details == {"was_in": [second.pk]}


# --- undoing ------------------------------------------------------------------------------------


def test_undoing_gives_each_what_it_had_and_leaves_what_came_since(pair):
    first, second = pair
    agent, copied = staff(), customer()
    actions.add_copy(second, copied, by=agent)
    actions.tag(second, "paper", by=agent)
    second = fresh(second)
    actions.merge(second, first, by=agent)
    actions.customer_reply(second, say("Since then."), by=second.requester)
    actions.unmerge(second, by=agent)
    first, back = fresh(first), fresh(second)
    assert texts(back) == ["It has no paper, too."]
    assert texts(first) == ["The printer is offline.", "Switch it on.", "Since then."]
    for name in ("status_id", "category", "waiting_since", "resolved_at", "closed_at", "last_message_id"):
        assert getattr(back, name) == getattr(second, name), name
    assert back.merged_into_id is None
    assert not Watcher.objects.filter(ticket=first).exists()
    assert not first.tags.exists()
    assert told(second)[-2:] == ["ticket.messages_came", "ticket.status_changed"]


def test_undoing_ends_with_the_week_and_asks_for_the_later_merge_first(pair):
    first, second = pair
    agent = staff()
    actions.merge(second, first, by=agent)
    third = ticket(first.requester)
    actions.merge(first, third, by=agent)
    with pytest.raises(actions.NotMergeable) as refused:
        actions.unmerge(second, by=agent)
    assert refused.value.reason == "target_merged"
    actions.unmerge(first, by=agent)
    actions.unmerge(second, by=agent)
    assert texts(fresh(second)) == ["It has no paper, too."]
    with pytest.raises(actions.NotMergeable):
        actions.unmerge(second, by=agent)


def test_after_a_week_a_merge_stays(pair, monkeypatch):
    first, second = pair
    agent = staff()
    actions.merge(second, first, by=agent)
    later = timezone.now() + UNDO_FOR
    monkeypatch.setattr("deskbell.tickets.actions.merging.timezone.now", lambda: later)
    with pytest.raises(actions.TooLateToUndo):
        actions.unmerge(second, by=agent)
    assert fresh(second).merged_into_id == first.pk


# --- splitting and moving -----------------------------------------------------------------------


@pytest.fixture
def mixed() -> Ticket:
    """Of two matters: the second one came with the last message and waits."""
    person, agent = customer(organization()), staff()
    first = ticket(person, "The printer is offline.")
    actions.reply(first, say("Switch it on."), by=agent)
    actions.customer_reply(first, say("It prints. My screen is black now."), by=person)
    return fresh(first)


def ids(about: Ticket) -> list[int]:
    return list(about.messages.order_by("pk").values_list("pk", flat=True))


def test_a_second_matter_gets_a_ticket_of_its_own(mixed):
    agent, copied = staff(), customer()
    actions.add_copy(mixed, copied, by=agent)
    actions.change(mixed, by=agent, priority=3, assignee=agent)
    opened = fresh(actions.split(mixed, ids(mixed)[2:], subject="Black screen", by=agent))
    old = fresh(mixed)
    assert texts(opened) == ["It prints. My screen is black now."]
    assert texts(old) == ["The printer is offline.", "Switch it on."]
    assert opened.number > old.number
    said = (opened.subject, opened.requester_id, opened.organization_id, opened.priority, opened.assignee_id)
    assert said == ("Black screen", mixed.requester_id, mixed.organization_id, 3, agent.pk)
    assert opened.waiting_since == opened.messages.get().created_at
    assert old.waiting_since is None
    assert (old.last_direction, opened.last_direction) == ("out", "in")
    link = TicketLink.objects.get()
    assert (link.ticket_id, link.target_id, link.kind) == (opened.pk, old.pk, "split")
    assert list(Watcher.objects.filter(ticket=opened).values_list("user_id", "kind")) == [(copied.pk, "cc")]
    assert "ticket.messages_left" in told(old)
    assert told(opened)[0] == "ticket.opened"
    assert [hit.ticket.pk for hit in search(agent, "screen")] == [opened.pk]


def test_the_customer_is_not_told_of_a_split(mixed):
    opened = actions.split(mixed, ids(mixed)[2:], subject="", by=staff())
    event = Event.objects.get(about_kind="ticket", about_id=opened.pk, kind="ticket.opened")
    assert (event.data["tell"], event.data["split_from"]) == (False, mixed.pk)
    assert opened.subject == mixed.subject


@pytest.mark.parametrize("chosen, reason", [([], "none"), (None, "all"), ([10**9], "gone")])
def test_only_some_of_its_own_messages_are_split_off(mixed, chosen, reason):
    with pytest.raises(actions.NotMovable) as refused:
        actions.split(mixed, ids(mixed) if chosen is None else chosen, subject="", by=staff())
    assert refused.value.reason == reason
    assert Ticket.objects.count() == 1


def test_messages_go_to_another_ticket_of_the_same_customer_alone(mixed):
    agent, other = staff(), ticket(mixed.requester, "Screen")
    actions.resolve(other, by=agent)
    moved = actions.move_messages(mixed, ids(mixed)[2:], other, by=agent)
    assert texts(fresh(moved)) == ["It prints. My screen is black now.", "Screen"]
    assert fresh(other).category == "open"
    assert fresh(other).waiting_since == Message.objects.get(text__startswith="It prints").created_at
    assert fresh(mixed).waiting_since is None
    for to, reason in ((ticket(customer()), "customer"), (mixed, "same")):
        with pytest.raises(actions.NotMovable) as refused:
            actions.move_messages(mixed, ids(mixed)[:1], to, by=agent)
        assert refused.value.reason == reason


def test_a_forward_and_its_answer_stay_together(mixed):
    agent = staff()
    given = Forward(to=["parts@supplier.example"], text="Do you have one?", messages=ids(mixed)[:1])
    forwarded = actions.forward(mixed, given, by=agent)
    supplier = customer()
    answered = actions.supplier_answer(forwarded, say("Yes."), asked="parts@supplier.example", by=supplier)
    opened = actions.split(mixed, [forwarded.pk], subject="Parts", by=agent)
    assert ids(opened) == [forwarded.pk, answered.pk]


def test_nobody_moves_messages_without_the_right(mixed):
    role = create_role("Writers", scope="all", permissions=["desk.enter", "ticket.reply"], by=staff("owner"))
    assert permissions.TICKET_EDIT not in role.permissions
    writer = create_user("writer@desk.example", name="Writer", role=role.slug)
    other = ticket(mixed.requester)
    for act in (
        lambda: actions.split(mixed, ids(mixed)[2:], subject="", by=writer),
        lambda: actions.move_messages(mixed, ids(mixed)[2:], other, by=writer),
        lambda: actions.merge(mixed, other, by=writer),
    ):
        with pytest.raises(actions.NotAllowed):
            act()
    assert len(ids(mixed)) == 3
