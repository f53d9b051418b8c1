"""The gateway: what it promises to the desk, by our own process with a stub of the library in it, and by the
fake that the desk's tests use; and our own process with the real library, as far as a closed network lets it.
"""

from __future__ import annotations

import json
import stat
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from deskbell.gateway import library, process
from deskbell.gateway.protocol import HEADER, Code, Link, is_signed, sign
from deskbell.gateway.session import BACKOFF, NotSent, Refused
from deskbell.gateway.store import Store
from tests.support import gateway as fakes

SID, SECRET = "0b9d1f2e-0000-4000-8000-000000000001", "a shared secret"
CHAT = fakes.CHAT


def until(true: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError("it never came")


class Desk:
    """Takes events as the desk does; `refusing` answers 503, `forgetful` takes them and hangs up."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.posts, self.refusing, self.forgetful = 0, False, False
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert is_signed(SECRET, self.headers[HEADER], "POST", self.path, body)
                desk.posts += 1
                if not desk.refusing:
                    assert len(json.loads(body)["events"]) <= 100
                    desk.events += json.loads(body)["events"]
                if desk.forgetful:
                    desk.forgetful = False
                    return
                self.send_response(503 if desk.refusing else 200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/channels/whatsapp-web/{SID}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [each["data"] for each in list(self.events) if each["type"] == kind]


class Stub:
    """Has the methods of library.Neonize; a test says what becomes of what."""

    def __init__(self, keys: Path, on_qr: Callable[[str], None], heard: Callable[[Any], None]) -> None:
        self.keys, self.on_qr, self.heard = keys, on_qr, heard
        self.ended = threading.Event()
        self.sent: list[dict[str, Any]] = []
        self.did: list[Any] = []
        self.fails: Exception | None = None
        self.connects: Callable[[], None] = lambda: None

    def connect(self) -> None:
        self.keys.touch()
        self.connects()
        self.ended.wait()

    def stop(self) -> None:
        self.ended.set()

    def log_out(self) -> None:
        self.did.append("log_out")

    def pair_code(self, phone: str) -> str:
        return "ABCD-1234"

    def phone_of(self, hidden: Any) -> Any:
        return None

    def own(self) -> dict[str, str]:
        return {"pn": "4930900000", "lid": "1@lid", "name": "Support"}

    def mark_read(self, chat: str, ids: list[str]) -> None:
        self.did.append(("read", chat, ids))

    def type_for(self, chat: str, seconds: float, wait: Callable[[float], Any]) -> None:
        self.did.append(("typing", chat, seconds))

    def send(self, message: dict[str, Any], file: Path | None) -> str:
        self.did.append(("sent", file.read_bytes() if file else None))
        if self.fails:
            raise self.fails
        self.sent.append(message)
        return f"OUT{len(self.sent)}"

    def download(self, content: bytes) -> bytes:
        return b"decrypted " + content


def told(name: str, **fields: Any) -> Any:
    """Something the library tells, by its name and fields."""
    return type(name, (SimpleNamespace,), {})(**fields)


class Ours:
    """Our process with stubs, in a folder; it can be killed and started again."""

    def __init__(self, folder: Path, desk: Desk, connects: Callable[[], None] = lambda: None) -> None:
        self.folder, self.desk, self.connects = folder, desk, connects
        self.stubs: list[Stub] = []
        self.start()

    def make(self, *arguments: Any) -> Any:
        stub = Stub(*arguments)
        stub.connects = self.connects
        self.stubs.append(stub)
        return stub

    def start(self) -> None:
        self.gateway = process.Gateway(
            self.folder,
            sid=SID,
            secret=SECRET,
            listen="http://127.0.0.1:0",
            desk=self.desk.address,
            make=self.make,
        )
        self.gateway.start()

    @property
    def stub(self) -> Stub:
        return until(lambda: self.stubs and self.stubs[-1])  # type: ignore[no-any-return]

    def ask(self, method: str, path: str, value: Any = None, secret: str = SECRET) -> tuple[int, Any]:
        return ask(self.gateway.url, method, path, value, secret)

    def link(self) -> Stub:
        """As if the phone had scanned the code."""
        before = len(self.stubs)
        self.ask("POST", f"/v1/sessions/{SID}/start", {})
        until(lambda: len(self.stubs) > before)
        stub = self.stub
        stub.heard(told("Connected"))
        return stub

    def state(self) -> str:
        return str(self.ask("GET", f"/v1/sessions/{SID}")[1]["link_state"])


def ask(url: str, method: str, path: str, value: Any = None, secret: str = SECRET) -> tuple[int, Any]:
    body = (
        value
        if isinstance(value, bytes)
        else b""
        if value is None
        else json.dumps({"v": 1, **value}).encode()
    )
    request = urllib.request.Request(url + path, data=body or None, method=method)
    request.add_header(HEADER, sign(secret, method, path, body))
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            content = answer.read()
            status = answer.status
    except urllib.error.HTTPError as error:
        content, status = error.read(), error.code
        error.close()
    try:
        return status, json.loads(content)
    except ValueError:
        return status, content


@pytest.fixture
def desk() -> Iterator[Desk]:
    running = Desk()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def ours(tmp_path, desk) -> Iterator[Ours]:
    running = Ours(tmp_path / "session", desk)
    yield running
    running.gateway.stop()


# --- the interface, by ours and by the fake -------------------------------------------------------


@pytest.fixture(params=["ours", "fake"])
def linked(request, desk, tmp_path) -> Iterator[str]:
    """The address of a gateway whose session works."""
    if request.param == "ours":
        running = Ours(tmp_path / "session", desk)
        running.link()
        yield running.gateway.url
        running.gateway.stop()
        return
    fake = fakes.FakeGateway(sid=SID, secret=SECRET)
    fake.state = {"link_state": "WORKING", "send_state": "ok"}
    with fakes.serve(fake):
        yield fake.address


def test_nothing_is_answered_without_the_right_signature(linked):
    for path in ("/v1/health", f"/v1/sessions/{SID}"):
        assert ask(linked, "GET", path, secret="guess") == (401, {"code": "signature"})
    assert ask(linked, "POST", f"/v1/sessions/{SID}/logout", {}, secret="guess")[0] == 401
    assert ask(linked, "GET", f"/v1/sessions/{SID}")[1]["link_state"] == "WORKING"


def test_it_says_how_it_is_and_knows_no_other_session(linked):
    status, health = ask(linked, "GET", "/v1/health")
    assert (status, health["v"]) == (200, 1)
    assert ask(linked, "GET", "/v1/sessions/0b9d1f2e-0000-4000-8000-00000000000f")[0] == 404


def test_the_same_message_again_is_the_same_message_and_its_end_can_be_asked(linked):
    message = {"client_id": "one", "chat": CHAT, "kind": "text", "text": "Hello", "typing_ms": 1}
    for _each in range(3):
        status, answer = ask(linked, "POST", f"/v1/sessions/{SID}/messages", message)
        assert (status, answer["client_id"]) == (202, "one")
    path = f"/v1/sessions/{SID}/messages/one"
    known = until(lambda: (found := ask(linked, "GET", path)[1])["state"] == "sent" and found)
    assert known["msg_id"] == "OUT1"
    assert ask(linked, "GET", f"/v1/sessions/{SID}/messages/two") == (404, {"code": "no_such_message"})


def test_a_file_is_brought_before_its_message(linked):
    status, answer = ask(linked, "POST", f"/v1/sessions/{SID}/files", b"content of a file")
    assert status == 201
    message = {
        "client_id": "f",
        "chat": CHAT,
        "kind": "document",
        "media_ref": answer["media_ref"],
        "filename": "a",
    }
    assert ask(linked, "POST", f"/v1/sessions/{SID}/messages", message)[0] == 202
    assert ask(linked, "GET", f"/v1/sessions/{SID}/media/nothing")[0] == 404


def test_a_sign_at_a_message_is_taken_and_taken_away_again(linked):
    for client_id, sign_of in (("set", "👍"), ("away", "")):
        message = {
            "client_id": client_id,
            "chat": CHAT,
            "kind": "reaction",
            "text": sign_of,
            "reply_to": "A1",
        }
        assert ask(linked, "POST", f"/v1/sessions/{SID}/messages", message)[0] == 202
        path = f"/v1/sessions/{SID}/messages/{client_id}"
        assert until(lambda at=path: ask(linked, "GET", at)[1]["state"] == "sent")


def test_logged_out_it_takes_no_message(linked):
    assert ask(linked, "POST", f"/v1/sessions/{SID}/logout", {})[1]["link_state"] == "LOGGED_OUT"
    status, answer = ask(
        linked,
        "POST",
        f"/v1/sessions/{SID}/messages",
        {"client_id": "x", "chat": CHAT, "kind": "text", "text": "x"},
    )
    assert status == 409
    assert answer["code"] in ("not_connected", "logged_out")


# --- ours: sending --------------------------------------------------------------------------------


def send(ours: Ours, client_id: str = "one", **more: Any) -> tuple[int, Any]:
    message = {"client_id": client_id, "chat": CHAT, "kind": "text", "text": "Hello", **more}
    return ours.ask("POST", f"/v1/sessions/{SID}/messages", message)


def test_it_reads_types_and_sends_then_tells_the_desk(ours, desk):
    stub = ours.link()
    send(ours, read=["IN1"], typing_ms=1500)
    (result,) = until(lambda: desk.of("send_result"))
    assert (result["client_id"], result["ok"], result["msg_id"]) == ("one", True, "OUT1")
    assert stub.did == [("read", CHAT, ["IN1"]), ("typing", CHAT, 1.5), ("sent", None)]


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (Refused(Code.REACHOUT_LOCKED), "failed", "reachout_locked"),
        (TimeoutError(), "unknown", "timeout_unknown"),
        (RuntimeError("whatever"), "unknown", "timeout_unknown"),
    ],
)
def test_what_does_not_leave_is_told_and_never_tried_again(ours, desk, error, state, code):
    stub = ours.link()
    stub.fails = error
    send(ours)
    (result,) = until(lambda: desk.of("send_result"))
    assert (result["ok"], result["code"]) == (False, code)
    stub.fails = None
    assert send(ours)[1]["state"] == state
    assert stub.sent == []


def test_what_found_no_connection_leaves_when_there_is_one(ours, desk):
    stub = ours.link()
    stub.fails = NotSent("websocket not connected")
    send(ours)
    until(lambda: stub.did)
    stub.fails = None
    until(lambda: desk.of("send_result"))
    assert len(stub.sent) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"chat": "1203@g.us"},
        {"chat": "+49 30"},
        {"kind": "dance"},
        {"client_id": ""},
        {"kind": "image"},
        {"kind": "reaction"},
        {"v": 2},
        {"kind": "image", "media_ref": "../keys.db"},
    ],
)
def test_a_message_that_cannot_be_is_refused(ours, wrong):
    stub = ours.link()
    assert send(ours, **wrong)[0] in (400, 422)
    assert stub.sent == []


def test_a_process_that_ends_between_taking_and_sending_says_that_nobody_knows(tmp_path, desk):
    store = Store(make_folder(tmp_path / "session") / "gateway.db")
    store.put_message("one", {"client_id": "one"})
    store.put_message("two", {"client_id": "two", "chat": CHAT, "kind": "text", "text": "later"})
    assert store.next_message() == {"client_id": "one"}  # and here it was killed
    store.close()
    ours = Ours(tmp_path / "session", desk)
    (result,) = until(lambda: desk.of("send_result"))
    assert (result["client_id"], result["code"]) == ("one", "timeout_unknown")
    stub = ours.link()
    until(lambda: stub.sent)
    assert [each["client_id"] for each in stub.sent] == ["two"]
    ours.gateway.stop()


def make_folder(path: Path) -> Path:
    path.mkdir()
    return path


# --- ours: events ---------------------------------------------------------------------------------


def test_events_wait_on_disk_until_the_desk_has_them_in_their_order(ours, desk, tmp_path):
    desk.refusing = True
    for each in range(250):
        ours.gateway.store.add_event("message", {"number": each})
    until(lambda: desk.posts)
    ours.gateway.stop()
    desk.refusing = False
    ours.start()
    until(lambda: len(desk.of("message")) == 250)
    assert [each["number"] for each in desk.of("message")] == list(range(250))
    assert until(lambda: ours.gateway.store.waiting_events() == 0)


def test_events_whose_answer_was_lost_come_again_under_their_ids(ours, desk):
    desk.forgetful = True
    ours.gateway.store.add_event("message", {"number": 1})
    until(lambda: len(desk.of("message")) == 2)
    assert len({each["id"] for each in desk.events if each["type"] == "message"}) == 1


def test_what_it_keeps_is_for_its_owner_alone_and_one_process_holds_it(ours, desk, tmp_path):
    ours.link()
    for path in [ours.folder, *ours.folder.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.name.startswith(("session", "gateway.db", "keys.db")):
            assert mode & 0o077 == 0, path
    with pytest.raises(process.Taken):
        Ours(ours.folder, desk)


def test_a_qr_code_is_shown_and_neither_kept_nor_told(ours, desk):
    ours.ask("POST", f"/v1/sessions/{SID}/start", {})
    ours.stub.on_qr("2@secret,code")
    answer = ours.ask("GET", f"/v1/sessions/{SID}")[1]
    assert (answer["link_state"], answer["qr"], answer["qr_seconds"] > 50) == (
        "PAIRING",
        "2@secret,code",
        True,
    )
    assert (
        ours.ask("POST", f"/v1/sessions/{SID}/pair-code", {"phone": "4930900000"})[1]["code"] == "ABCD-1234"
    )
    until(lambda: desk.of("session"))
    ours.stub.heard(told("PairStatus", Error=""))
    ours.stub.heard(told("Connected"))
    until(lambda: ours.state() == "WORKING")
    assert "qr" not in ours.ask("GET", f"/v1/sessions/{SID}")[1]
    until(lambda: desk.of("session")[-1]["link_state"] == "WORKING")
    assert "secret,code" not in json.dumps(desk.events)
    kept = b"".join(path.read_bytes() for path in ours.folder.rglob("*") if path.is_file())
    assert b"secret,code" not in kept


# --- ours: states ---------------------------------------------------------------------------------


def test_a_lost_connection_is_connecting_and_comes_back(ours):
    stub = ours.link()
    for event in (
        told("Disconnected"),
        told("KeepAliveTimeout", ErrorCount=3),
        told("StreamError", Code="503"),
    ):
        stub.heard(event)
        assert ours.state() == "CONNECTING"
        stub.heard(told("Connected"))
        assert ours.state() == "WORKING"
    for event in (told("KeepAliveTimeout", ErrorCount=2), told("StreamError", Code="515")):
        stub.heard(event)
        assert ours.state() == "WORKING"


def test_another_program_with_its_keys_ends_it_for_good_until_somebody_connects_it_again(ours):
    ours.link().heard(told("StreamReplaced"))
    assert ours.state() == "CONFLICT"
    ours.gateway.stop()
    ours.start()
    assert (ours.state(), len(ours.stubs)) == ("CONFLICT", 1)
    ours.link()
    assert ours.state() == "WORKING"


def test_unlinked_by_the_phone_it_deletes_its_keys(ours):
    ours.link().heard(told("LoggedOut"))
    assert ours.state() == "LOGGED_OUT"
    until(lambda: not ours.gateway.session.keys.exists())


def test_unlinked_by_the_desk_it_tells_the_phone_and_deletes_its_keys(ours):
    stub = ours.link()
    ours.ask("POST", f"/v1/sessions/{SID}/logout", {})
    assert (stub.did, ours.gateway.session.keys.exists()) == (["log_out"], False)


def test_a_process_that_ends_goes_on_where_it_was(ours):
    ours.link()
    ours.gateway.stop()
    ours.start()
    until(lambda: len(ours.stubs) == 2)
    ours.stub.heard(told("Connected"))
    assert ours.state() == "WORKING"


def test_nothing_is_tried_before_a_ban_is_over(tmp_path, desk):
    n = pytest.importorskip(
        "neonize.proto.Neonize_pb2", reason="neonize is not installed (extra whatsapp-web)"
    )
    ours = Ours(tmp_path / "session", desk)
    ours.link().heard(n.TemporaryBan(Code=n.TemporaryBan.SEND_TO_TOO_MANY_PEOPLE, Expire=3600))
    told_last = ours.ask("GET", f"/v1/sessions/{SID}")[1]
    assert (told_last["link_state"], told_last["detail"]) == ("BANNED", "send_to_too_many_people")
    assert 3500 < told_last["until"] - time.time() < 3700
    ours.gateway.stop()
    ours.start()
    ours.ask("POST", f"/v1/sessions/{SID}/start", {})
    assert (ours.state(), len(ours.stubs)) == ("BANNED", 1)
    ours.gateway.stop()


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("LOGGED_OUT", "LOGGED_OUT"),
        ("CLIENT_OUTDATED", "OUTDATED"),
        ("TEMP_BANNED", "BANNED"),
        ("SERVICE_UNAVAILABLE", "CONNECTING"),
    ],
)
def test_a_refused_connection_is_known_by_its_reason(ours, reason, state):
    n = pytest.importorskip(
        "neonize.proto.Neonize_pb2", reason="neonize is not installed (extra whatsapp-web)"
    )
    ours.link().heard(n.ConnectFailure(Reason=n.ConnectFailureReason.Value(reason), Message="x"))
    assert ours.state() == state


def test_without_a_network_it_tries_again_later_and_later(tmp_path, desk, monkeypatch):
    monkeypatch.setattr("deskbell.gateway.session.BACKOFF", (0.05, 0.1))

    def no_network() -> None:
        raise OSError("no such host")

    ours = Ours(tmp_path / "session", desk, no_network)
    ours.ask("POST", f"/v1/sessions/{SID}/start", {})
    until(lambda: len(ours.stubs) >= 3)
    answer = ours.ask("GET", f"/v1/sessions/{SID}")[1]
    assert (answer["link_state"], answer["detail"]) == ("CONNECTING", "network")
    ours.ask("POST", f"/v1/sessions/{SID}/stop", {})
    assert ours.state() == "STOPPED"
    ours.gateway.stop()
    assert list(BACKOFF) == sorted(BACKOFF)


def test_without_its_library_it_says_so(tmp_path, desk, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "neonize.client", None)
    gateway = process.Gateway(
        tmp_path / "session", sid=SID, secret=SECRET, listen="http://127.0.0.1:0", desk=desk.address
    )
    gateway.start()
    ask(gateway.url, "POST", f"/v1/sessions/{SID}/start", {})
    until(lambda: gateway.session.link == Link.MISSING)
    gateway.stop()


def test_an_error_of_the_library_is_known_by_its_words():
    assert str(library.meant("failed to send: server returned error 463")) == "reachout_locked"
    assert isinstance(library.meant("websocket not connected"), NotSent)
    assert isinstance(library.meant("timed out waiting for message send response"), TimeoutError)
    assert isinstance(library.meant("something new"), TimeoutError)


# --- the real library, in a closed network --------------------------------------------------------


@pytest.mark.slow
def test_the_real_library_starts_and_waits_for_the_network(tmp_path, desk):
    """In a process of its own, as it runs: Go's threads stay in there."""
    pytest.importorskip("neonize", reason="neonize is not installed (extra whatsapp-web)")
    import subprocess
    import sys

    program = f"""
import sys, threading
from pathlib import Path
from deskbell.gateway import process
gateway = process.Gateway(Path({str(tmp_path / "session")!r}), sid={SID!r}, secret={SECRET!r},
    listen="http://127.0.0.1:0", desk={desk.address!r})
gateway.start()
print(gateway.url, flush=True)
sys.stdin.read()
gateway.stop()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        url = running.stdout.readline().strip()
        assert urlsplit(url).port
        ask(url, "POST", f"/v1/sessions/{SID}/start", {})
        path = f"/v1/sessions/{SID}"
        begun = ("CONNECTING", "PAIRING", "MISSING")
        state = until(lambda: (found := ask(url, "GET", path)[1])["link_state"] in begun and found, 60)
        if state["link_state"] == "MISSING":
            running.stdin.close()
            pytest.skip(f"neonize cannot be loaded here: {state['detail']}")
        # with a network it would show a code by now
        assert state["detail"] == "network" or state["link_state"] == "PAIRING"
        assert (tmp_path / "session" / "keys.db").exists()
        assert "neonize 0.5" in ask(url, "GET", "/v1/health")[1]["library"]
        running.stdin.close()
        assert running.wait(40) == 0
