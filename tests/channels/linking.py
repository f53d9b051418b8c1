"""A linked device at the fake gateway, and what the worker does with what comes and goes by it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone

from deskbell.channels.actions import whatsapp_web as numbers
from deskbell.channels.models import Channel, LinkedDevice
from deskbell.channels.whatsapp_web import account, limits
from deskbell.gateway.protocol import HEADER, sign
from deskbell.outbox import delivery
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import User
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from deskbell.tickets.models import Message, Ticket
from tests.channels.chatting import hear_of, read
from tests.stories import fresh, staff
from tests.support.gateway import FakeGateway, serve


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serve(FakeGateway()) as running:
        yield running


@pytest.fixture
def linked(db, gateway, settings, tmp_path, monkeypatch) -> Channel:
    """Linked, switched on, and at its own pace: `at_once` takes that away."""
    monkeypatch.setattr(account, "_kept", {})
    settings.FILES_DIR = tmp_path / "files"
    settings.BASE_URL = "https://desk.example"
    given = numbers.Given("+49 30 900000", gateway=gateway.address, greets=False)
    channel = numbers.add_linked("Front desk phone", given)
    numbers.accept_risk(channel, by=staff("owner"))
    gateway.sid, gateway.secret = str(channel.uuid), account.secret_of(channel)
    LinkedDevice.objects.update(link_state="WORKING")
    gateway.state = {"link_state": "WORKING", "send_state": "ok"}
    return Channel.objects.select_related("device").get(pk=channel.pk)


@pytest.fixture
def at_once(monkeypatch) -> None:
    monkeypatch.setattr(limits, "APART", 0)
    monkeypatch.setattr(limits, "JITTER", 0)
    monkeypatch.setattr(limits, "TO_ONE", 0)


@pytest.fixture
def tell(linked, gateway, client) -> Callable[..., int]:
    """Deliver what the gateway has to tell, as it does, and let the worker read it."""

    def send(*, keep: bool = False, work: bool = True) -> int:
        body = json.dumps({"v": 1, "sid": gateway.sid, "events": gateway.events}).encode()
        path = f"/channels/whatsapp-web/{linked.uuid}/"
        headers = {HEADER: sign(gateway.secret, "POST", path, body)}
        answer = client.post(path, body, content_type="application/json", headers=headers)
        if not keep:
            gateway.events.clear()
        if work:
            read()
        return int(answer.status_code)

    return send


def send_all() -> None:
    """What is to leave is tried now, whenever it would be."""
    for item in OutboxItem.objects.filter(driver="whatsapp-web", state="queued").order_by("pk"):
        OutboxItem.objects.filter(pk=item.pk).update(next_try_at=timezone.now())
        delivery.send_item(item.pk)


def work() -> None:
    """What the worker does with events and with what is to leave by the linked device."""
    hear_of()
    send_all()


def answer(
    ticket: Ticket, text: str = "Please restart it.", *, by: User | None = None, **more: object
) -> Message:
    content = Content.markdown(text, **more)  # type: ignore[arg-type]
    message = tickets.reply(fresh(ticket), content, by=by or staff("owner"))
    work()
    return message
