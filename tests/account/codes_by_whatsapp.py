"""A number that can send codes, people with numbers of every kind, and what the worker does for them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from deskbell.account import jobs
from deskbell.channels.actions import webhooks, whatsapp_health
from deskbell.channels.models import Channel, Webhook
from deskbell.demo.whatsapp.codes import CODES
from deskbell.demo.whatsapp.sim import Sim
from deskbell.outbox import delivery
from deskbell.outbox.models import OutboxItem
from deskbell.people import actions
from deskbell.people.models import Identity, User

ROSA = "447700900731"


@pytest.fixture
def approved(number, sim) -> Channel:
    """The number has an approved template with a code in both languages, and is dialled in Britain."""
    sim.templates += [dict(each) for each in CODES]
    whatsapp_health.sync_templates(number)
    number.whatsapp.display_number = "+44 20 7946 0000"
    number.whatsapp.save()
    return number


def bound(person: User, digits: str) -> User:
    """He sent a sign of the portal from his phone."""
    assert actions.bind_whatsapp(person, wa_id=digits, bsuid="", scope="")
    return person


def put_codes() -> None:
    """What a worker does with the codes that pages asked for, until they are put."""
    with connection.cursor() as cursor:
        cursor.execute(
            "with done as ("
            " delete from procrastinate_jobs where task_name = 'account.whatsapp_code' returning id, args) "
            "select args ->> 'sealed' from done order by id"
        )
        for (sealed,) in cursor.fetchall():
            jobs.whatsapp_code(sealed=sealed)


def work_off() -> None:
    """And until they have left."""
    put_codes()
    for item in OutboxItem.objects.filter(driver="whatsapp-cloud", state="queued").order_by("pk"):
        delivery.send_item(item.pk)


def code_in(sim: Sim) -> str:
    """The code in the newest message."""
    return str(sim.sent[-1].body["template"]["components"][0]["parameters"][0]["text"])


def hear(number: Channel, body: dict[str, Any]) -> None:
    webhooks.store_webhook(number, json.dumps(body).encode())
    webhooks.handle_webhook(Webhook.objects.latest("pk").pk)


def ask(client: Client, phone: str, **more: str) -> Any:
    return client.post("/signin/whatsapp/", {"phone": phone, **more})


def enter(client: Client, code: str) -> Any:
    return client.post("/signin/code/confirm/", {"code": code})


def signed_in(client: Client) -> int | None:
    found = client.session.get("_auth_user_id")
    return int(found) if found else None


def number_row(digits: str) -> Identity:
    return Identity.objects.get(kind="wa_id", key=digits)
