"""What a gateway tells us, event by event. Told twice, or in another order, it comes to the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop as N_

from deskbell.channels.models import Channel
from deskbell.channels.whatsapp_web import device, incoming, receipts
from deskbell.kit.stored import sentence

#: what of a delivery could not be used
NOT_READ = sentence(N_("The gateway said something that is not understood: %(kind)s"))


class Unreadable(ValueError):
    """Not a delivery of a gateway."""


def events(body: bytes) -> Iterator[dict[str, Any]]:
    """Every event of a delivery, in its order, earlier chats counted as one at its end. Raises Unreadable."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None
    if not isinstance(read, dict) or not isinstance(read.get("events"), list):
        raise Unreadable("no events")
    earlier = 0
    for each in read["events"]:
        if _is_earlier(each):
            earlier += 1
        else:
            yield each if isinstance(each, dict) else {}
    if earlier:
        yield {"type": "earlier", "data": {"history": earlier}}


def _is_earlier(event: Any) -> bool:
    """A message of before the phone was linked: thousands come, and are left alone."""
    data = event.get("data") if isinstance(event, dict) and event.get("type") == "message" else None
    return isinstance(data, dict) and data.get("history") is True


def take(channel: Channel, event: dict[str, Any]) -> str:
    """Take one event; what is wrong with it, if anything."""
    from deskbell.channels.actions.webhooks import take_in_once  # the two call each other

    kind, data = str(event.get("type"))[:40], event.get("data")
    if not isinstance(data, dict):
        return NOT_READ % {"kind": kind}
    match kind:
        case "earlier":
            device.leave_alone(channel, data, more=True)
        case "message":
            chat = data.get("chat")
            sender = chat.get("id") if isinstance(chat, dict) else ""
            take_in_once(channel, incoming.external_id(data), json.dumps(data).encode(), str(sender or ""))
        case "receipt":
            receipts.take(channel, data)
        case "send_result":
            receipts.take_result(channel, data)
        case "session":
            device.note(channel, data, event.get("at"))
        case "ignored":
            totals = data.get("totals")
            device.leave_alone(channel, totals if isinstance(totals, dict) else {})
        case _:
            return NOT_READ % {"kind": kind}
    return ""
