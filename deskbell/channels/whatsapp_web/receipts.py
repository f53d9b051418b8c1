"""What became of a message of ours: left or not, arrived, read."""

from __future__ import annotations

import uuid
from typing import Any

from deskbell.channels.models import Channel, DeviceMessage, EarlyStatus
from deskbell.channels.whatsapp_web import words
from deskbell.gateway.protocol import Code
from deskbell.outbox import actions as outbox
from deskbell.outbox.delivery import behind
from deskbell.outbox.models import OutboxItem

#: what WhatsApp says of a message → ours; whatever else there is says nothing of the other side
STATES = {"delivered": "delivered", "read": "read", "played": "read"}
#: ids of one receipt that are looked at
MOST = 500


def take(channel: Channel, data: dict[str, Any]) -> None:
    """A receipt: one state of many messages, in any order. One of a message whose own result has not come
    yet is kept until it has.
    """
    state, ids = STATES.get(str(data.get("status"))), data.get("msg_ids")
    if state is None or not isinstance(ids, list):
        return
    named = [each[:300] for each in ids[:MOST] if isinstance(each, str) and each]
    rows = OutboxItem.objects.defer("payload").filter(channel_id=channel.pk, external_id__in=named)
    known = {item.external_id: item for item in rows}
    early = []
    for each in dict.fromkeys(named):
        if item := known.get(each):
            outbox.record_delivery(each, state, item_id=item.pk, arrived_is_final=True)
        else:
            early.append(EarlyStatus(channel=channel, external_id=each, state=state))
    EarlyStatus.objects.bulk_create(early, ignore_conflicts=True)


def take_result(channel: Channel, data: dict[str, Any]) -> None:
    """How a message that was handed over came out."""
    try:
        client_id = uuid.UUID(str(data.get("client_id")))
    except ValueError:
        return
    handed = DeviceMessage.objects.filter(channel=channel, client_id=client_id).values("item")
    item = OutboxItem.objects.defer("payload").filter(channel_id=channel.pk, uuid__in=handed).first()
    if item is None:
        return
    if data.get("ok") is True:
        sent_as = str(data.get("msg_id") or "")[:300]
        outbox.record_delivery("", "sent", item_id=item.pk, sent_as=sent_as)
        _catch_up(channel, item, sent_as)
    else:
        code = str(data.get("code") or Code.INTERNAL)
        words.note_refusal(channel, code, data.get("until"))
        state = "unknown" if code == Code.TIMEOUT_UNKNOWN else "failed"
        outbox.record_delivery(
            "", state, code=code, text=words.of(code), item_id=item.pk, arrived_is_final=True
        )
    let_next_go(item.pk)


def _catch_up(channel: Channel, item: OutboxItem, sent_as: str) -> None:
    """What was said of the message before we knew its name."""
    for early in EarlyStatus.objects.filter(channel=channel, external_id=sent_as):
        outbox.record_delivery(sent_as, early.state, item_id=item.pk, arrived_is_final=True)
        early.delete()


def let_next_go(item_id: int) -> None:
    """What waited for this one is tried now."""
    from deskbell.outbox.jobs import send  # app-ready: the job application exists only after set-up

    for next_id in behind(item_id):
        send.configure(lock=f"outbox:{next_id}").defer(item_id=next_id)
