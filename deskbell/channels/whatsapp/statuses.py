"""What becomes of a message of ours on the other side: sent, delivered, read, failed."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction

from deskbell.channels.models import Channel, EarlyStatus
from deskbell.channels.whatsapp import charges
from deskbell.channels.whatsapp.errors import Meaning, known
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.tickets.actions.conversations import close_window
from deskbell.tickets.models import Message

#: what the other side says → ours; a played voice message was heard, which is read
STATES = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read", "failed": "failed"}
#: before the id of our item in biz_opaque_callback_data
OURS = "ob:"


def take(channel: Channel, status: dict[str, Any]) -> bool:
    """Note one state on its item, which never goes back; whether it was understood.

    One that comes before our own call has returned is matched by the id we gave the message, else kept
    until we know the other side's id.
    """
    wamid, state = status.get("id"), STATES.get(str(status.get("status")))
    if not isinstance(wamid, str) or not wamid or state is None:
        return state is not None
    charges.note(channel, status)
    code, text = _error(status) if state == "failed" else ("", "")
    item = _item(channel, wamid, str(status.get("biz_opaque_callback_data") or ""))
    if item is None and Message.objects.filter(external_id=wamid, direction="out").exists():
        return True  # written on the phone that has the number
    if item is None:
        EarlyStatus.objects.bulk_create(
            [EarlyStatus(channel=channel, external_id=wamid[:300], state=state, code=code, text=text)],
            ignore_conflicts=True,
        )
        return True
    _record(item, state, code, text, sent_as=wamid)
    if code and known(int(code), "").meaning is Meaning.TEMPLATE:
        close_window(channel.pk, item.recipient)
    return True


@transaction.atomic
def match_early() -> None:
    """Give states that came too early to the items that are known by their ids now."""
    early = list(EarlyStatus.objects.order_by("pk")[:1000])
    items = OutboxItem.objects.defer("payload").filter(external_id__in={each.external_id for each in early})
    known = {(item.channel_id, item.external_id): item for item in items} if early else {}
    for each in early:
        if item := known.get((each.channel_id, each.external_id)):
            _record(item, each.state, each.code, each.text)
            each.delete()


def _record(item: OutboxItem, state: str, code: str, text: str, *, sent_as: str = "") -> None:
    outbox.record_delivery(
        item.external_id,
        state,
        code=code,
        text=text,
        item_id=item.pk,
        sent_as=sent_as[:300],
        arrived_is_final=True,
    )


def _item(channel: Channel, wamid: str, callback: str) -> OutboxItem | None:
    items = OutboxItem.objects.defer("payload").filter(channel_id=channel.pk)
    if callback.startswith(OURS):
        try:
            return items.filter(uuid=uuid.UUID(callback.removeprefix(OURS))).first()
        except ValueError:
            pass
    return items.filter(external_id=wamid).first()


def _error(status: dict[str, Any]) -> tuple[str, str]:
    errors = status.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = first.get("code")
    number = code if isinstance(code, int) else 131000
    data = first.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    said = str(details or first.get("message") or first.get("title") or number)
    return str(number), known(number, said).text
