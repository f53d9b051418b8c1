"""One message as a gateway tells it, read without trust (docs/whatsapp-web-gateway.md, `message`)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from deskbell.channels.whatsapp import incoming
from deskbell.channels.whatsapp.incoming import ABOUT, MEDIA, NAMES, Incoming, Media, clean
from deskbell.kit.chats import phone_of

#: a message that could not be decrypted yet; it comes again under its id
WAITING = "undecryptable"
#: kinds of chats in which one person talks to us
PRIVATE = "dm"
LID = "@lid"


def parse(stored: bytes) -> Incoming:
    """What the ledger kept of an event. Raises ValueError for anything else."""
    data = json.loads(stored)
    if not isinstance(data, dict):
        raise ValueError("no message")
    chat, ours = _dict(data.get("chat")), data.get("from_me") is True
    # in an echo of ours the other one is who it went to
    other = _dict(data.get("to" if ours else "from"))
    address = _str(chat, "id")[:160]
    lid = _str(other, "lid") or (address if address.endswith(LID) else "")
    kind = _str(data, "kind") or "unknown"
    read = incoming.parse(incoming.raw(_as_cloud(data, kind), []))
    return replace(
        read,
        type=kind,
        wa_id=phone_of(_str(other, "pn")) or phone_of(address),
        lid=lid if lid.endswith(LID) else "",
        chat=address,
        name=_str(other, "name")[:200],
        media=_media(data, kind),
        about=_str(data, "edit_of")[:300] or _str(data, "reply_to")[:300],
        group=address if _str(chat, "kind") != PRIVATE else "",
        forwarded=data.get("forwarded") is True,
        echo=ours,
    )


def external_id(data: dict[str, Any]) -> str:
    """Its name in the ledger, unique in its channel; empty when it has none.

    What is said of another message may come under that one's id, and one that could not be decrypted comes
    again under its own.
    """
    msg_id, kind = clean(str(data.get("msg_id") or ""))[:300], str(data.get("kind") or "")[:20]
    if not msg_id:
        return ""
    if kind in ABOUT:
        return f"{kind}:{msg_id}:{clean(str(data.get('edit_of') or ''))[:200]}:{data.get('ts')}"[:600]
    return f"waiting:{msg_id}" if kind == WAITING else msg_id


def _as_cloud(data: dict[str, Any], kind: str) -> dict[str, Any]:
    """The parts that the Cloud API words alike, in its words."""
    text = _str(data, "text")
    nodes: dict[str, Any] = {
        "text": {"body": text},
        "location": _dict(data.get("location")),
        "reaction": {"emoji": text},
        "contacts": [_card(each) for each in data.get("contacts") or [] if isinstance(each, dict)]
        if isinstance(data.get("contacts"), list)
        else [],
    }
    nodes |= {each: {"caption": text} for each in MEDIA}
    # whatever else has words keeps them
    said = kind if kind in nodes else "text"
    return {"id": _str(data, "msg_id"), "type": said, "timestamp": data.get("ts"), said: nodes[said]}


def _card(card: dict[str, Any]) -> dict[str, Any]:
    def those(key: str, word: str) -> list[dict[str, str]]:
        listed = card.get(key)
        return [{word: each} for each in listed if isinstance(each, str)] if isinstance(listed, list) else []

    return {
        "name": {"formatted_name": _str(card, "name")},
        "phones": those("phones", "phone"),
        "emails": those("emails", "email"),
    }


def _media(data: dict[str, Any], kind: str) -> Media | None:
    media = _dict(data.get("media"))
    token = _str(media, "token")[:200]
    if kind not in MEDIA or not token:
        return None
    mime = _str(media, "mime").partition(";")[0].strip().lower()
    return Media(token, mime, _str(media, "filename")[:255] or NAMES[kind], "")


def _str(node: dict[str, Any], key: str) -> str:
    value = node.get(key)
    return clean(value) if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
