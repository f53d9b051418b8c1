"""Events reach those who listen: once, in order, each alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import connection, transaction

from deskbell.events import deliver, subscribe
from deskbell.events.actor import SYSTEM
from deskbell.events.kinds import Happened
from deskbell.events.models import Delivery, Event
from deskbell.events.once import KeyReused, once
from deskbell.events.publish import publish
from deskbell.people.models import User


@dataclass(frozen=True, kw_only=True)
class Rang(Happened):
    kind = "test.rang"
    erasable = ("name",)
    bell: int
    name: str = ""


@pytest.fixture
def listeners(monkeypatch, db):
    monkeypatch.setattr(subscribe, "_now", {})
    monkeypatch.setattr(subscribe, "_later", {})
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")
    return []


def ring(bell: int = 1) -> Event:
    return publish(Rang(bell=bell, name="Ada"), about=User.objects.create(name="x"), by=SYSTEM)


def jobs() -> list[dict]:
    with connection.cursor() as cursor:
        cursor.execute("select args->'xact' from procrastinate_jobs where task_name = 'events.deliver'")
        return [{"xact": int(row[0])} for row in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
def test_publishing_outside_a_transaction_is_refused(listeners):
    with pytest.raises(RuntimeError):
        ring()


@pytest.mark.django_db
def test_what_may_be_erased_stands_apart(listeners):
    event = ring()
    assert event.data == {"bell": 1}
    assert event.detail.values == {"name": "Ada"}


@pytest.mark.django_db
def test_now_listeners_run_at_once_lowest_order_first(listeners):
    subscribe.now(Rang, order=20)(lambda event: listeners.append("second"))
    subscribe.now(Rang, order=10)(lambda event: listeners.append("first"))
    ring()
    assert listeners == ["first", "second"]


@pytest.mark.django_db(transaction=True)
def test_one_job_for_all_events_of_a_transaction_and_none_when_nobody_listens(listeners):
    with transaction.atomic():
        ring()
    assert jobs() == []
    subscribe.later(Rang)(lambda event: None)
    with transaction.atomic():
        first, second = ring(), ring()
    assert first.xact == second.xact
    assert jobs() == [{"xact": first.xact}]


@pytest.mark.django_db(transaction=True)
def test_a_savepoint_rolled_back_does_not_take_the_delivery_of_later_events_with_it(listeners):
    subscribe.later(Rang)(lambda event: None)
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            ring()
            raise ZeroDivisionError
        kept = ring()
    assert jobs() == [{"xact": kept.xact}]
    assert Event.objects.filter(kind="test.rang").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_listener_hears_each_event_once_even_when_the_job_runs_twice(listeners):
    subscribe.later(Rang)(lambda event: listeners.append(event.data["bell"]))
    with transaction.atomic():
        event = ring(7)
    deliver.deliver_transaction(event.xact)
    deliver.deliver_transaction(event.xact)
    assert listeners == [7]


@pytest.mark.django_db(transaction=True)
def test_a_failing_listener_is_named_alone_and_heard_later(listeners):
    broken = [True]

    def fragile(event):
        User.objects.create(name="half done")
        if broken:
            raise ValueError("not today")

    def sound(event):
        listeners.append("sound")

    subscribe.later(Rang)(fragile)
    subscribe.later(Rang)(sound)
    with transaction.atomic():
        event = ring()
    name = "tests.events.test_delivery.fragile"
    [(failed_event, failed_name)] = deliver.deliver_transaction(event.xact)
    assert failed_event == event.pk and failed_name.endswith("fragile")
    assert listeners == ["sound"]
    assert (
        not User.objects.filter(name="half done").exists()
        and not Delivery.objects.filter(subscriber=name).exists()
    )
    broken.clear()
    deliver.deliver_one(event.pk, failed_name)
    deliver.deliver_one(event.pk, failed_name)
    assert User.objects.filter(name="half done").count() == 1


@pytest.mark.django_db
def test_a_thing_is_done_once_per_key_and_the_first_answer_given_again():
    ran = []

    def act():
        ran.append(1)
        return {"number": 1042}

    assert once("api:1", "k", {"a": 1}, act) == ({"number": 1042}, True)
    assert once("api:1", "k", {"a": 1}, act) == ({"number": 1042}, False)
    assert once("api:2", "k", {"a": 1}, act) == ({"number": 1042}, True)
    with pytest.raises(KeyReused):
        once("api:1", "k", {"a": 2}, act)
    assert len(ran) == 2


@pytest.mark.django_db
def test_a_thing_that_failed_may_be_tried_again_with_its_key():
    def fail():
        raise ValueError

    with pytest.raises(ValueError):
        once("api:1", "k", 1, fail)
    assert once("api:1", "k", 1, lambda: "done") == ("done", True)
