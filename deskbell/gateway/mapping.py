"""What the library hears, as events of ours (docs/whatsapp-web-gateway.md).

Works on its protobuf messages by their fields alone, so that nothing here loads the library. Shapes:
neonize 0.5.2, Neonize.proto; whatsmeow, types/events and proto/waE2E.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PHONE, LID = "s.whatsapp.net", "lid"
#: server of a chat → what kind of chat it is; whatever else there is, is left alone
KINDS = {PHONE: "dm", LID: "dm", "g.us": "group", "broadcast": "status", "newsletter": "newsletter"}
#: field of a message → kind of its file
FILES = {
    "imageMessage": "image",
    "videoMessage": "video",
    "ptvMessage": "video",
    "audioMessage": "audio",
    "documentMessage": "document",
    "stickerMessage": "sticker",
}
#: messages whose content is another one
WRAPPERS = (
    "ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension",
    "documentWithCaptionMessage", "associatedChildMessage", "editedMessage",
)  # fmt: skip
#: answers to buttons and lists → where their words are
CHOSEN = {
    "buttonsResponseMessage": "selectedDisplayText",
    "templateButtonReplyMessage": "selectedDisplayText",
    "listResponseMessage": "title",
}
POLLS = ("pollCreationMessage", "pollCreationMessageV2", "pollCreationMessageV3", "pollCreationMessageV5")
#: parts that say nothing to people: keys, settings, a heading before the pictures of an album
SILENT = frozenset(
    {
        "senderKeyDistributionMessage", "fastRatchetKeySenderKeyDistributionMessage", "messageContextInfo",
        "protocolMessage", "albumMessage", "stickerSyncRmrMessage", "keepInChatMessage", "pinInChatMessage",
        "pollUpdateMessage", "encReactionMessage", "callLogMesssage", "secretEncryptedMessage",
    }
)  # fmt: skip
#: ProtocolMessage.Type of waE2E
REVOKE, EDIT = 0, 14
#: ReceiptType of Neonize.proto → ours
RECEIPTS = {"DELIVERED": "delivered", "READ": "read", "PLAYED": "played"}

#: the phone number of a hidden id, where the library knows it
Resolve = Callable[[Any], Any]


def jid(of: Any) -> str:
    return f"{of.User}@{of.Server}" if of.User and of.Server else ""


def kind_of_chat(chat: Any) -> str:
    return KINDS.get(chat.Server, "other")


def message(event: Any, resolve: Resolve) -> dict[str, Any] | None:
    """The data of a `message`; None for one that says nothing to people."""
    info = event.Info
    found = _content(event.Message, edited=bool(event.IsEdit))
    if found is None:
        return None
    if found["kind"] == "edit" and not found.get("edit_of"):
        found["edit_of"] = info.ID
    return {**_envelope(info, resolve), **found}


def undecryptable(event: Any, resolve: Resolve) -> dict[str, Any]:
    """One that comes again, under the same id, when it can be read."""
    return {**_envelope(event.Info, resolve), "kind": "undecryptable", "text": ""}


def receipt(event: Any) -> dict[str, Any] | None:
    """One state of many messages; None for what says nothing of the other side, such as our own reading."""
    name = event.DESCRIPTOR.fields_by_name["Type"].enum_type.values_by_number[event.Type].name
    source = event.MessageSource
    if name not in RECEIPTS or source.IsFromMe or kind_of_chat(source.Chat) != "dm":
        return None
    return {
        "chat": jid(source.Chat),
        "msg_ids": list(event.MessageIDs),
        "status": RECEIPTS[name],
        "ts": seconds(event.Timestamp),
    }


def seconds(given: int) -> int:
    """A time that may have come in milliseconds or nanoseconds."""
    while given > 100_000_000_000:
        given //= 1000
    return given


def _envelope(info: Any, resolve: Resolve) -> dict[str, Any]:
    source = info.MessageSource
    ours = bool(source.IsFromMe)
    other = _person(source.Chat, source.RecipientAlt, resolve) if ours else _sender(source, resolve)
    if not ours:
        other["name"] = info.Pushname
    return {
        "msg_id": info.ID,
        "chat": {"id": jid(source.Chat), "kind": kind_of_chat(source.Chat)},
        "to" if ours else "from": other,
        "from_me": ours,
        "ts": seconds(info.Timestamp),
    }


def _sender(source: Any, resolve: Resolve) -> dict[str, str]:
    return _person(source.Sender if source.Sender.User else source.Chat, source.SenderAlt, resolve)


def _person(known: Any, other: Any, resolve: Resolve) -> dict[str, str]:
    """`pn` are digits, `lid` is a hidden id; one of them may be unknown."""
    by_server = {each.Server: each for each in (other, known) if each.User}
    phone, hidden = by_server.get(PHONE), by_server.get(LID)
    if phone is None and hidden is not None:
        phone = resolve(hidden)
    return {"pn": phone.User if phone is not None else "", "lid": jid(hidden) if hidden is not None else ""}


def unwrapped(content: Any) -> tuple[Any, bool]:
    """What is inside of its wrappers, and whether one of them says that it changes another message."""
    edited = False
    while True:
        names = {field.name for field, _value in content.ListFields()}
        inside = next((name for name in WRAPPERS if name in names), None)
        if inside is None:
            return content, edited
        edited = edited or inside == "editedMessage"
        content = getattr(content, inside).message


def _content(content: Any, *, edited: bool = False) -> dict[str, Any] | None:
    content, changes = unwrapped(content)
    names = {field.name for field, _value in content.ListFields()}
    if "protocolMessage" in names:
        return _protocol(content.protocolMessage)
    found = _said(content, names)
    if found is None or not (edited or changes):
        return found
    return {"kind": "edit", "text": found.get("text", ""), "edit_of": ""}


def _protocol(said: Any) -> dict[str, Any] | None:
    if not said.HasField("type") and not said.HasField("key"):
        return None
    if said.type == REVOKE and said.HasField("key"):
        return {"kind": "revoke", "text": "", "edit_of": said.key.ID}
    if said.type == EDIT:
        new = _content(said.editedMessage)
        return {"kind": "edit", "text": (new or {}).get("text", ""), "edit_of": said.key.ID}
    return None


def _said(content: Any, names: set[str]) -> dict[str, Any] | None:
    if "conversation" in names:
        return {"kind": "text", "text": content.conversation}
    if "extendedTextMessage" in names:
        part = content.extendedTextMessage
        return {"kind": "text", "text": part.text, **_context(part)}
    if "reactionMessage" in names:
        part = content.reactionMessage
        return {"kind": "reaction", "text": part.text, "edit_of": part.key.ID}
    for name, kind in FILES.items():
        if name in names:
            return _file(getattr(content, name), kind)
    for name in ("locationMessage", "liveLocationMessage"):
        if name in names:
            return _place(getattr(content, name))
    if "contactMessage" in names:
        return {"kind": "contacts", "text": "", "contacts": [_card(content.contactMessage)]}
    if "contactsArrayMessage" in names:
        cards = [_card(each) for each in content.contactsArrayMessage.contacts]
        return {"kind": "contacts", "text": "", "contacts": cards}
    for name, words in CHOSEN.items():
        if name in names:
            part = getattr(content, name)
            return {"kind": "text", "text": getattr(part, words), **_context(part)}
    for name in POLLS:
        if name in names:
            part = getattr(content, name)
            options = "\n".join(f"• {each.optionName}" for each in part.options)
            return {"kind": "poll", "text": f"{part.name}\n{options}", **_context(part)}
    left = sorted(names - SILENT)
    return {"kind": left[0].removesuffix("Message")[:20], "text": ""} if left else None


def _context(part: Any) -> dict[str, Any]:
    if not part.HasField("contextInfo"):
        return {}
    context = part.contextInfo
    said: dict[str, Any] = {"reply_to": context.stanzaID} if context.stanzaID else {}
    return said | ({"forwarded": True} if context.isForwarded else {})


def _file(part: Any, kind: str) -> dict[str, Any]:
    media = {"mime": part.mimetype, "size": int(part.fileLength)}
    if kind == "document":
        media["filename"] = part.fileName or part.title
    caption = getattr(part, "caption", "")
    return {"kind": kind, "text": caption, "media": media, **_context(part)}


def _place(part: Any) -> dict[str, Any]:
    place = {
        "latitude": part.degreesLatitude,
        "longitude": part.degreesLongitude,
        "name": getattr(part, "name", ""),
        "address": getattr(part, "address", ""),
    }
    return {"kind": "location", "text": "", "location": place, **_context(part)}


def _card(contact: Any) -> dict[str, Any]:
    """Name, numbers and addresses of a vCard (RFC 6350), as far as they stand on lines of their own."""
    phones, emails = [], []
    for line in contact.vcard.splitlines():
        name, _colon, value = line.partition(":")
        prop = name.partition(";")[0].rpartition(".")[2].upper()
        if prop == "TEL":
            phones.append(value.removeprefix("tel:").strip())
        elif prop == "EMAIL":
            emails.append(value.strip())
    return {"name": contact.displayName, "phones": phones, "emails": emails}
