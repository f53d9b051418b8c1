"""The way out by the WhatsApp Cloud API: what a reply becomes, and one try to send one message of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from deskbell.channels.actions.mailboxes import note_sent
from deskbell.channels.models import Channel
from deskbell.channels.whatsapp import errors
from deskbell.channels.whatsapp.account import Account
from deskbell.channels.whatsapp.errors import Meaning
from deskbell.channels.whatsapp.graph import Graph, GraphError
from deskbell.channels.whatsapp.statuses import OURS
from deskbell.files.models import Blob
from deskbell.kit import http
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.results import Accepted, Final, Result, Retry, Unknown
from deskbell.tickets.actions.conversations import close_window
from deskbell.tickets.models import Conversation

DRIVER = "whatsapp-cloud"
#: characters of one message, and of the words below a file
TEXT, CAPTION = 4096, 1024
#: what WhatsApp shows as more than a document → bytes it takes of it
SHOWN = {
    "image/jpeg": ("image", 5_000_000),
    "image/png": ("image", 5_000_000),
    "video/mp4": ("video", 16_000_000),
    "video/3gpp": ("video", 16_000_000),
    "audio/aac": ("audio", 16_000_000),
    "audio/amr": ("audio", 16_000_000),
    "audio/mpeg": ("audio", 16_000_000),
    "audio/mp4": ("audio", 16_000_000),
    "audio/ogg": ("audio", 16_000_000),
}
#: bytes of anything else
DOCUMENT = 100_000_000
#: messages to one person within a minute before the desk slows down, and seconds it then waits
AT_ONCE, SLOWLY = 10, 6
#: seconds until a number that is down is asked again, and for a code, which is soon no longer good
DOWN, SOON = 60, 15
#: seconds that a try which names none waits at least (outbox.actions.BACK_OFF)
LATER = 60


def put(
    conversation: Conversation,
    *,
    kind: str,
    cause: tuple[str, int],
    ticket_id: int | None,
    text: str,
    files: list[tuple[int, str]] | None = None,
    quoted: str = "",
) -> list[OutboxItem]:
    """Put everything of one answer: its words in pieces that WhatsApp takes, and a message for each file.

    `files` are (id of the blob, filename); `quoted` is the message it answers. Nothing is put twice.
    """
    messages: list[dict[str, Any]] = [{"text": piece} for piece in pieces(text)]
    for blob_id, filename in files or []:
        messages.append({"blob": blob_id, "filename": filename})
    if messages and quoted:
        messages[0]["quoted"] = quoted
    made: list[OutboxItem] = []
    driver = driver_of(conversation)
    for number, message in enumerate(messages):
        item = outbox.put(
            driver,
            recipient=conversation.address,
            kind=f"{kind}.{number}" if number else kind,
            cause=cause,
            payload={**message, "conversation": conversation.pk},
            ticket_id=ticket_id,
            channel_id=conversation.channel_id,
            after=made[-1] if made else None,
        )
        made += [item] if item else []
    return made


def driver_of(conversation: Conversation) -> str:
    """By what the answers of a chat leave: the drivers of chats are called as their kinds of channels."""
    kind = Channel.objects.filter(pk=conversation.channel_id).values_list("kind", flat=True).first()
    return kind or DRIVER


def put_template(
    conversation: Conversation, *, kind: str, cause: tuple[str, int], ticket_id: int, template: dict[str, Any]
) -> OutboxItem | None:
    """Put a template, which may be sent at any time; `template` is templates.to_send's."""
    return outbox.put(
        DRIVER,
        recipient=conversation.address,
        kind=kind,
        cause=cause,
        payload={"template": template, "conversation": conversation.pk},
        ticket_id=ticket_id,
        channel_id=conversation.channel_id,
    )


def put_interactive(
    conversation: Conversation,
    *,
    kind: str,
    cause: tuple[str, int],
    ticket_id: int | None,
    node: dict[str, Any],
) -> OutboxItem | None:
    """Put a message that is answered by a tap; `node` is one of interactive's."""
    return outbox.put(
        DRIVER,
        recipient=conversation.address,
        kind=kind,
        cause=cause,
        payload={"interactive": node, "conversation": conversation.pk},
        ticket_id=ticket_id,
        channel_id=conversation.channel_id,
    )


def pieces(text: str, most: int = TEXT) -> list[str]:
    """`text` in parts of at most `most` characters, cut between paragraphs, lines or words if it can be."""
    text, found = text.strip(), []
    while len(text) > most:
        part = text[:most]
        cut = max(part.rfind("\n\n"), 0) or max(part.rfind("\n"), 0) or max(part.rfind(" "), 0) or most
        found.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*found, text] if text else found


def send(item: OutboxItem, payload: Mapping[str, Any]) -> Result:
    """Try once. Never raises for what the network or the other side does."""
    result = _try(item, payload)
    if "until" not in payload or isinstance(result, Accepted | Unknown):
        return result
    if isinstance(result, Retry) and time.time() + (result.after or LATER) < payload["until"]:
        return result
    return Final(result.code, result.text, again=False)  # a code is soon no longer good


def _try(item: OutboxItem, payload: Mapping[str, Any]) -> Result:
    numbers = Channel.objects.select_related("whatsapp")
    channel = numbers.filter(pk=item.channel_id).first() if item.channel_id else None
    if channel is None or channel.state == Channel.State.OFF:
        return Final("off", errors.SWITCHED_OFF)
    if "until" in payload and time.time() > payload["until"]:
        return Final("late", errors.LATE_CODE)
    if channel.state == Channel.State.DOWN:
        return Retry("down", channel.last_error, SOON if "until" in payload else DOWN)
    if wait := _not_yet(item, alone="until" in payload):
        return wait
    if "until" not in payload and (refused := _shut(channel, payload)):
        return refused
    graph = Graph(Account.of(channel))
    try:
        message = _message(graph, item, payload)
    except FileNotFoundError:
        return Final("file_gone", errors.FILE_GONE)
    except http.NoAnswer as error:
        return Retry("upload", str(error))  # a file that may lie there twice is no message
    except http.BadAddress as error:
        return Final("bad_address", str(error))
    except GraphError as error:
        result = _refused(channel, item, error)
        return Retry(result.code, result.text) if isinstance(result, Unknown) else result
    try:
        answer = graph.send(message)
    except GraphError as error:
        result = _refused(channel, item, error)
    except http.NoAnswer as error:
        # written and not answered: it may have gone out, and there is no way to ask
        result = Unknown("no_answer", str(error)) if error.sent else Retry("connect", str(error))
    except http.BadAddress as error:
        result = Final("bad_address", str(error))
    else:
        result = Accepted(_id_of(answer))
    note_sent(channel.pk, result)
    return result


def _shut(channel: Channel, payload: Mapping[str, Any]) -> Final | None:
    """Why it may not be said in its chat, if it may not."""
    conversation = Conversation.objects.filter(pk=payload["conversation"]).first()
    if conversation is None or not ("template" in payload or conversation.is_open):
        return Final("131047", errors.WINDOW_CLOSED)
    return _unwanted(channel, conversation, payload["template"]) if "template" in payload else None


def _unwanted(channel: Channel, conversation: Conversation, template: dict[str, Any]) -> Final | None:
    """He may have stopped them while it waited."""
    from deskbell.channels.actions import consent  # the two use each other

    why = consent.refusal(conversation, consent.category_of(channel.pk, template))
    return Final("stopped", why) if why else None


def _not_yet(item: OutboxItem, *, alone: bool) -> Retry | None:
    """One after the other, unless it stands `alone`, and not too many at once to one person: WhatsApp takes
    one in six seconds.
    """
    his = OutboxItem.objects.filter(driver=DRIVER, channel_id=item.channel_id, recipient=item.recipient)
    if not alone and his.filter(pk__lt=item.pk, state__in=("queued", "sending")).exists():
        return Retry("order", errors.ORDER, 2)
    minute = timezone.now() - timedelta(minutes=1)
    lately = his.filter(changed_at__gt=minute, state__in=("sent", "delivered", "read")).count()
    return Retry("pace", errors.PAIR, SLOWLY) if lately >= AT_ONCE else None


def _message(graph: Graph, item: OutboxItem, payload: Mapping[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {**_to(item.recipient), "biz_opaque_callback_data": f"{OURS}{item.uuid}"}
    if payload.get("quoted"):
        message["context"] = {"message_id": payload["quoted"]}
    if "template" in payload:
        return {**message, "type": "template", "template": payload["template"]}
    if "reaction" in payload:
        return {**message, "type": "reaction", "reaction": payload["reaction"]}
    if "interactive" in payload:
        return {**message, "type": "interactive", "interactive": payload["interactive"]}
    if "blob" not in payload:
        return {**message, "type": "text", "text": {"body": payload["text"], "preview_url": False}}
    blob = Blob.objects.get(pk=payload["blob"])
    kind = kind_of(blob.content_type, blob.size)
    with Path(blob.path).open("rb") as content:
        mime = blob.content_type if kind != "document" else blob.content_type or "application/octet-stream"
        media_id = graph.upload(content, filename=payload["filename"], mime_type=mime)
    node = {"id": media_id, **({"filename": payload["filename"]} if kind == "document" else {})}
    return {**message, "type": kind, kind: node}


def kind_of(content_type: str, size: int) -> str:
    """As what WhatsApp takes a file of `size` bytes."""
    kind, most = SHOWN.get(content_type, ("document", DOCUMENT))
    return kind if size <= most else "document"


def _to(address: str) -> dict[str, str]:
    """Always with the country code: without a plus the business's own would be put before it."""
    return {"to": f"+{address}"} if address.isdigit() else {"recipient": address}


def _id_of(answer: dict[str, Any]) -> str:
    messages = answer.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else {}
    return str(first.get("id", "")) if isinstance(first, dict) else ""


def _refused(channel: Channel, item: OutboxItem, error: GraphError) -> Result:
    if error.code == -1 and error.status not in (401, 403):
        # not in their words: something on the way answered
        said = f"HTTP {error.status}"
        return Retry("http", said, error.wait or None) if error.status == 429 else Unknown("http", said)
    meant, code = errors.known(max(error.code, 0), error.text), str(error.code)
    match meant.meaning:
        case Meaning.RETRY | Meaning.WAIT:
            return Retry(code, meant.text, error.wait or meant.wait * 2 ** min(item.attempts - 1, 6) or None)
        case Meaning.TEMPLATE:
            close_window(channel.pk, item.recipient)
            return Final(code, meant.text)
        case Meaning.CHANNEL:
            channel_down(channel, meant.text)
            return Retry(code, meant.text, DOWN)
    return Final(code, meant.text)


def channel_down(channel: Channel, why: str) -> None:
    """Nothing can be sent until somebody has mended it; what waits stays in its order."""
    Channel.objects.filter(pk=channel.pk).exclude(state=Channel.State.OFF).update(
        state=Channel.State.DOWN, last_error=why[:500]
    )
