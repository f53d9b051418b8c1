"""An item goes out at most once, and its state only moves forward."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from deskbell.events.models import Event
from deskbell.outbox import actions
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.results import Accepted, Final, Retry, Unknown

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


def test_later_reports_move_forward_only():
    item = put()
    assert actions.record_delivery("<m1@desk>", "delivered")
    assert not actions.record_delivery("<m1@desk>", "sent")
    assert actions.record_delivery("<m1@desk>", "failed", code="5.1.1", text="no such user")
    assert (now(item).state, now(item).error_code) == ("failed", "5.1.1")
    assert not actions.record_delivery("<nobody@desk>", "read")


def test_a_failed_item_can_be_tried_again_by_hand():
    item = put()
    actions.claim(item.pk)
    actions.record_result(item.pk, Final("550", "no such user"))
    actions.retry(now(item), payload={"text": "again"})
    assert actions.claim(item.pk)[1] == {"text": "again"}
