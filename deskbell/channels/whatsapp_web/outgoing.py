"""The way out by a linked device: one message is handed to the gateway once, and its answer waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from deskbell.channels.actions.mailboxes import note_sent
from deskbell.channels.models import Channel, DeviceMessage, InboundItem, LinkedDevice
from deskbell.channels.whatsapp import errors
from deskbell.channels.whatsapp.outgoing import kind_of
from deskbell.channels.whatsapp_web import limits, words
from deskbell.channels.whatsapp_web.gateway import Gateway, GatewayError
from deskbell.channels.whatsapp_web.receipts import let_next_go
from deskbell.files.models import Blob
from deskbell.gateway.protocol import Code
from deskbell.kit import http
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.results import Accepted, Final, Result, Retry, Unknown
from deskbell.tickets.models import Conversation, Message

DRIVER = "whatsapp-web"
#: bytes of a file
LARGEST = 64_000_000
#: seconds until a link that is down is looked at again
DOWN = 60
#: seconds between looks at a message that was handed over: its result comes by itself
ASKED_AGAIN = (5, 10, 20, 60)
#: a person types so many characters a second, and is seen typing so long
TYPED, TYPING = 15, (1.0, 4.0)
#: what the gateway may say that passes by itself
PASSING = frozenset({Code.NOT_CONNECTED})


def send(item: OutboxItem, payload: Mapping[str, Any]) -> Result:
    """Try once. Never raises for what the network or the other side does."""
    channel = _channel(item)
    if channel is None or channel.state == Channel.State.OFF:
        return Final("off", errors.SWITCHED_OFF)
    try:
        result = _send(channel, item, payload)
    except FileNotFoundError:
        result = Final("file_gone", errors.FILE_GONE)
    except http.NoAnswer:
        result = Retry("gateway", words.NO_GATEWAY, DOWN)
    except http.BadAddress as error:
        result = Final("bad_address", str(error))
    except GatewayError as error:
        if error.code == Code.NOT_CONNECTED:
            limits.not_taken(item)
        result = _refused(channel, error)
    if not isinstance(result, Retry):
        note_sent(channel.pk, result)
        let_next_go(item.pk)
    return result


def _channel(item: OutboxItem) -> Channel | None:
    rows = Channel.objects.select_related("device").filter(kind=Channel.Kind.WHATSAPP_WEB)
    return rows.filter(pk=item.channel_id).first() if item.channel_id else None


def _send(channel: Channel, item: OutboxItem, payload: Mapping[str, Any]) -> Result:
    gateway, device = Gateway(channel), channel.device
    handed = DeviceMessage.objects.filter(item=item.uuid, handed_at__isnull=False).first()
    if handed and item.attempts > 1:
        return _outcome(channel, item, gateway.message(str(handed.client_id)))
    if handed:  # somebody sends it once more, by hand
        limits.again(handed)
    conversation = Conversation.objects.filter(pk=payload["conversation"]).first()
    if conversation is None or not conversation.is_open:
        return Final("not_written", words.NOT_WRITTEN % {"days": device.reply_days})
    if wait := _not_yet(item, device):
        return wait
    text = str(payload.get("text") or "")
    admitted = limits.admit(device, item, conversation.address, text)
    if not isinstance(admitted, DeviceMessage):
        return admitted
    message = {"client_id": str(admitted.client_id), **_message(gateway, item, payload, conversation)}
    answer = gateway.send(message)
    DeviceMessage.objects.filter(pk=admitted.pk).update(handed_at=timezone.now())
    return _outcome(channel, item, answer)


def _not_yet(item: OutboxItem, device: LinkedDevice) -> Retry | None:
    """In the order of the chat, and only while the link is up and allowed to send."""
    if not device.may_send:
        return Retry("down", words.problem_of(device), DOWN)
    his = OutboxItem.objects.filter(driver=DRIVER, channel_id=item.channel_id, recipient=item.recipient)
    if his.filter(pk__lt=item.pk, state__in=("queued", "sending")).exists():
        return Retry("order", words.PACE, 3)
    return None


def _message(
    gateway: Gateway, item: OutboxItem, payload: Mapping[str, Any], conversation: Conversation
) -> dict[str, Any]:
    """As the gateway takes it. What the customer wrote last is marked as read before, and typing is seen."""
    if "reaction" in payload:
        sign = payload["reaction"]
        return {
            "chat": conversation.address,
            "kind": "reaction",
            "text": sign["emoji"],
            "reply_to": sign["message_id"],
        }
    text = str(payload.get("text") or "")
    least, most = TYPING
    message: dict[str, Any] = {
        "chat": conversation.address,
        "typing_ms": int(1000 * min(most, max(least, len(text) / TYPED))),
        "read": _unread(conversation.channel_id, conversation.address),
    }
    if payload.get("quoted"):
        quoted = Message.objects.filter(external_id=payload["quoted"], direction="in").first()
        message |= {"reply_to": payload["quoted"], "reply_text": quoted.text[:300] if quoted else ""}
    if "blob" not in payload:
        return {**message, "kind": "text", "text": text}
    blob = Blob.objects.get(pk=payload["blob"])
    if blob.size > LARGEST:
        raise GatewayError(413, Code.MEDIA_TOO_BIG)
    with open(blob.path, "rb") as content:  # noqa: PTH123
        ref = gateway.upload(content)
    return {
        **message,
        "kind": kind_of(blob.content_type, blob.size),
        "media_ref": ref,
        "mime": blob.content_type or "application/octet-stream",
        "filename": payload["filename"],
    }


def _unread(channel_id: int, address: str) -> list[str]:
    """Ids of what came last in the chat."""
    came = InboundItem.objects.filter(channel_id=channel_id, envelope_from=address, external_id__isnull=False)
    ids = came.filter(state__in=("ticketed", "added")).order_by("-pk").values_list("external_id", flat=True)
    return [str(each) for each in ids[:20] if not str(each).startswith("waiting:")]


def _outcome(channel: Channel, item: OutboxItem, answer: Mapping[str, Any] | None) -> Result:
    """What the gateway says of a message that it has."""
    if answer is None:
        return Unknown("forgotten", words.FORGOTTEN)
    match answer.get("state"):
        case "sent":
            return Accepted(str(answer.get("msg_id") or "")[:300])
        case "failed":
            code = str(answer.get("code") or Code.INTERNAL)
            words.note_refusal(channel, code, answer.get("until"))
            return Final(code, words.of(code))
        case "unknown":
            return Unknown(Code.TIMEOUT_UNKNOWN, words.of(Code.TIMEOUT_UNKNOWN))
    return Retry("handed", words.HANDED, ASKED_AGAIN[min(item.attempts, len(ASKED_AGAIN)) - 1])


def _refused(channel: Channel, error: GatewayError) -> Result:
    """The gateway took nothing."""
    if error.status == 401:
        return Retry("signature", words.REFUSED, DOWN)
    if error.code in PASSING or error.status >= 500 or error.status == 429:
        return Retry(error.code or "gateway", words.of(error.code) if error.code else words.NO_GATEWAY, DOWN)
    words.note_refusal(channel, error.code, None)
    return Final(error.code or "gateway", words.of(error.code))
