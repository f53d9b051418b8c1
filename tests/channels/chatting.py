"""A WhatsApp number at the simulator, and what the worker does with what comes and goes by it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deskbell.channels import inbound
from deskbell.channels.actions import webhooks
from deskbell.channels.actions.whatsapp import Given, add_whatsapp
from deskbell.channels.models import Channel, InboundItem, Webhook
from deskbell.channels.whatsapp import account
from deskbell.demo.whatsapp.server import serve
from deskbell.demo.whatsapp.sim import APP_SECRET, NUMBER_ID, TOKEN, VERIFY, WABA_ID, Sim
from deskbell.events import deliver, subscribe
from deskbell.events.models import Event
from deskbell.outbox import delivery
from deskbell.outbox.models import OutboxItem
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from deskbell.tickets.models import Message, Ticket
from tests.stories import fresh, staff

ASHA = "919810000001"
PNG = b"\x89PNG\r\n\x1a\n" + b"a picture" * 20


@pytest.fixture
def nothing_kept(monkeypatch) -> None:
    monkeypatch.setattr(account, "_kept", {})


@pytest.fixture
def sim(settings, nothing_kept) -> Iterator[Sim]:
    settings.HTTP_PLAIN_TO_LOOPBACK = True
    with serve(Sim()) as running:
        running.tells = ()
        yield running


@pytest.fixture
def number(db, sim, settings, tmp_path) -> Channel:
    settings.FILES_DIR = tmp_path / "files"
    settings.BASE_URL = "https://desk.example"
    given = Given(NUMBER_ID, WABA_ID, TOKEN, APP_SECRET, VERIFY, base_url=sim.address, greets=False)
    return add_whatsapp("WhatsApp", given)


@pytest.fixture
def post(number, sim, client) -> Callable[..., int]:
    """Post a webhook as the other side does, and read it as the worker does. The status of the answer."""

    def send(*messages: Any, work: bool = True, **more: Any) -> int:
        from deskbell.channels.whatsapp.webhook import sign

        body = json.dumps(sim.envelope(*messages, **more)).encode()
        answer = client.post(
            f"/channels/whatsapp/{number.uuid}/",
            body,
            content_type="application/json",
            headers={"X-Hub-Signature-256": sign(body, APP_SECRET)},
        )
        if work:
            read()
        return int(answer.status_code)

    return send


def read() -> None:
    """What the worker does with webhooks and with what is in them."""
    for hook in Webhook.objects.filter(handled_at=None).order_by("pk"):
        webhooks.handle_webhook(hook.pk)
    for item in InboundItem.objects.filter(state="received").order_by("pk"):
        inbound.decide(item.pk)


def hear_of() -> None:
    """What the worker does with events."""
    for event in Event.objects.order_by("pk"):
        for subscriber in subscribe.later_subscribers(event.kind):
            deliver.deliver_one(event.pk, subscriber.name)


def work() -> None:
    """What the worker does with events and with what is to leave."""
    hear_of()
    for item in OutboxItem.objects.filter(state="queued").order_by("pk"):
        delivery.send_item(item.pk)


def answer(ticket: Ticket, words: str = "Please restart it.", **more: Any) -> Message:
    message = tickets.reply(fresh(ticket), Content.markdown(words, **more), by=staff("owner"))
    work()
    return message


def only_ticket() -> Ticket:
    return Ticket.objects.get()


def hear(number: Channel, envelope: dict[str, Any]) -> None:
    """A webhook of any kind, read as the worker reads it."""
    webhooks.store_webhook(number, json.dumps(envelope).encode())
    read()
