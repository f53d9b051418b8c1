from __future__ import annotations

import email
from collections.abc import Callable
from email import policy
from email.message import EmailMessage

import pytest
from django.core import mail

from deskbell.events import deliver, subscribe
from deskbell.events.models import Event
from deskbell.outbox import delivery
from deskbell.outbox.models import OutboxItem


@pytest.fixture
def house(db, settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    settings.BASE_URL = "https://desk.example"
    settings.SUPPORT_ADDRESS = "support@desk.example"
    settings.COMPANY_NAME = "Ada IT"


@pytest.fixture
def post(house) -> Callable[[], list[EmailMessage]]:
    """What the workers would do now: bring events to their hearers, send what is due; the mails that left."""

    def work() -> list[EmailMessage]:
        before = len(mail.outbox)
        for event in Event.objects.order_by("pk"):
            for subscriber in subscribe.later_subscribers(event.kind):
                deliver.deliver_one(event.pk, subscriber.name)
        for item in OutboxItem.objects.filter(state="queued").order_by("pk"):
            delivery.send_item(item.pk)
        return [
            email.message_from_bytes(one.message().as_bytes(), policy=policy.default)
            for one in mail.outbox[before:]
        ]

    return work


def text(message: EmailMessage) -> str:
    """The plain text of a mail."""
    return str(message.get_body(("plain",)).get_content())


def html(message: EmailMessage) -> str:
    return str(message.get_body(("html",)).get_content())
