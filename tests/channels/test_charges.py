"""What Meta charges for is counted once for each message that arrived, by month and category."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from deskbell.channels.actions import webhooks
from deskbell.channels.actions.whatsapp import Given, add_whatsapp
from deskbell.channels.models import Channel, DeliveredMessage, Webhook
from deskbell.channels.whatsapp import charges
from deskbell.channels.whatsapp.charges import Sum
from deskbell.demo.whatsapp.sim import APP_SECRET, NUMBER_ID, TOKEN, VERIFY, WABA_ID, Sent, Sim
from deskbell.people import companies

PRICE = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}
FREE = {"billable": False, "pricing_model": "PMP", "type": "free_customer_service", "category": "service"}


@pytest.fixture
def number(db) -> Channel:
    return add_whatsapp("WhatsApp", Given(NUMBER_ID, WABA_ID, TOKEN, APP_SECRET, VERIFY))


@pytest.fixture
def sim() -> Sim:
    return Sim()


@pytest.fixture
def zone(db, monkeypatch) -> Iterator[Any]:
    """Put the company into a time zone."""

    def put(name: str) -> None:
        companies.company()
        row = companies.first_values()
        row.time_zone = name
        monkeypatch.setattr(companies, "_stored", lambda: row)

    yield put


def told(number: Channel, *statuses: dict[str, Any]) -> str:
    """What the worker makes of a webhook; what of it could not be used."""
    body = json.dumps(Sim().envelope(statuses=list(statuses))).encode()
    webhooks.store_webhook(number, body)
    hook = Webhook.objects.latest("pk")
    webhooks.handle_webhook(hook.pk)
    return Webhook.objects.get(pk=hook.pk).problem


def state(name: str, at: datetime | None = None, *, wamid: str = "wamid.1", **more: Any) -> dict[str, Any]:
    stamp = str(int((at or timezone.now()).timestamp()))
    return {"id": wamid, "status": name, "timestamp": stamp, "recipient_id": "919810000001", **more}


def sums(number: Channel) -> list[Sum]:
    return charges.months(number)[0].sums


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_message_counts_once_in_whatever_order_and_however_often_its_states_come(number, order):
    now = timezone.now()
    states = [
        state("sent", now - timedelta(minutes=2), pricing=PRICE),
        state("delivered", now - timedelta(minutes=1), pricing=PRICE),
        state("read", now, pricing=PRICE),
    ]
    for n in order:
        told(number, states[n])
    told(number, *states, *states)
    assert sums(number) == [Sum("utility", 1, 0)]
    arrived = DeliveredMessage.objects.get().delivered_at
    assert int(arrived.timestamp()) == int((now - timedelta(minutes=1)).timestamp())


def test_what_did_not_arrive_costs_nothing(number):
    told(number, state("sent", pricing=PRICE))
    told(number, state("failed", pricing=PRICE, errors=[{"code": 131026}]))
    assert sums(number) == []


def test_free_ones_are_counted_apart_and_each_category_by_itself(number):
    for n in range(3):
        told(number, state("delivered", wamid=f"wamid.f{n}", pricing=FREE))
    told(number, state("read", wamid="wamid.a", pricing=PRICE))
    told(number, state("read", wamid="wamid.b", pricing={**PRICE, "category": "service"}))
    # `billable` is on its way out: the type alone says it, too
    told(
        number, state("read", wamid="wamid.c", pricing={"type": "free_entry_point", "category": "marketing"})
    )
    told(number, state("read", wamid="wamid.d", pricing={"type": "regular", "category": "marketing"}))
    assert sums(number) == [Sum("marketing", 1, 1), Sum("service", 1, 3), Sum("utility", 1, 0)]
    month = charges.months(number)[0]
    assert (month.charged, month.free) == (3, 4)


@pytest.mark.parametrize("pricing", [None, "free", [], {}, {"category": 7}, {"category": " "}])
def test_an_odd_price_is_not_counted_and_stops_nothing(number, pricing):
    assert told(number, state("delivered", pricing=pricing)) == ""
    assert sums(number) == []


def test_an_odd_time_is_that_of_its_arrival_here(number):
    for n, stamp in enumerate(("", "soon", "99999999999", "²", None)):
        assert told(number, {**state("read", wamid=f"w{n}", pricing=PRICE), "timestamp": stamp}) == ""
    assert sums(number) == [Sum("utility", 5, 0)]


def test_two_numbers_are_counted_apart(number):
    other = add_whatsapp("Other", Given("880000000000002", WABA_ID, TOKEN, APP_SECRET, VERIFY))
    told(number, state("delivered", pricing=PRICE))
    assert sums(other) == []


def test_months_are_those_of_the_company_s_time_zone(number, zone):
    DeliveredMessage.objects.create(
        channel=number,
        external_id="w",
        category="utility",
        charged=True,
        delivered_at=datetime(2026, 10, 31, 20, 0, tzinfo=UTC),
    )
    now = datetime(2026, 11, 15, tzinfo=UTC)
    zone("Asia/Kolkata")  # half past one on the first of November
    november, october = charges.months(number, now=now)[:2]
    assert (november.first, november.charged, october.charged) == (date(2026, 11, 1), 1, 0)
    zone("America/New_York")
    november, october = charges.months(number, now=now)[:2]
    assert (november.charged, october.charged) == (0, 1)
    # at home it is December already
    zone("Asia/Kolkata")
    assert charges.months(number, now=datetime(2026, 11, 30, 20, 0, tzinfo=UTC))[0].first == date(2026, 12, 1)


def test_six_months_are_told_and_old_messages_are_forgotten(number):
    now = timezone.now()
    for n, days in enumerate((10, 300, 500)):
        DeliveredMessage.objects.create(
            channel=number,
            external_id=f"w{n}",
            category="utility",
            charged=True,
            delivered_at=now - timedelta(days=days),
        )
    assert [each.first.day for each in charges.months(number)] == [1] * 6
    assert sum(each.charged for each in charges.months(number)) == 1
    webhooks.forget_old()
    assert set(DeliveredMessage.objects.values_list("external_id", flat=True)) == {"w0", "w1"}


def test_the_simulator_tells_prices_as_the_real_one_does(sim):
    free = Sent("w1", "91", {"type": "text"})
    assert sim.status(free, "sent")["pricing"] == sim.status(free, "delivered")["pricing"] == FREE
    assert "pricing" not in sim.status(free, "read")
    node = {"name": "ticket_status_changed", "language": {"code": "en_US"}}
    paid = Sent("w2", "91", {"type": "template", "template": node})
    assert sim.status(paid, "read")["pricing"] == PRICE
    assert "pricing" not in sim.status(paid, "failed")
