"""The simulator keeps to what the real WhatsApp Cloud API does, as far as the desk uses it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from deskbell.channels.whatsapp.webhook import is_signed, parts
from deskbell.demo.whatsapp.codes import CODES
from deskbell.demo.whatsapp.server import serve
from deskbell.demo.whatsapp.sim import APP_SECRET, NUMBER_ID, TOKEN, WABA_ID, Rule, Sim

ASHA = "919810000001"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def sim() -> Iterator[Sim]:
    with serve(Sim()) as running:
        running.tells = ()
        yield running


def ask(sim: Sim, method: str, path: str, headers: dict[str, str] = BEARER, **sent: Any) -> httpx.Response:
    return httpx.request(method, f"{sim.address}/v25.0/{path}", headers=headers, trust_env=False, **sent)


def send(sim: Sim, to: str = ASHA, **message: Any) -> httpx.Response:
    given = message or {"type": "text", "text": {"body": "Hello"}}
    body = {"messaging_product": "whatsapp", "to": f"+{to}", **given}
    return ask(sim, "POST", f"{NUMBER_ID}/messages", json=body)


def refused(answer: httpx.Response) -> tuple[int, int, int]:
    error = answer.json()["error"]
    assert error["type"] == "OAuthException" and error["error_data"]["details"]
    return answer.status_code, error["code"], error.get("error_subcode", 0)


@pytest.mark.parametrize("headers", [{}, {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}x"}])
@pytest.mark.parametrize("path", [NUMBER_ID, f"{WABA_ID}/subscribed_apps", "files/1"])
def test_without_the_token_nothing_is_answered(sim, path, headers):
    assert refused(ask(sim, "GET", path, headers=headers)) == (401, 190, 0)


def test_what_nobody_knows_is_refused_as_the_real_one_does(sim):
    assert refused(ask(sim, "GET", "880000000000099")) == (400, 100, 33)
    assert refused(ask(sim, "POST", "880000000000099/messages", json={})) == (400, 100, 33)
    assert refused(ask(sim, "GET", "files/4711")) == (404, 100, 33)


STATUS_CHANGED = {
    "name": "ticket_status_changed",
    "language": {"code": "en_US"},
    "components": [
        {"type": "body", "parameters": [{"type": "text", "text": "#1"}, {"type": "text", "text": "new"}]}
    ],
}


def test_the_number_and_its_apps_are_told(sim):
    assert ask(sim, "GET", NUMBER_ID).json()["quality_rating"] == "GREEN"
    sim.subscribed = False
    assert ask(sim, "GET", f"{WABA_ID}/subscribed_apps").json() == {"data": []}
    assert ask(sim, "POST", f"{WABA_ID}/subscribed_apps").json() == {"success": True}
    assert len(ask(sim, "GET", f"{WABA_ID}/subscribed_apps").json()["data"]) == 1


def test_a_message_is_taken_within_a_day_of_the_customer_s_last_one(sim):
    assert refused(send(sim)) == (400, 131047, 0)
    sim.text(ASHA, "Help")
    answer = send(sim).json()
    assert answer["contacts"] == [{"input": f"+{ASHA}", "wa_id": ASHA}]
    assert answer["messages"] == [{"id": sim.sent[0].wamid}]
    sim.clock = 24 * 3600 - 60
    assert send(sim).status_code == 200
    sim.clock = 24 * 3600 + 60
    assert refused(send(sim)) == (400, 131047, 0)
    assert send(sim, type="template", template=STATUS_CHANGED).status_code == 200
    assert len(sim.sent) == 3


def test_a_template_is_taken_as_it_was_approved(sim):
    assert send(sim, type="template", template=STATUS_CHANGED).status_code == 200
    unknown = {**STATUS_CHANGED, "name": "hello"}
    assert refused(send(sim, type="template", template=unknown)) == (400, 132001, 0)
    empty = {**STATUS_CHANGED, "components": []}
    assert refused(send(sim, type="template", template=empty)) == (400, 132000, 0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": "text", "text": {"body": "x"}}, 100),
        ({"messaging_product": "whatsapp", "type": "text", "text": {"body": "x"}}, 131009),
        ({"messaging_product": "whatsapp", "to": ASHA, "type": "text", "text": {"body": "x"}}, 131009),
        ({"messaging_product": "whatsapp", "to": f"+{ASHA}", "type": "text"}, 100),
        ({"messaging_product": "whatsapp", "to": f"+{ASHA}", "type": "text", "text": {"body": ""}}, 131009),
        (
            {
                "messaging_product": "whatsapp",
                "to": f"+{ASHA}",
                "type": "text",
                "text": {"body": "x" * 4097},
            },
            131009,
        ),
        (
            {"messaging_product": "whatsapp", "to": f"+{ASHA}", "type": "image", "image": {"id": "1"}},
            100,
        ),
    ],
)
def test_a_message_of_the_wrong_shape_is_refused_and_not_kept(sim, body, code):
    sim.text(ASHA, "Help")
    assert refused(ask(sim, "POST", f"{NUMBER_ID}/messages", json=body))[:2] == (400, code)
    assert sim.sent == []


def test_a_file_of_the_desk_is_put_there_and_sent_by_its_id(sim):
    sim.text(ASHA, "Help")
    answer = ask(
        sim,
        "POST",
        f"{NUMBER_ID}/media",
        data={"messaging_product": "whatsapp", "type": "image/png"},
        files={"file": ("plan.png", b"\x89PNG\r\n--bytes\r\n", "image/png")},
    )
    media_id = answer.json()["id"]
    assert sim.uploads[media_id] == (b"\x89PNG\r\n--bytes\r\n", "image/png")
    assert send(sim, type="image", image={"id": media_id}).status_code == 200
    long = {"id": media_id, "caption": "x" * 1025}
    assert refused(send(sim, type="image", image=long))[1] == 131009
    assert refused(ask(sim, "POST", f"{NUMBER_ID}/media", data={"type": "image/png"}))[:2] == (400, 100)


def test_a_file_of_a_customer_is_found_and_fetched_with_the_token_alone(sim):
    message = sim.file(ASHA, "image", b"picture", "image/png", caption="look")
    media_id = message["image"]["id"]
    sim.shy = {media_id: 1}
    assert refused(ask(sim, "GET", media_id)) == (400, 100, 33)
    there = ask(sim, "GET", media_id).json()
    assert (there["mime_type"], there["file_size"]) == ("image/png", 7)
    assert there["sha256"] == hashlib.sha256(b"picture").hexdigest()
    assert httpx.get(there["url"], trust_env=False).status_code == 401
    fetched = httpx.get(there["url"], headers=BEARER, trust_env=False)
    assert (fetched.content, fetched.headers["Content-Type"]) == (b"picture", "image/png")


def test_it_fails_when_it_was_told_to_and_as_often_and_to_whom(sim):
    for who in (ASHA, "919810000002"):
        sim.text(who, "Help")
    sim.rules = [Rule(131056, to=ASHA, times=2)]
    assert refused(send(sim))[1] == 131056
    assert send(sim, "919810000002").status_code == 200
    assert refused(send(sim))[1] == 131056
    assert send(sim).status_code == 200
    sim.rules = [Rule(0)]
    with pytest.raises(httpx.RemoteProtocolError):
        send(sim)
    assert len(sim.sent) == 3  # the one whose answer was lost was taken


def test_the_sign_that_something_was_read_is_kept(sim):
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN000001"}
    assert ask(sim, "POST", f"{NUMBER_ID}/messages", json=body).json() == {"success": True}
    assert sim.read == ["wamid.IN000001"]


# --- what it posts --------------------------------------------------------------------------------


@pytest.fixture
def heard(sim) -> Iterator[list[tuple[bytes, str]]]:
    """Bodies and signatures of what is posted."""
    got: list[tuple[bytes, str]] = []

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((body, self.headers["X-Hub-Signature-256"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    sim.webhook = f"http://127.0.0.1:{server.server_port}/"
    yield got
    server.shutdown()
    server.server_close()


def test_what_it_posts_is_signed_over_its_exact_bytes_with_other_signs_escaped(sim, heard):
    assert sim.post(sim.envelope(sim.text(ASHA, "Drucker ü 🖨️", name="Asha"))) == 200
    ((body, signature),) = heard
    assert body.isascii() and b"\\u00fc" in body
    assert is_signed(body, signature, APP_SECRET)
    assert not is_signed(body + b" ", signature, APP_SECRET)


def test_several_messages_and_states_come_in_one_envelope(sim, heard):
    sim.text(ASHA, "Help")
    send(sim, type="text", text={"body": "Yes"}, biz_opaque_callback_data="ob:1")
    told = [sim.status(sim.sent[0], "delivered"), sim.status(sim.sent[0], "failed", code=131026)]
    first, second = sim.text(ASHA, "One", quotes=sim.sent[0].wamid), sim.text("", "Two", bsuid="IN.7")
    sim.post(sim.envelope(first, second, statuses=told))
    found = list(parts(heard[0][0]))
    assert [(part.kind, part.number_id) for part in found] == [
        ("message", NUMBER_ID), ("message", NUMBER_ID), ("status", NUMBER_ID), ("status", NUMBER_ID),
    ]  # fmt: skip
    assert found[0].value["context"] == {"id": sim.sent[0].wamid, "from": NUMBER_ID}
    assert (found[1].value["from_user_id"], "from" in found[1].value) == ("IN.7", False)
    assert found[2].value["biz_opaque_callback_data"] == "ob:1"
    assert found[3].value["errors"][0]["code"] == 131026
    assert all("_contact" not in part.value for part in found)


def test_a_template_is_taken_once_and_judged_by_a_webhook(sim, monkeypatch):
    told: list[Any] = []
    monkeypatch.setattr(sim, "post", lambda envelope: told.append(envelope) or 200)
    submitted = {
        "name": "hello",
        "language": "de",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Guten Tag, wir sind wieder da."}],
    }
    answer = ask(sim, "POST", f"{WABA_ID}/message_templates", json=submitted).json()
    assert (answer["status"], answer["category"]) == ("PENDING", "UTILITY")
    assert refused(ask(sim, "POST", f"{WABA_ID}/message_templates", json=submitted)) == (400, 100, 2388024)
    assert told == []
    sim.judge("hello", "de", "REJECTED", "PROMOTIONAL")
    (part,) = parts(json.dumps(told[0]).encode())
    assert (part.kind, part.field, part.value["reason"]) == (
        "change",
        "message_template_status_update",
        "PROMOTIONAL",
    )
    last = sim.templates[-1]
    assert (last["id"], last["status"], last["rejected_reason"]) == (answer["id"], "REJECTED", "PROMOTIONAL")


def code(text: str, *, button: str | None = None, sub_type: str = "url") -> dict[str, Any]:
    given = [{"type": "text", "text": text}]
    behind = [{"type": "text", "text": text if button is None else button}]
    return {
        "messaging_product": "whatsapp",
        "to": f"+{ASHA}",
        "type": "template",
        "template": {
            "name": "sign_in_code",
            "language": {"code": "de"},
            "components": [
                {"type": "body", "parameters": given},
                {"type": "button", "sub_type": sub_type, "index": "0", "parameters": behind},
            ],
        },
    }


@pytest.mark.parametrize(
    "wrong",
    [code("AB", button="CD"), code("ABCDEFGHIJKLMNOP"), code(""), code("AB", sub_type="copy_code")],
    ids=["two codes", "too long", "no code", "another button"],
)
def test_a_template_with_a_code_takes_one_code_in_two_places(sim, wrong):
    sim.templates += [dict(each) for each in CODES]
    path = f"{NUMBER_ID}/messages"
    assert refused(ask(sim, "POST", path, json=wrong)) == (400, 132018, 0)
    assert ask(sim, "POST", path, json=code("KQ7M-3XWP")).status_code == 200
    bare = code("KQ7M-3XWP")
    bare["template"]["components"].pop()
    assert refused(ask(sim, "POST", path, json=bare)) == (400, 132018, 0)
    sim.templates[-1]["status"] = "PAUSED"
    assert refused(ask(sim, "POST", path, json=code("KQ7M-3XWP"))) == (400, 132001, 0)
