"""One message of a customer as the webhook tells it, read without trust: what is missing or odd is left out.

Shapes: developers.facebook.com, WhatsApp Cloud API, webhooks, `messages`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

MEDIA = ("image", "video", "audio", "document", "sticker")
#: types that say something about another message, or about the sender: they open no ticket
ABOUT = frozenset({"reaction", "system", "edit", "revoke"})
NAMES = {"image": "photo", "video": "video", "audio": "audio", "document": "document", "sticker": "sticker"}


@dataclass(frozen=True)
class Media:
    media_id: str
    mime_type: str
    filename: str
    #: base64 or hexadecimal
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """`wa_id` are digits and `bsuid` a business-scoped id; one of them may be missing. `text` is plain."""

    external_id: str
    type: str
    wa_id: str = ""
    bsuid: str = ""
    #: WhatsApp's hidden id of a person, `…@lid`, which is no number
    lid: str = ""
    #: of a linked device: the chat it came from, which is where it is answered
    chat: str = ""
    name: str = ""
    at: datetime | None = None
    text: str = ""
    media: Media | None = None
    #: the message that is quoted, reacted to, changed or taken back
    about: str = ""
    #: what we had named the chosen answer
    choice: str = ""
    group: str = ""
    forwarded: bool = False
    #: of a `system` message: the sender's new id
    moved_to: str = ""
    #: and the id that the sender had before `bsuid`
    moved_from_id: str = ""
    #: written by us on the phone that has the number, to the person named as the sender
    echo: bool = False
    #: digits that somebody without a number gave us when we asked for it
    own_number: str = ""
    #: codes of what the other side could not hand over
    errors: list[int] = field(default_factory=list)

    @property
    def sender(self) -> str:
        """Under which the sender is answered."""
        return self.chat or self.wa_id or self.bsuid


def raw(message: dict[str, Any], contacts: list[Any], *, echo: bool = False) -> bytes:
    """For the ledger: the message, and who the envelope says its sender is; of an `echo` who got it."""
    sender: Any = next((each for each in contacts if _is_sender(each, message)), {})
    kept = {"message": message, "contact": sender} | ({"echo": True} if echo else {})
    return json.dumps(kept).encode()


def _is_sender(contact: Any, message: dict[str, Any]) -> bool:
    if not isinstance(contact, dict):
        return False
    ways = ("wa_id", "from"), ("user_id", "from_user_id"), ("wa_id", "to"), ("user_id", "to_user_id")
    return any(contact.get(theirs) and contact[theirs] == message.get(his) for theirs, his in ways)


def parse(stored: bytes) -> Incoming:
    """What `raw` kept. Raises ValueError for anything else."""
    both = json.loads(stored)
    if not isinstance(both, dict) or not isinstance(both.get("message"), dict):
        raise ValueError("no message")
    message, contact = both["message"], _dict(both.get("contact"))
    echo = both.get("echo") is True
    his, his_id = ("to", "to_user_id") if echo else ("from", "from_user_id")
    kind = _str(message, "type") or "unknown"
    node = _dict(message.get(kind))
    context = _dict(message.get("context"))
    return Incoming(
        external_id=_str(message, "id"),
        type=kind,
        wa_id=_digits(_str(message, his).removeprefix("+") or _str(contact, "wa_id")),
        bsuid=(_str(node, "user_id") if kind == "system" else "")
        or _str(message, his_id)
        or _str(contact, "user_id"),
        name=_str(_dict(contact.get("profile")), "name")[:200],
        at=_time(message.get("timestamp")),
        text=_text(kind, node, message),
        media=_media(kind, node),
        about=_about(kind, node, context),
        choice=_choice(kind, node),
        group=_str(message, "group_id"),
        forwarded=bool(context.get("forwarded") or context.get("frequently_forwarded")),
        echo=echo,
        moved_to=_digits(_str(node, "wa_id") or _str(node, "new_wa_id")) if kind == "system" else "",
        moved_from_id=_str(node, "previous_user_id") if kind == "system" else "",
        own_number=_own_number(message) if kind == "contacts" else "",
        errors=[
            each["code"]
            for each in _list(message.get("errors"))
            if isinstance(each, dict) and isinstance(each.get("code"), int)
        ],
    )


def _text(kind: str, node: dict[str, Any], message: dict[str, Any]) -> str:
    if kind == "text":
        return _str(node, "body")
    if kind in MEDIA:
        return _str(node, "caption")
    if kind == "button":
        return _str(node, "text")
    if kind == "interactive":
        answer = _answer(node)
        return "\n".join(
            filter(None, [_str(answer, "title") or _str(answer, "body"), _str(answer, "description")])
        )
    if kind == "location":
        return _place(node)
    if kind == "contacts":
        cards = [each for each in _list(message.get("contacts")) if isinstance(each, dict)]
        return "\n".join(filter(None, map(_card, cards)))
    if kind == "reaction":
        return _str(node, "emoji")
    if kind == "order":
        return "\n".join(filter(None, [_str(node, "text"), *map(_product, _list(node.get("product_items")))]))
    if kind == "system":
        return _str(node, "body")
    if kind == "edit":
        after = _dict(node.get("message"))
        inner = _str(after, "type")
        return _text(inner, _dict(after.get(inner)), after) if inner != "edit" else ""
    return ""


def _place(node: dict[str, Any]) -> str:
    lines = [_str(node, "name"), _str(node, "address")]
    latitude, longitude = node.get("latitude"), node.get("longitude")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        north, east = f"{latitude:.6f}", f"{longitude:.6f}"
        lines.append(f"https://www.openstreetmap.org/?mlat={north}&mlon={east}#map=17/{north}/{east}")
    return "\n".join(filter(None, lines))


def _card(card: dict[str, Any]) -> str:
    """`Asha Rao, +91 98100 00001, asha@example.com`."""
    name = _dict(card.get("name"))
    parts = [_str(name, "formatted_name")]
    for what, key in (("phones", "phone"), ("emails", "email")):
        parts += [_str(each, key) for each in _list(card.get(what)) if isinstance(each, dict)]
    return ", ".join(filter(None, parts))


def _own_number(message: dict[str, Any]) -> str:
    """WhatsApp itself says that it is the sender's own; any other card may be anybody's."""
    cards = [each for each in _list(message.get("contacts")) if isinstance(each, dict)]
    if len(cards) != 1 or cards[0].get("origin") != "contact_request":
        return ""
    numbers = [
        _digits(_str(each, "wa_id")) for each in _list(cards[0].get("phones")) if isinstance(each, dict)
    ]
    return next(filter(None, numbers), "")


def _product(item: Any) -> str:
    item = _dict(item)
    named = _str(item, "product_retailer_id")
    return f"{item.get('quantity', 1)} × {named}" if named else ""


def _media(kind: str, node: dict[str, Any]) -> Media | None:
    media_id = _str(node, "id")
    if kind not in MEDIA or not media_id:
        return None
    mime = _str(node, "mime_type").partition(";")[0].strip().lower()
    return Media(media_id, mime, _str(node, "filename")[:255] or NAMES[kind], _str(node, "sha256")[:100])


def _about(kind: str, node: dict[str, Any], context: dict[str, Any]) -> str:
    if kind == "reaction":
        return _str(node, "message_id")
    if kind in ("edit", "revoke"):
        return _str(node, "original_message_id")
    return _str(context, "id")


def _answer(node: dict[str, Any]) -> dict[str, Any]:
    """What was chosen of an interactive message, whichever kind it is."""
    return _dict(node.get(_str(node, "type"))) or _dict(node.get("button_reply") or node.get("list_reply"))


def _choice(kind: str, node: dict[str, Any]) -> str:
    if kind == "button":
        return _str(node, "payload")
    return _str(_answer(node), "id") if kind == "interactive" else ""


def placeholder(incoming: Incoming) -> str:
    """Words for a message that has none, in the desk's language."""
    match incoming.type:
        case "unsupported" if 131060 in incoming.errors:
            return _("(WhatsApp could not hand this message over. Please look at the phone.)")
        case "undecryptable":
            return _("(Waiting for this message. It may take a while; else look at the phone.)")
        case "sticker":
            return _("(A sticker)")
        case kind if kind in MEDIA:
            return ""
        case _:
            return _("(A message of a kind that cannot be shown here: %(kind)s)") % {
                "kind": incoming.type[:40]
            }


def clean(text: str) -> str:
    """`text` without what no database takes: halves of a sign that was cut, and NUL."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _str(node: dict[str, Any], key: str) -> str:
    value = node.get(key)
    return clean(value) if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _digits(given: str) -> str:
    return given if given.isascii() and given.isdigit() and len(given) <= 20 else ""


def _time(given: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(given), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
