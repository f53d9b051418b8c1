from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from deskbell.channels import actions, inbound
from deskbell.channels.models import Channel, InboundItem
from deskbell.people.actions import create_user
from tests.channels.chatting import nothing_kept, number, post, sim  # noqa: F401
from tests.channels.linking import at_once, gateway, linked, tell  # noqa: F401


@pytest.fixture
def mailbox(db, settings, tmp_path) -> Channel:
    settings.FILES_DIR = tmp_path / "files"
    settings.BASE_URL = "https://desk.example"
    settings.SUPPORT_ADDRESS = "support@desk.example"
    return actions.add_channel("email", name="Support", address="support@desk.example")


@pytest.fixture
def agent(db):
    return create_user("mara@desk.example", name="Mara Lind", role="agent")


def mail(
    text: str = "The printer is offline.",
    *,
    sender: str = "Lena Hart <lena.hart@example.com>",
    subject: str = "Printer",
    message_id: str = "<m1@example.com>",
    **headers: str,
) -> bytes:
    """A plain mail to the desk; further headers by keyword, `_` for `-`."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = headers.pop("To", "support@desk.example")
    message["Subject"] = subject
    message["Date"] = headers.pop("Date", "Mon, 02 Nov 2026 10:00:00 +0000")
    if message_id:
        message["Message-ID"] = message_id
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def store(mailbox: Channel, raw: bytes, *, envelope_from: str = "", envelope_to: str = "") -> InboundItem:
    return InboundItem.objects.create(
        channel=mailbox, raw=raw, envelope_from=envelope_from, envelope_to=envelope_to or mailbox.address
    )


@pytest.fixture
def take_in(mailbox) -> Callable[..., dict[str, Any]]:
    """Store one raw mail and decide it at once."""

    def take(raw: bytes, **envelope: str) -> dict[str, Any]:
        return inbound.receive(store(mailbox, raw, **envelope).pk)

    return take
