"""One linked device: its states, its connection, what it hears and what it sends.

`make` builds a client of the library (library.py); everything else works on its methods and on the fields
of its messages, so that a stub may stand in its place.
"""

from __future__ import annotations

import json
import logging
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from deskbell.gateway import mapping
from deskbell.gateway.protocol import ENDED, Code, Link, Sending
from deskbell.gateway.store import Store

log = logging.getLogger(__name__)

#: seconds before the next try to connect, ± a fifth; the last one repeats
BACKOFF = (2, 5, 10, 30, 60, 120, 300)
#: seconds in which a phone must have scanned a code, and for which the first code and each later one holds
PAIRING, FIRST_QR, NEXT_QR = 180, 60, 20
#: failed keep-alives in a row after which the connection counts as lost
KEEP_ALIVES = 3
#: ConnectFailureReason of Neonize.proto → what it means; any other passes
FAILURES = {
    "LOGGED_OUT": Link.LOGGED_OUT,
    "MAIN_DEVICE_GONE": Link.LOGGED_OUT,
    "UNKNOWN_LOGOUT": Link.LOGGED_OUT,
    "TEMP_BANNED": Link.BANNED,
    "CLIENT_OUTDATED": Link.OUTDATED,
    "BAD_USER_AGENT": Link.OUTDATED,
}


class LibraryMissing(Exception):
    """neonize is not installed, or cannot be loaded here."""


class Refused(Exception):
    """A message did not leave, for a reason that has a code."""

    def __init__(self, code: Code, until: float | None = None) -> None:
        super().__init__(code)
        self.code, self.until = code, until


class NotSent(Exception):
    """It did not leave because there was no connection: it may be tried again."""


class Client(Protocol):
    """What a session needs of the library (library.py)."""

    def connect(self) -> None:
        """Stay connected until `stop`. Raises OSError when no connection can be made."""

    def stop(self) -> None: ...
    def log_out(self) -> None: ...
    def pair_code(self, phone: str) -> str: ...
    def phone_of(self, hidden: Any) -> Any: ...
    def own(self) -> dict[str, str]: ...
    def mark_read(self, chat: str, ids: list[str]) -> None: ...
    def type_for(self, chat: str, seconds: float, wait: Callable[[float], Any]) -> None: ...
    def send(self, message: dict[str, Any], file: Path | None) -> str:
        """The id of the message that left. Raises Refused, NotSent, TimeoutError when nobody knows."""

    def download(self, content: bytes) -> bytes: ...


#: (file of its keys, called with a QR code, called with whatever it hears) → a client. Raises LibraryMissing
Make = Callable[[Path, Callable[[str], None], Callable[[Any], None]], Client]


class Session:
    """Calls may come from any thread."""

    def __init__(self, folder: Path, store: Store, make: Make) -> None:
        self.keys, self.kept, self.files = folder / "keys.db", folder / "state.json", folder / "files"
        self.store, self.make = store, make
        self.client: Client | None = None
        self.link, self.detail, self.until = Link.STOPPED, "", None  # type: tuple[Link, str, float | None]
        self.since = self.last_event_at = time.time()
        self.qr, self.qr_until = "", 0.0
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._stop, self._sending = threading.Event(), threading.Event()
        self._told_ignored = 0.0
        self._remember()
        for client_id in store.begun_messages():
            store.finish_message(client_id, "unknown", code=Code.TIMEOUT_UNKNOWN)
        self._closed = False
        self._sender = threading.Thread(target=self._send_all, name="sending", daemon=True)
        self._sender.start()

    # --- commands ---

    def state(self) -> dict[str, Any]:
        with self._lock:
            left = max(0, int(self.qr_until - time.time()))
            return {
                "link_state": self.link,
                "send_state": Sending.OK,
                "detail": self.detail,
                "until": self.until,
                "since": self.since,
                "last_event_at": self.last_event_at,
                "me": self.client.own() if self.client and self.link == Link.WORKING else {},
                "ignored": self.store.ignored(),
                **({"qr": self.qr, "qr_seconds": left} if self.qr and left else {}),
            }

    def start(self) -> None:
        """Connect, or wait to be paired. Does nothing while it runs, or before a ban is over."""
        with self._lock:
            banned = self.link == Link.BANNED and self.until and self.until > time.time()
            if banned or (self._thread and self._thread.is_alive() and self.link not in ENDED):
                return
            before, self._stop = self._thread, threading.Event()
            self._set(Link.STARTING)
            self._thread = threading.Thread(
                target=self._run, args=(self._stop, before), name="session", daemon=True
            )
            self._thread.start()

    def resume(self) -> None:
        """Go on when an earlier process was connected, or would have been; never after an end that stays."""
        if self.goes_on and self.keys.exists():
            self.start()

    def _remember(self) -> None:
        """How the process before this one left it: a ban is not over because a process ended."""
        try:
            kept = json.loads(self.kept.read_text())
            link = Link(kept["link"])
        except (OSError, ValueError, KeyError):
            self.goes_on = False
            return
        self.goes_on = link in (Link.WORKING, Link.CONNECTING, Link.STARTING, Link.MISSING)
        if link in ENDED - {Link.MISSING}:
            self.link, self.detail, self.until = link, str(kept.get("detail", "")), kept.get("until")

    def stop(self) -> None:
        self._end(Link.STOPPED)

    def close(self) -> None:
        """The process ends: the session stays as it is and goes on with the next one."""
        self._closed = True
        self._stop.set()
        self._sending.set()
        with self._lock:
            client, self.client = self.client, None
        if client is not None:
            client.stop()
        self._wait()
        self._sender.join(5)

    def log_out(self) -> None:
        """Unlink it at WhatsApp where that can be reached, and delete its keys in any case."""
        with self._lock:
            client = self.client if self.link == Link.WORKING else None
        if client is not None:
            try:
                client.log_out()
            except Exception as error:
                log.warning("the phone could not be told: %s", type(error).__name__)
        self._end(Link.LOGGED_OUT)
        self._wait()
        self._forget_keys()

    def pair_code(self, phone: str) -> str:
        """Raises Refused while it is not waiting to be paired."""
        for _each in range(100):  # the first QR code says that the connection stands
            with self._lock:
                client = self.client if self.link == Link.PAIRING else None
            if client is not None:
                return client.pair_code(phone)
            if self.link in ENDED or self.link == Link.WORKING:
                break
            time.sleep(0.1)
        raise Refused(Code.NOT_CONNECTED)

    def put(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take a message; the same `client_id` again is the same message. Raises Refused."""
        known = self.store.message(str(message["client_id"]))
        if known is None and self.link != Link.WORKING:
            raise Refused(Code.LOGGED_OUT if self.link == Link.LOGGED_OUT else Code.NOT_CONNECTED)
        answer = known or self.store.put_message(str(message["client_id"]), message)
        self._sending.set()
        return answer

    def mark_read(self, chat: str, ids: list[str]) -> None:
        with self._lock:
            client = self.client if self.link == Link.WORKING else None
        if client is None:
            raise Refused(Code.NOT_CONNECTED)
        client.mark_read(chat, ids)

    def media(self, token: str) -> bytes | None:
        """A customer's file; None for one that is not known any more. Raises Refused, OSError."""
        content = self.store.media(token)
        if content is None:
            return None
        with self._lock:
            client = self.client if self.link == Link.WORKING else None
        if client is None:
            raise Refused(Code.NOT_CONNECTED)
        return client.download(content)

    # --- connection ---

    def _run(self, stop: threading.Event, before: threading.Thread | None) -> None:
        if before is not None:
            before.join(30)
        failed = 0
        while not stop.is_set():
            began = time.monotonic()
            try:
                self._connect(stop)
            except LibraryMissing as error:
                self._end(Link.MISSING, str(error))
                break
            except Exception as error:  # whatever the library raises, the session must say so and go on
                log.warning("no connection: %s", error)
                self._set(Link.CONNECTING, "network")
            if stop.is_set():
                break
            failed = 1 if time.monotonic() - began > 60 else failed + 1
            stop.wait(BACKOFF[min(failed, len(BACKOFF)) - 1] * random.uniform(0.8, 1.2))  # noqa: S311
        with self._lock:
            self.client = None
            self.qr = ""

    def _connect(self, stop: threading.Event) -> None:
        os.close(os.open(self.keys, os.O_CREAT | os.O_WRONLY, 0o600))  # before the library makes it
        client = self.make(self.keys, self._on_qr, self.heard)
        with self._lock:
            if stop.is_set():
                return
            self.client = client
        client.connect()

    def _set(self, link: Link, detail: str = "", until: float | None = None) -> None:
        with self._lock:
            if link != Link.PAIRING:
                self.qr = ""
            if (link, detail, until) == (self.link, self.detail, self.until):
                return
            self.link, self.detail, self.until, self.since = link, detail, until, time.time()
            self.kept.write_text(json.dumps({"link": link, "detail": detail, "until": until}))
        told = {name: value for name, value in self.state().items() if not name.startswith("qr")}
        self.store.add_event("session", told)
        self._sending.set()

    def _end(self, link: Link, detail: str = "", until: float | None = None) -> None:
        """Into a state that stays. The library must not be stopped from within its own call."""
        self._stop.set()
        self._set(link, detail, until)
        with self._lock:
            client, self.client = self.client, None
        if client is not None:
            threading.Thread(target=client.stop, name="stopping", daemon=True).start()

    def _wait(self) -> None:
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(15)

    def _forget_keys(self) -> None:
        for path in self.keys.parent.glob(f"{self.keys.name}*"):
            path.unlink(missing_ok=True)

    # --- what the library hears ---

    def _on_qr(self, code: str) -> None:
        """A new code to scan: kept in memory, until it does not hold any more."""
        with self._lock:
            first = self.link != Link.PAIRING
            self.qr, self.qr_until = code, time.time() + (FIRST_QR if first else NEXT_QR)
        if first:
            stop = self._stop
            timer = threading.Timer(PAIRING, self._pairing_over, [stop])
            timer.daemon = True
            timer.start()
        self._set(Link.PAIRING)

    def _pairing_over(self, stop: threading.Event) -> None:
        if self.link == Link.PAIRING and stop is self._stop:
            self._end(Link.STOPPED, "pairing_timeout")

    def heard(self, event: Any) -> None:
        """Whatever the library tells, by the name of its message. Raises nothing: it runs on its threads."""
        self.last_event_at = time.time()
        try:
            self._heard(event)
        except Exception:
            log.exception("an event of the library was left out: %s", type(event).__name__)

    def _heard(self, event: Any) -> None:
        match type(event).__name__:
            case "Message":
                self._message(event)
            case "UndecryptableMessage":
                if self._is_private(event.Info.MessageSource):
                    self.store.add_event("message", mapping.undecryptable(event, self._resolve))
            case "Receipt":
                if told := mapping.receipt(event):
                    self.store.add_event("receipt", told)
            case "HistorySync":
                self._leave_alone("history", sum(len(each.messages) for each in event.Data.conversations))
            case "PairStatus":
                if event.Error:
                    self._set(Link.PAIRING, "pairing_failed")
                else:
                    self._set(Link.CONNECTING)
            case "Connected" | "KeepAliveRestored":
                self._set(Link.WORKING)
            case "Disconnected":
                self._lost()
            case "KeepAliveTimeout":
                if event.ErrorCount >= KEEP_ALIVES:
                    self._lost()
            case "StreamError":
                if event.Code != "515":  # 515: the restart that follows every pairing
                    self._lost()
            case "LoggedOut":
                self._logged_out()
            case "StreamReplaced":
                self._end(Link.CONFLICT)
            case "TemporaryBan":
                self._ban(event)
            case "ClientOutdated":
                self._end(Link.OUTDATED)
            case "ConnectFailure":
                self._failure(event)

    def _lost(self) -> None:
        """The library connects again by itself."""
        if self.link not in ENDED and self.link != Link.PAIRING:
            self._set(Link.CONNECTING)

    def _logged_out(self) -> None:
        self._end(Link.LOGGED_OUT)

        def forget() -> None:
            self._wait()
            self._forget_keys()

        threading.Thread(target=forget, name="forgetting", daemon=True).start()

    def _ban(self, event: Any) -> None:
        """Its end comes as seconds or as a Go duration in nanoseconds."""
        left = event.Expire / 1_000_000_000 if event.Expire > 100_000_000 else float(event.Expire)
        reason = event.DESCRIPTOR.fields_by_name["Code"].enum_type.values_by_number[event.Code].name
        self._end(Link.BANNED, reason.lower(), time.time() + left if left > 0 else None)

    def _failure(self, event: Any) -> None:
        reason = event.DESCRIPTOR.fields_by_name["Reason"].enum_type.values_by_number[event.Reason].name
        meant = FAILURES.get(reason)
        if meant == Link.LOGGED_OUT:
            self._logged_out()
        elif meant is not None:
            self._end(meant, reason.lower())
        else:
            self._lost()

    def _message(self, event: Any) -> None:
        if not self._is_private(event.Info.MessageSource):
            return
        data = mapping.message(event, self._resolve)
        if data is None:
            return
        if media := data.get("media"):
            media["token"] = f"m_{event.Info.ID}"
            self.store.keep_media(media["token"], event.Message.SerializeToString())
        self.store.add_event("message", data)

    def _is_private(self, source: Any) -> bool:
        """Whether one person talks to us; whatever else there is, is counted and left alone."""
        kind = "group" if source.IsGroup else mapping.kind_of_chat(source.Chat)
        if kind != "dm":
            self._leave_alone(kind, 1)
        return kind == "dm"

    def _leave_alone(self, kind: str, count: int) -> None:
        """Counted at once, told once a minute."""
        self.store.leave_alone(kind, count)
        if time.monotonic() - self._told_ignored > 60 or not self._told_ignored:
            self._told_ignored = time.monotonic()
            self.store.add_event("ignored", {"totals": self.store.ignored()})

    def _resolve(self, hidden: Any) -> Any:
        client = self.client
        try:
            return client.phone_of(hidden) if client else None
        except Exception:
            return None  # not every hidden id has a number we may know

    # --- sending ---

    def _send_all(self) -> None:
        """One message after the other, while it works."""
        while not self._closed:
            self._sending.wait(5)
            self._sending.clear()
            while not self._closed and self.link == Link.WORKING and (message := self.store.next_message()):
                self._send(message)

    def _send(self, message: dict[str, Any]) -> None:
        client_id, client = str(message["client_id"]), self.client
        file = self.files / message["media_ref"] if message.get("media_ref") else None
        try:
            if client is None:
                raise NotSent
            self._be_human(client, message)
            msg_id = client.send(message, file)
        except NotSent:
            self.store.put_back(client_id)
        except Refused as refused:
            self.store.finish_message(client_id, "failed", code=refused.code, until=refused.until)
        except TimeoutError:
            self.store.finish_message(client_id, "unknown", code=Code.TIMEOUT_UNKNOWN)
        except Exception:  # whatever it was, nobody knows whether the message left
            log.exception("a message may not have left")
            self.store.finish_message(client_id, "unknown", code=Code.TIMEOUT_UNKNOWN)
        else:
            self.store.finish_message(client_id, "sent", msg_id=msg_id)
            if file is not None:
                file.unlink(missing_ok=True)

    def _be_human(self, client: Client, message: dict[str, Any]) -> None:
        """Read before answering, and be seen typing; neither keeps the answer from leaving."""
        try:
            if message.get("read"):
                client.mark_read(message["chat"], message["read"])
            if message.get("typing_ms"):
                client.type_for(message["chat"], message["typing_ms"] / 1000, self._stop.wait)
        except Exception as error:
            log.info("not read or typed: %s", type(error).__name__)
