"""An item goes out at most once, and its state only moves forward."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.outbox import actions
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.queries import totals
from deskbell.outbox.results import Accepted, Final, Retry, Unknown
from deskbell.people.models import User

pytestmark = pytest.mark.django_db


def put(recipient: str = "anna@example.com", cause: int = 1, **values) -> OutboxItem | None:
    values = {"kind": "ticket.reply", "payload": {"text": "words"}, "external_id": "<m1@desk>"} | values
    return actions.put("email", recipient=recipient, cause=("message", cause), **values)


def now(item: OutboxItem) -> OutboxItem:
    return OutboxItem.objects.get(pk=item.pk)


def test_one_item_for_a_cause_a_recipient_and_a_kind():
    assert put() is not None
    assert put() is None
    assert put(cause=2) and put(recipient="bert@example.com") and put(kind="ticket.resolved")
    assert OutboxItem.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_put():
    with pytest.raises(RuntimeError):
        put()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        put()
        raise ZeroDivisionError
    assert not OutboxItem.objects.exists()


def test_the_words_are_unreadable_in_the_database_and_gone_when_sent():
    item = put()
    assert b"words" not in bytes(now(item).payload)
    _, payload = actions.claim(item.pk)
    assert payload == {"text": "words"}
    actions.record_result(item.pk, Accepted())
    assert now(item).payload is None and now(item).state == "sent"


def test_what_was_sealed_with_keys_that_are_gone_fails_and_says_so():
    """As after a restore without the keys."""
    item = put()
    OutboxItem.objects.filter(pk=item.pk).update(payload=Fernet(Fernet.generate_key()).encrypt(b"{}"))
    assert actions.claim(item.pk) is None
    assert (now(item).state, now(item).error_code) == ("failed", "unreadable")
    assert Event.objects.filter(kind="outbox.delivery", about_id=item.pk).count() == 1
    with pytest.raises(actions.NothingToSend):
        actions.retry(item.pk, by=SYSTEM)


def test_a_claimed_item_is_not_claimed_again():
    item = put()
    assert actions.claim(item.pk)
    assert actions.claim(item.pk) is None


def test_a_try_whose_worker_died_becomes_unknown_and_is_never_sent_again():
    item = put()
    actions.claim(item.pk)
    OutboxItem.objects.update(changed_at=timezone.now() - timedelta(minutes=3))
    assert actions.claim(item.pk) is None
    assert (now(item).state, now(item).error_code) == ("unknown", "worker_lost")
    assert actions.claim(item.pk) is None


def test_not_now_waits_longer_each_time_and_gives_up_after_a_day():
    item = put()
    waits = []
    for _ in range(3):
        actions.claim(item.pk)
        actions.record_result(item.pk, Retry("451", "try later"))
        waits.append(round((now(item).next_try_at - timezone.now()).total_seconds()))
        assert actions.claim(item.pk) is None
        OutboxItem.objects.update(next_try_at=timezone.now())
    assert waits == [60, 300, 900]
    OutboxItem.objects.update(created_at=timezone.now() - timedelta(hours=25))
    actions.claim(item.pk)
    actions.record_result(item.pk, Retry("451", "try later"))
    assert (now(item).state, now(item).error_text) == ("failed", "try later")


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (Accepted("wamid.1"), "sent"),
        (Final("550", "no such user"), "failed"),
        (Unknown("timeout", "lost"), "unknown"),
    ],
)
def test_each_answer_has_its_state_and_an_event(result, state):
    item = put()
    actions.claim(item.pk)
    actions.record_result(item.pk, result)
    assert now(item).state == state
    event = Event.objects.get(kind="outbox.delivery")
    assert (event.about_id, event.data["state"], event.data["cause_id"]) == (item.pk, state, 1)


def test_what_waits_for_a_channel_is_hastened_oldest_first_and_nothing_else(monkeypatch):
    monkeypatch.setattr(actions, "HASTENED", 2)
    waiting = [put(cause=number, channel_id=1) for number in range(4)]
    other = put(cause=8, channel_id=2)
    for item in [*waiting, other]:
        actions.claim(item.pk)
        actions.record_result(item.pk, Retry("connect", "away", 600))
    later = timezone.now() + timedelta(seconds=20)
    fresh = put(cause=9, channel_id=1, after=waiting[0])  # was never tried
    OutboxItem.objects.filter(pk=fresh.pk).update(next_try_at=later)

    def due() -> list[int]:
        return [item.cause_id for item in OutboxItem.objects.filter(next_try_at__lte=timezone.now())]

    actions.try_now(1, codes={"sign_in"})
    assert due() == []
    actions.try_now(1, codes={"connect"})
    assert sorted(due()) == [0, 1]
    actions.try_now(1)
    assert sorted(due()) == [0, 1, 2, 3]


def test_later_reports_move_forward_only():
    item = put()
    assert actions.record_delivery("<m1@desk>", "delivered")
    assert not actions.record_delivery("<m1@desk>", "sent")
    assert actions.record_delivery("<m1@desk>", "failed", code="5.1.1", text="no such user")
    assert (now(item).state, now(item).error_code) == ("failed", "5.1.1")
    assert not actions.record_delivery("<nobody@desk>", "read")


@pytest.mark.parametrize("result", [Final("550", "no such user"), Unknown("lost", "no answer")])
def test_what_did_not_arrive_is_sent_again_by_hand_with_the_same_content_and_id(result):
    item, anna = put(), User.objects.create(name="Anna")
    actions.claim(item.pk)
    actions.record_result(item.pk, result)
    before = now(item).state
    actions.retry(item.pk, by=anna)
    with pytest.raises(actions.NothingToSend):
        actions.retry(item.pk, by=anna)
    assert (now(item).state, now(item).error_code, now(item).external_id) == ("queued", "", "<m1@desk>")
    assert actions.claim(item.pk)[1] == {"text": "words"}
    assert [(e.actor_id, e.data) for e in Event.objects.filter(kind="outbox.retried")] == [
        (anna.pk, {"before": before, "ticket_id": None})
    ]


def test_what_has_left_or_is_on_its_way_is_not_sent_again():
    item = put()
    for settle in (None, Accepted()):
        if settle:
            actions.claim(item.pk)
            actions.record_result(item.pk, settle)
        with pytest.raises(actions.NothingToSend):
            actions.retry(item.pk, by=SYSTEM)
    assert now(item).state == "sent"
    assert not Event.objects.filter(kind="outbox.retried").exists()


def test_the_content_of_what_failed_is_kept_for_thirty_days():
    item, fresh = put(), put(cause=2)
    for each in (item, fresh):
        actions.claim(each.pk)
        actions.record_result(each.pk, Final("550", "no such user"))
    OutboxItem.objects.filter(pk=item.pk).update(changed_at=timezone.now() - timedelta(days=31))
    assert actions.forget_old_contents(now=timezone.now()) == 1
    assert now(item).payload is None and now(fresh).payload is not None
    with pytest.raises(actions.NothingToSend):
        actions.retry(item.pk, by=SYSTEM)


def test_totals_add_up():
    put(), put(cause=2)
    actions.claim(put(cause=3).pk)
    assert totals() == {
        "all": 3, "queued": 2, "sending": 1, "sent": 0, "delivered": 0, "read": 0, "failed": 0, "unknown": 0,
    }  # fmt: skip
