"""WhatsApp's Cloud API played on this machine: it takes what the desk sends and posts what customers do.

Deterministic: nothing fails unless it was told to. `Sim` is the state and what can be done with it; server.py
puts it behind HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import threading
import time
from collections import deque
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from deskbell.channels.whatsapp.webhook import sign
from deskbell.demo.whatsapp.approval import AUTHENTICATION, VARIABLE, WRONG, faults
from deskbell.demo.whatsapp.codes import as_listed, carries_code

TOKEN, APP_SECRET, VERIFY = "sim-token", "sim-app-secret", "sim-verify"
NUMBER_ID, WABA_ID = "880000000000001", "990000000000001"
DISPLAY = "+1 555 000 1111"
#: seconds for which a customer's message may be answered freely
WINDOW = 24 * 3600
TEXT, CAPTION = 4096, 1024


TEMPLATES: list[dict[str, Any]] = [
    {
        "name": "ticket_reply_waiting",
        "language": "en_US",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Your request {{1}}"},
            {
                "type": "BODY",
                "text": "Hello {{1}}, there is an answer to your request {{2}}. Reply here to read it.",
            },
            {"type": "FOOTER", "text": "Lanternfield IT"},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Read it"}]},
        ],
    },
    {
        "name": "ticket_status_changed",
        "language": "en_US",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [
            {"type": "BODY", "text": "Your request {{ticket}} is now {{state}}. Reply here if that is wrong."}
        ],
    },
    {
        "name": "with_a_picture",
        "language": "en_US",
        "status": "APPROVED",
        "category": "MARKETING",
        "components": [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Look at this."}],
    },
    {
        "name": "ticket_reply_waiting",
        "language": "de",
        "status": "PENDING",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Hallo {{1}}, zu Ihrer Anfrage {{2}} gibt es eine Antwort."}],
    },
]


@dataclass
class Sent:
    """A message of the desk as it arrived here, and how far it came."""

    wamid: str
    to: str
    body: dict[str, Any]
    states: list[str] = field(default_factory=lambda: ["accepted"])
    error: int = 0

    @property
    def text(self) -> str:
        return str(self.body.get("text", {}).get("body", ""))


@dataclass
class Rule:
    """The next `times` messages to `to` (anybody when empty) end in `code`, or are taken without any answer
    (0); `late` ones are accepted first and fail by a status.
    """

    code: int
    to: str = ""
    times: int = 1
    late: bool = False


class Refused(Exception):
    def __init__(self, status: int, code: int, message: str, *, subcode: int = 0) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.subcode = status, code, message, subcode


class Sim:
    """One business account with one number."""

    def __init__(self, webhook: str = "", *, number_id: str = NUMBER_ID, waba_id: str = WABA_ID) -> None:
        self.webhook = webhook
        #: the desk's own name, where `webhook` reaches it under another
        self.host = ""
        self.number_id, self.waba_id = number_id, waba_id
        self.token = TOKEN
        self.app_secret = APP_SECRET
        self.address = ""
        self.sent: list[Sent] = []
        self.media: MutableMapping[str, tuple[bytes, str]] = {}
        self.uploads: MutableMapping[str, tuple[bytes, str]] = {}
        self.rules: list[Rule] = []
        self.read: list[str] = []
        #: messages at which the desk said that it writes an answer
        self.typing: list[str] = []
        self.calls: deque[tuple[str, str]] = deque(maxlen=1000)
        self.subscribed = True
        #: refuse free words to people who have not written within the window, as the real one does
        self.strict = True
        self.last_in: dict[str, float] = {}
        self.clock = 0.0
        #: media ids that answer 404 that many times before they come
        self.shy: dict[str, int] = {}
        self.templates: list[dict[str, Any]] = json.loads(json.dumps(TEMPLATES))
        #: what becomes at once of a template that is handed over, told by a webhook; PENDING: nothing yet
        self.judges = "PENDING"
        #: tell the desk at once that what it sends was sent, delivered and so on
        self.tells: tuple[str, ...] = ("sent", "delivered")
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)

    # --- what customers do ---------------------------------------------------------------------

    def now(self) -> float:
        return time.time() + self.clock

    def writes(self, who: str, message: dict[str, Any], *, name: str = "", bsuid: str = "") -> dict[str, Any]:
        """The message `who` (digits, or empty for somebody without a number) sends, as a webhook has it."""
        made: dict[str, Any] = {"id": self._id("IN"), "timestamp": str(int(self.now())), **message}
        if who:
            made.setdefault("from", who)
            self.last_in[who] = self.now()
        if bsuid:
            made.setdefault("from_user_id", bsuid)
            self.last_in[bsuid] = self.now()
        made["_contact"] = {"profile": {"name": name}} | ({"wa_id": who} if who else {})
        made["_contact"] |= {"user_id": bsuid} if bsuid else {}
        return made

    def text(
        self, who: str, words: str, *, name: str = "", bsuid: str = "", quotes: str = ""
    ) -> dict[str, Any]:
        message = {"type": "text", "text": {"body": words}, **self._context(quotes)}
        return self.writes(who, message, name=name, bsuid=bsuid)

    def _context(self, quotes: str) -> dict[str, Any]:
        return {"context": {"id": quotes, "from": self.number_id}} if quotes else {}

    def choice(self, who: str, asked: str, option: str, title: str, *, kind: str = "list") -> dict[str, Any]:
        """A tap on an option of the message `asked`: of its list, or a `button`."""
        reply = {"type": f"{kind}_reply", f"{kind}_reply": {"id": option, "title": title}}
        return self.writes(who, {"type": "interactive", "interactive": reply, **self._context(asked)})

    def reaction(self, who: str, about: str, sign: str) -> dict[str, Any]:
        """`sign` at the message `about`; an empty one takes it back."""
        return self.writes(who, {"type": "reaction", "reaction": {"message_id": about, "emoji": sign}})

    def file(
        self,
        who: str,
        kind: str,
        content: bytes,
        mime: str,
        *,
        caption: str = "",
        filename: str = "",
        name: str = "",
        quotes: str = "",
    ) -> dict[str, Any]:
        media_id = str(7_700_000_000_000_000 + self._number())
        self.media[media_id] = (content, mime)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        node: dict[str, Any] = {"id": media_id, "mime_type": mime, "sha256": digest}
        node |= {"caption": caption} if caption else {}
        node |= {"filename": filename} if filename else {}
        return self.writes(who, {"type": kind, kind: node, **self._context(quotes)}, name=name)

    def on_our_phone(self, who: str, words: str, *, quotes: str = "") -> dict[str, Any]:
        """Somebody of the company writes to `who` on the phone that has the number: for `echoes`."""
        message = {"type": "text", "text": {"body": words}, **self._context(quotes)}
        return {
            "id": self._id("ECHO"),
            "timestamp": str(int(self.now())),
            "from": DISPLAY.replace(" ", "").removeprefix("+"),
            "to": who,
            **message,
        }

    def echoes(self, *messages: dict[str, Any]) -> dict[str, Any]:
        """A webhook that tells of them."""
        return self.change("smb_message_echoes", {"message_echoes": list(messages)})

    def change(self, field: str, value: dict[str, Any]) -> dict[str, Any]:
        """A webhook of another field."""
        metadata = {"display_phone_number": DISPLAY.replace(" ", ""), "phone_number_id": self.number_id}
        whole = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        changes = [{"field": field, "value": whole}]
        return {"object": "whatsapp_business_account", "entry": [{"id": self.waba_id, "changes": changes}]}

    # --- what the other side posts ---------------------------------------------------------------

    def envelope(
        self, *messages: dict[str, Any], statuses: list[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        """One webhook with all of it. Messages are those of `writes`."""
        contacts = [each.get("_contact", {}) for each in messages if isinstance(each, dict)]
        bare = [
            {key: value for key, value in each.items() if key != "_contact"}
            if isinstance(each, dict)
            else each
            for each in messages
        ]
        value: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": DISPLAY.replace(" ", ""), "phone_number_id": self.number_id},
        }
        if bare:
            value |= {"contacts": contacts, "messages": bare}
        if statuses:
            value["statuses"] = statuses
        return {
            "object": "whatsapp_business_account",
            "entry": [{"id": self.waba_id, "changes": [{"field": "messages", "value": value}]}],
        }

    def post(self, envelope: dict[str, Any], *, secret: str | None = None) -> int:
        """Post a webhook as the real one does: signed over its exact bytes. The status of the answer."""
        return self.post_bytes(json.dumps(envelope, separators=(",", ":")).encode(), secret=secret)

    def post_bytes(self, body: bytes, *, secret: str | None = None) -> int:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": sign(body, self.app_secret if secret is None else secret),
        }
        headers |= {"Host": self.host} if self.host else {}
        answer = httpx.post(self.webhook, content=body, headers=headers, timeout=30, trust_env=False)
        return answer.status_code

    def says(self, who: str, words: str, **more: str) -> dict[str, Any]:
        """A customer writes, and the desk hears it at once."""
        message = self.text(who, words, **more)
        self.post(self.envelope(message))
        return message

    def tell(self, sent: Sent, state: str, *, code: int = 0, callback: bool = True) -> int:
        """Tell the desk what became of a message of its own."""
        return self.post(self.envelope(statuses=[self.status(sent, state, code=code, callback=callback)]))

    def status(self, sent: Sent, state: str, *, code: int = 0, callback: bool = True) -> dict[str, Any]:
        sent.states.append(state)
        told: dict[str, Any] = {
            "id": sent.wamid,
            "status": state,
            "timestamp": str(int(self.now())),
            "recipient_id": sent.to,
        }
        if pricing := self._pricing(sent, state):
            told["pricing"] = pricing
        if callback and "biz_opaque_callback_data" in sent.body:
            told["biz_opaque_callback_data"] = sent.body["biz_opaque_callback_data"]
        if code:
            told["errors"] = [
                {"code": code, "title": f"Error {code}", "error_data": {"details": f"It was {code}."}}
            ]
        return told

    def _pricing(self, sent: Sent, state: str) -> dict[str, Any]:
        """Told with `sent`, and with the first state of a message that has arrived."""
        if state not in ("sent", "delivered", "read") or (state == "read" and "delivered" in sent.states):
            return {}
        told: dict[str, Any] = {"billable": False, "pricing_model": "PMP"}
        if sent.body.get("type") != "template":
            return {**told, "type": "free_customer_service", "category": "service"}
        node = sent.body["template"]
        found = self._template(node.get("name"), _of(node, "language").get("code")) or {}
        category = str(found.get("category") or "utility").lower()
        return {**told, "billable": True, "type": "regular", "category": category}

    def judge(self, name: str, language: str, event: str, reason: str = "NONE") -> int:
        """Approve or reject a template that waits, and tell the desk."""
        with self._lock:
            found = self._template(name, language)
            assert found is not None
            found |= {"status": event, "rejected_reason": reason}
        value = {
            "event": event,
            "message_template_id": found.get("id", 0),
            "message_template_name": name,
            "message_template_language": language,
            "reason": reason,
        }
        change = {"field": "message_template_status_update", "value": value}
        return self.post(
            {"object": "whatsapp_business_account", "entry": [{"id": self.waba_id, "changes": [change]}]}
        )

    # --- what the desk asks --------------------------------------------------------------------

    def take(self, body: dict[str, Any]) -> dict[str, Any]:
        """A message of the desk. Raises Refused; `Silent` where it is taken and never answered."""
        if body.get("messaging_product") != "whatsapp":
            raise Refused(400, 100, "messaging_product is missing")
        if body.get("status") == "read":
            self.read.append(str(body.get("message_id")))
            if body.get("typing_indicator"):
                self.typing.append(str(body.get("message_id")))
            return {"success": True}
        to = str(body.get("to", "")).lstrip("+") or str(body.get("recipient", ""))
        if not to or (body.get("to") and not str(body["to"]).startswith("+")):
            raise Refused(400, 131009, "to needs a plus and the country code")
        self._check(body)
        rule = self._rule(to)
        if rule and rule.code and not rule.late:
            raise Refused(400, rule.code, f"It was {rule.code}.")
        if self.strict and body.get("type") != "template" and self.now() - self.last_in.get(to, 0) > WINDOW:
            raise Refused(400, 131047, "More than 24 hours have passed since the customer last replied.")
        with self._lock:
            sent = Sent(self._id("OUT"), to, body)
            self.sent.append(sent)
            self.arrived(sent)
        if rule and not rule.code:
            raise Silent(sent)
        states = ("failed",) if rule and rule.late else self.tells
        threading.Thread(
            target=self._tell_all, args=(sent, states, rule.code if rule else 0), daemon=True
        ).start()
        named = {"wa_id": to} if to.isdigit() else {"user_id": to}
        return {
            "messaging_product": "whatsapp",
            "contacts": [{"input": str(body.get("to", to)), **named}],
            "messages": [{"id": sent.wamid}],
        }

    def arrived(self, sent: Sent) -> None:
        """A message of the desk was taken."""

    def _tell_all(self, sent: Sent, states: tuple[str, ...], code: int) -> None:
        for state in states if self.webhook else ():
            self.tell(sent, state, code=code)

    def _rule(self, to: str) -> Rule | None:
        with self._lock:
            for rule in self.rules:
                if rule.times > 0 and rule.to in ("", to):
                    rule.times -= 1
                    return rule
        return None

    def _check(self, body: dict[str, Any]) -> None:
        kind = str(body.get("type", ""))
        node = body.get(kind)
        if not isinstance(node, dict):
            raise Refused(400, 100, f"the node {kind!r} is missing")
        if kind == "template":
            self._check_template(node)
        if kind == "text" and not 0 < len(str(node.get("body", ""))) <= TEXT:
            raise Refused(400, 131009, "the text has no length between 1 and 4096")
        if kind == "reaction" and not node.get("message_id"):
            raise Refused(400, 100, "message_id is missing")
        if kind == "interactive":
            check_interactive(node)
        if kind in ("image", "video", "audio", "document", "sticker"):
            if str(node.get("id")) not in self.uploads:
                raise Refused(400, 100, "no such media", subcode=33)
            if len(str(node.get("caption", ""))) > CAPTION:
                raise Refused(400, 131009, "the caption is too long")

    def submit(self, template: dict[str, Any]) -> dict[str, Any]:
        """A template for approval. Raises Refused."""
        with self._lock:
            if wrong := next(faults(template, self.templates), 0):
                raise Refused(400, 100, WRONG[wrong], subcode=wrong)
            made = {
                **as_listed(template),
                "id": str(self._number()),
                "status": "PENDING",
                "rejected_reason": "NONE",
            }
            self.templates.append(made)
        if self.judges != "PENDING":
            values = (made["name"], made["language"], self.judges)
            threading.Thread(target=self.judge, args=values, daemon=True).start()
        return {"id": made["id"], "status": "PENDING", "category": made["category"]}

    def _template(self, name: Any, language: Any) -> dict[str, Any] | None:
        named = (name, language)
        return next((each for each in self.templates if (each["name"], each["language"]) == named), None)

    def listed(self, after: str) -> dict[str, Any]:
        """Two templates a page."""
        begin = int(after) if after.isdigit() else 0
        paging: dict[str, Any] = {"cursors": {"after": str(begin + 2)}}
        if begin + 2 < len(self.templates):
            paging["next"] = f"{self.address}/next"
        return {"data": self.templates[begin : begin + 2], "paging": paging}

    def _check_template(self, node: dict[str, Any]) -> None:
        found = self._template(node.get("name"), _of(node, "language").get("code"))
        if not found or found["status"] != "APPROVED":
            raise Refused(400, 132001, "Template name does not exist in the translation")
        asked = {
            each["type"].lower(): len(set(VARIABLE.findall(each.get("text", ""))))
            for each in found["components"]
        }
        given = {each.get("type"): len(each.get("parameters", [])) for each in node.get("components", [])}
        if found["category"] == AUTHENTICATION and not carries_code(node):
            raise Refused(400, 132018, "There's an issue with the parameters in your template.")
        if any(asked.get(place, 0) != given.get(place, 0) for place in ("header", "body")):
            raise Refused(400, 132000, "Number of parameters does not match the expected number of params")

    def upload(self, content: bytes, mime: str) -> dict[str, Any]:
        media_id = str(6_600_000_000_000_000 + self._number())
        self.uploads[media_id] = (content, mime)
        return {"id": media_id}

    def media_of(self, media_id: str) -> dict[str, Any]:
        if self.shy.get(media_id, 0) > 0:
            self.shy[media_id] -= 1
            raise Refused(400, 100, "Unsupported get request", subcode=33)
        if media_id not in self.media:
            raise Refused(400, 100, "Unsupported get request", subcode=33)
        content, mime = self.media[media_id]
        return {
            "messaging_product": "whatsapp",
            "url": f"{self.address}/files/{media_id}",
            "mime_type": mime,
            "sha256": hashlib.sha256(content).hexdigest(),
            "file_size": len(content),
            "id": media_id,
        }

    def bytes_of(self, media_id: str) -> tuple[bytes, str]:
        """Content and type of what a customer sent. Raises Refused."""
        if media_id not in self.media:
            raise Refused(404, 100, "Unsupported get request", subcode=33)
        return self.media[media_id]

    def number(self) -> dict[str, Any]:
        return {
            "verified_name": "Lanternfield IT",
            "display_phone_number": DISPLAY,
            "quality_rating": "GREEN",
            "status": "CONNECTED",
            "id": self.number_id,
        }

    def _id(self, way: str) -> str:
        return f"wamid.{way}{self._number():06d}"

    def _number(self) -> int:
        with self._lock:
            return next(self._numbers)


def options_of(node: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Id, title and description of what may be tapped at an interactive message."""
    action = _of(node, "action")
    rows = [row for section in action.get("sections", ()) for row in section.get("rows", ())]
    rows += [each["reply"] for each in action.get("buttons", ())]
    return [(str(row["id"]), str(row["title"]), str(row.get("description", ""))) for row in rows]


def check_interactive(node: dict[str, Any]) -> None:
    """Raises Refused."""
    kind, action, options = node.get("type"), _of(node, "action"), options_of(node)
    sections = action.get("sections", [])
    title, most = (24, 10) if kind == "list" else (20, 3)
    wrong = [
        kind not in ("list", "button"),
        not 0 < len(str(_of(node, "body").get("text", ""))) <= 1024,
        kind == "list" and not 0 < len(str(action.get("button", ""))) <= 20,
        len(sections) > 1 and not all(0 < len(each.get("title", "")) <= 24 for each in sections),
        not 0 < len(options) <= most,
        len({option[0] for option in options}) != len(options),
        any(not 0 < len(option[0]) <= 200 for option in options),
        any(not 0 < len(option[1]) <= title or len(option[2]) > 72 for option in options),
    ]
    if any(wrong):
        raise Refused(400, 131009, "the interactive message has a wrong shape")


def _of(node: dict[str, Any], key: str) -> dict[str, Any]:
    value = node.get(key)
    return value if isinstance(value, dict) else {}


class Silent(Exception):
    """The message was taken, and its answer is lost on the way."""

    def __init__(self, sent: Sent) -> None:
        super().__init__(sent.wamid)
        self.sent = sent
