"""The phones of the demo's customers: the simulator with a memory, and what a hand does on a phone.

Its memory is one file of JSON and a file per picture; it is written whole before anything is answered, so
that killing the process loses nothing. Who changes the file from outside (a reset of the demo) is noticed.
"""

from __future__ import annotations

import base64
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deskbell.demo.whatsapp.codes import CODES, words_of
from deskbell.demo.whatsapp.place import write
from deskbell.demo.whatsapp.server import Handler
from deskbell.demo.whatsapp.sim import Refused, Sent, Sim, options_of

#: how far a message came; what is said later never takes it back
STATES = ("accepted", "sent", "delivered", "read")
#: seconds until the desk is asked again when it did not answer
PAUSE = 0.5
#: seconds for which a phone shows that somebody writes
TYPING = 25
#: bytes of a picture
LARGEST = 5_000_000


@dataclass
class Bubble:
    """A message on a phone. `media` is the id of its file, `quotes` the message it answers."""

    wamid: str
    who: str
    at: float
    from_desk: bool
    kind: str
    text: str = ""
    media: str = ""
    filename: str = ""
    quotes: str = ""
    reaction: str = ""
    state: str = "sent"
    #: what the desk wants back with every state of its message
    callback: str = ""
    #: what may be tapped: id, title, description; behind `label` where it is a list
    options: list[list[str]] = field(default_factory=list)
    label: str = ""
    #: id of the option that was tapped
    chosen: str = ""
    #: what the button of a message with a code copies
    code: str = ""


@dataclass
class Waiting:
    """A webhook that the desk has not taken yet, and the customers' messages in it."""

    body: str
    wamids: list[str] = field(default_factory=list)


class Files(MutableMapping[str, tuple[bytes, str]]):
    """Content and type by id, each in a file of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __getitem__(self, name: str) -> tuple[bytes, str]:
        kind, _, content = self._path(name).read_bytes().partition(b"\n")
        return content, kind.decode()

    def __setitem__(self, name: str, file: tuple[bytes, str]) -> None:
        content, kind = file
        write(self._path(name), kind.encode() + b"\n" + content)

    def __delitem__(self, name: str) -> None:
        self._path(name).unlink()

    def __contains__(self, name: object) -> bool:
        return str(name).isdigit() and self._path(str(name)).exists()

    def __iter__(self) -> Iterator[str]:
        return (path.name for path in self.folder.iterdir() if path.name.isdigit())

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _path(self, name: str) -> Path:
        return self.folder / name


class Phones(Sim):
    """In memory alone without a `folder`."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self.judges = "APPROVED"
        self.templates += [dict(each) for each in CODES]
        self.folder = folder
        self.bubbles: list[Bubble] = []
        self.names: dict[str, str] = {}
        self.waiting: list[Waiting] = []
        self.count = 0
        #: keys of what was written, so that a double click is one message
        self.keys: list[str] = []
        #: number → when the desk said that it writes
        self.writing: dict[str, float] = {}
        self.changed = threading.Condition(self._lock)
        self._seen: tuple[int, int] | None = None
        if folder:
            self.media = self.uploads = Files(folder / "media")
            self.look()

    # --- its memory ----------------------------------------------------------------------------

    def look(self) -> None:
        """Read the file again if somebody else has written it."""
        with self._lock:
            if self.folder and self._stamp() not in (None, self._seen):
                self._remember(json.loads(self._file().read_bytes()))
                self._seen = self._stamp()
                self.changed.notify_all()

    def keep(self, folder: Path) -> None:
        """Put all that is in memory in place of what `folder` holds."""
        shutil.rmtree(folder / "media", ignore_errors=True)
        Files(folder / "media").update({**self.media, **self.uploads})
        write(folder / "chats.json", self._memory())

    def save(self) -> None:
        with self._lock:
            if self.folder:
                write(self._file(), self._memory())
                self._seen = self._stamp()
            self.changed.notify_all()

    def _file(self) -> Path:
        assert self.folder is not None
        return self.folder / "chats.json"

    def _stamp(self) -> tuple[int, int] | None:
        try:
            there = self._file().stat()
        except FileNotFoundError:
            return None
        return there.st_ino, there.st_mtime_ns

    def _memory(self) -> bytes:
        held = {
            "bubbles": [asdict(each) for each in self.bubbles],
            "waiting": [asdict(each) for each in self.waiting],
            "names": self.names,
            "templates": self.templates,
            "last_in": self.last_in,
            "count": self.count,
            "keys": self.keys[-200:],
        }
        return json.dumps(held).encode()

    def _remember(self, held: dict[str, Any]) -> None:
        self.bubbles = [Bubble(**each) for each in held["bubbles"]]
        self.waiting = [Waiting(**each) for each in held["waiting"]]
        self.names, self.last_in = held["names"], held["last_in"]
        self.templates = held.get("templates", self.templates)
        self.count, self.keys = held["count"], held["keys"]

    def _number(self) -> int:
        with self._lock:
            self.count += 1
            return self.count

    # --- what passes through -------------------------------------------------------------------

    def writes(self, who: str, message: dict[str, Any], *, name: str = "", bsuid: str = "") -> dict[str, Any]:
        with self._lock:
            made = super().writes(who, message, name=name or self.names.get(who, ""), bsuid=bsuid)
            self.names |= {who: name} if name else {}
            kind = str(made["type"])
            if kind == "reaction":
                self._react(made["reaction"])
            else:
                self.bubbles.append(self._bubble(made, kind, who))
        return made

    def _bubble(self, message: dict[str, Any], kind: str, who: str, *, from_desk: bool = False) -> Bubble:
        node, context = message.get(kind), message.get("context") or {}
        node = node if isinstance(node, dict) else {}
        asks = kind == "interactive" and from_desk
        tapped = node.get(str(node.get("type"))) if kind == "interactive" and not from_desk else None
        words = node["body"]["text"] if asks else tapped["title"] if tapped else node.get("body")
        code = ""
        if kind == "template" and from_desk:
            found = self._template(node.get("name"), (node.get("language") or {}).get("code"))
            words, code = words_of(found, node)
        return Bubble(
            message["id"],
            who,
            self.now(),
            from_desk,
            kind,
            text=str(words or node.get("caption") or ""),
            media=str(node.get("id") or ""),
            filename=str(node.get("filename") or ""),
            quotes=str(context.get("message_id" if from_desk else "id") or ""),
            state="accepted" if from_desk else "sent",
            callback=str(message.get("biz_opaque_callback_data") or ""),
            options=[list(each) for each in options_of(node)] if asks else [],
            label=str(node["action"].get("button", "")) if asks else "",
            code=code,
        )

    def _react(self, node: dict[str, Any]) -> None:
        if about := self.bubble(node["message_id"]):
            about.reaction = node["emoji"]

    def arrived(self, sent: Sent) -> None:
        self.writing.pop(sent.to, None)
        if sent.body["type"] == "reaction":
            self._react(sent.body["reaction"])
            self.save()
            return
        message = {**sent.body, "id": sent.wamid}
        self.bubbles.append(self._bubble(message, str(sent.body["type"]), sent.to, from_desk=True))
        self.save()

    def take(self, body: dict[str, Any]) -> dict[str, Any]:
        """The desk's sign that it has read a message is one for all before it."""
        answer = super().take(body)
        read = self.bubble(str(body.get("message_id"))) if body.get("status") == "read" else None
        if read and body.get("typing_indicator"):
            self.writing[read.who] = time.time()
        with self._lock:
            for each in self.of(read.who) if read else ():
                if read and not each.from_desk and each.at <= read.at:
                    self._move(each, "read")
        self.save()
        return answer

    def status(self, sent: Sent, state: str, *, code: int = 0, callback: bool = True) -> dict[str, Any]:
        if about := self.bubble(sent.wamid):
            self._move(about, state)
        return super().status(sent, state, code=code, callback=callback)

    def post(self, envelope: dict[str, Any], *, secret: str | None = None) -> int:
        """Put it into the queue of what the desk is told; 202, as nobody knows yet what it will say."""
        value = envelope["entry"][0]["changes"][0]["value"]
        wamids = [each["id"] for each in value.get("messages", ())]
        with self._lock:
            self.waiting.append(Waiting(json.dumps(envelope, separators=(",", ":")), wamids))
        self.save()
        return 202

    def _tell_all(self, sent: Sent, states: tuple[str, ...], code: int) -> None:
        for state in states:
            self.tell(sent, state, code=code)

    def catch_up(self) -> None:
        """Tell of what was taken when the last process ended before it had told."""
        for each in [each for each in self.bubbles if each.from_desk and each.state == "accepted"]:
            self._tell_all(self._sent(each), self.tells, 0)

    def drain(self) -> list[str]:
        """All that waits, as if the desk had taken it."""
        with self._lock:
            taken = list(self.waiting)
            for each in taken:
                self._taken(each, 200)
        return [each.body for each in taken]

    def carry(self, post: Callable[[bytes], int]) -> None:
        """Take what waits to the desk, one after the other, for ever. What it does not answer waits on."""
        while True:
            with self.changed:
                while not self.waiting:
                    self.changed.wait()
                first = self.waiting[0]
            try:
                status = post(first.body.encode())
            except (httpx.HTTPError, OSError):
                status = 0
            if status == 0 or status >= 500:
                time.sleep(PAUSE)
                continue
            self._taken(first, status)

    def _taken(self, done: Waiting, status: int) -> None:
        with self._lock:
            self.waiting = [each for each in self.waiting if each.body != done.body]
            for wamid in done.wamids if status == 200 else ():
                if about := self.bubble(wamid):
                    self._move(about, "delivered")
            self.save()

    def _move(self, about: Bubble, state: str) -> None:
        if state == "failed" or STATES.index(state) > STATES.index(about.state):
            about.state = state

    def bubble(self, wamid: str) -> Bubble | None:
        return next((each for each in self.bubbles if each.wamid == wamid), None)

    def of(self, who: str) -> list[Bubble]:
        return [each for each in self.bubbles if each.who == who]

    # --- what a hand does ----------------------------------------------------------------------

    def chats(self) -> list[dict[str, Any]]:
        """Everybody who has written or was written to, the latest first."""
        latest = {each.who: each for each in self.bubbles}
        found = [
            {"who": who, "name": self.names.get(who, ""), "at": last.at, "unread": len(self._unread(who))}
            for who, last in latest.items()
        ]
        return sorted(found, key=lambda each: -float(each["at"]))

    def chat(self, who: str) -> dict[str, Any]:
        unread = [each.wamid for each in self._unread(who)]
        return {
            "name": self.names.get(who, ""),
            "bubbles": [asdict(each) for each in self.of(who)],
            "unread": unread,
            "typing": time.time() - self.writing.get(who, 0) < TYPING,
        }

    def _unread(self, who: str) -> list[Bubble]:
        return [each for each in self.of(who) if each.from_desk and each.state not in ("read", "failed")]

    def send(self, who: str, given: dict[str, Any]) -> dict[str, Any]:
        """Write, with a `photo` (base64) or without: `text`, `name`, `quotes`, and `key` to do it once."""
        with self._lock:
            if given["key"] in self.keys:
                return {"again": True}
            self.keys.append(given["key"])
            more = {"name": given["name"], "quotes": given["quotes"]}
            if given.get("photo"):
                content = base64.b64decode(given["photo"])
                message = self.file(who, "image", content, given["mime"], caption=given["text"], **more)
            else:
                message = self.text(who, given["text"], **more)
            self.post(self.envelope(message))
        return {"id": message["id"]}

    def react(self, who: str, given: dict[str, Any]) -> dict[str, Any]:
        """The same sign once more takes it back."""
        with self._lock:
            about = self._own(who, given["about"])
            sign = "" if about.reaction == given["sign"] else given["sign"]
            self.post(self.envelope(self.reaction(who, about.wamid, sign)))
        return {"sign": sign}

    def choose(self, who: str, given: dict[str, Any]) -> dict[str, Any]:
        """Tap an option of a message of the desk; a tap at one that was answered already does nothing."""
        with self._lock:
            about = self._own(who, given["about"])
            found = [each for each in about.options if each[0] == given["option"]]
            if not found:
                raise Refused(404, 100, "no such option")
            if about.chosen:
                return {"again": True}
            about.chosen = given["option"]
            kind = "list" if about.label else "button"
            self.post(self.envelope(self.choice(who, about.wamid, found[0][0], found[0][1], kind=kind)))
        return {"chosen": about.chosen}

    def open(self, who: str, given: dict[str, Any]) -> dict[str, Any]:
        """The chat is looked at: all that the desk wrote is read."""
        with self._lock:
            unread = self._unread(who)
            for each in unread:
                self.tell(self._sent(each), "read")
        return {"read": len(unread)}

    def let_time_pass(self, who: str, given: dict[str, Any]) -> dict[str, Any]:
        """All of the chat is `seconds` further back; nothing is ever dated ahead of the clock."""
        with self._lock:
            for each in self.of(who):
                each.at -= given["seconds"]
            self.last_in[who] = self.last_in.get(who, 0) - given["seconds"]
            self.save()
        return {}

    def _sent(self, bubble: Bubble) -> Sent:
        return Sent(bubble.wamid, bubble.who, {"biz_opaque_callback_data": bubble.callback})

    def _own(self, who: str, wamid: str) -> Bubble:
        about = self.bubble(wamid)
        if about is None or about.who != who:
            raise Refused(404, 100, "no such message")
        return about


class PhonesHandler(Handler):
    """Beside the Graph API, below /phones/, what the demo's page asks and does."""

    sim: Phones

    def _answer(self, what: Any) -> None:
        self.sim.look()
        super()._answer(what)

    def _get(self, path: str, query: dict[str, list[str]], body: bytes) -> Any:
        match path.split("/"):
            case ["phones"]:
                return {"chats": self.sim.chats()}
            case ["phones", who]:
                return self.sim.chat(who)
            case ["phones", who, "files", media_id]:
                if not any(each.media == media_id for each in self.sim.of(who)):
                    raise Refused(404, 100, "no such file")
                return (self.sim.media if media_id in self.sim.media else self.sim.uploads)[media_id]
        return super()._get(path, query, body)

    def _post(self, path: str, query: dict[str, list[str]], body: bytes) -> Any:
        match path.split("/"):
            case ["phones", who, ("send" | "react" | "choose" | "open" | "let_time_pass") as verb]:
                return getattr(self.sim, verb)(who, json.loads(body or b"{}"))
        return super()._post(path, query, body)
