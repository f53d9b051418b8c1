"""`/live`, on a real server: who hears what, and what happens when something breaks."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.core import signing

from deskbell.cli import embedded
from deskbell.realtime import hub
from tests.support.desk import Desk
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("running")]


def token(desk: Desk, user: int, *topics: str) -> str:
    key = (desk.data / "keys" / "secret").read_text().strip()
    claim = {"u": user, "t": list(topics), "r": time.time()}
    return signing.dumps(claim, key=key, salt="live")


def notify(desk: Desk, topics: list[str], **data: Any) -> None:
    with psycopg.connect(embedded.url(desk.data) or "") as connection:
        notice = json.dumps({"topics": topics, **data})
        connection.execute("select pg_notify('deskbell_live', %s)", [notice])


class Stream:
    """An open stream of server-sent events."""

    def __init__(self, desk: Desk, user: int, *topics: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=20)
        self.connection.request("GET", f"/live?t={token(desk, user, *topics)}")
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        assert self.answer.getheader("content-type") == "text/event-stream"
        assert self._lines() == ["retry: 2000"]

    def _lines(self) -> list[str]:
        lines = []
        while line := self.answer.readline().decode().rstrip("\n"):
            lines.append(line)
        return lines

    def event(self) -> list[str]:
        """The lines of the next event, none at the end of the stream."""
        while (lines := self._lines()) == [": ping"]:
            pass
        return lines


@contextmanager
def stream(desk: Desk, user: int, *topics: str) -> Iterator[Stream]:
    opened = Stream(desk, user, *topics)
    try:
        yield opened
    finally:
        opened.answer.close()
        opened.connection.close()


def test_a_stream_needs_a_fresh_token_of_ours(running: Desk) -> None:
    assert running.get("/live")[0] == 403
    assert running.get("/live?t=made-up")[0] == 403
    other = signing.dumps({"u": 1, "t": ["all"]}, key="another key", salt="live")
    assert running.get(f"/live?t={other}")[0] == 403


def test_a_subscriber_hears_his_topics_once_and_nothing_else(running: Desk) -> None:
    with stream(running, 7, "team:3", "all") as listener:
        notify(running, ["team:4"], kind="ticket.opened", ticket=1)
        notify(running, ["all", "team:3"], kind="ticket.message_added", ticket=2, event=881, id=17)
        notify(running, ["user:7"], kind="ticket.assigned", ticket=3)
        assert listener.event() == [
            "id: 881",
            "event: message",
            'data: {"kind":"ticket.message_added","ticket":2,"event":881,"id":17}',
        ]
        assert listener.event() == ["event: message", 'data: {"kind":"ticket.assigned","ticket":3}']


def test_changed_rights_end_the_streams_of_that_person(running: Desk) -> None:
    with stream(running, 7, "all") as his, stream(running, 8, "all") as hers:
        notify(running, ["user:7"], kind="rights.changed")
        assert his.event() == []
        notify(running, ["all"], kind="ticket.opened", ticket=5)
        assert hers.event() == ["event: message", 'data: {"kind":"ticket.opened","ticket":5}']


def test_a_websocket_hears_the_same(running: Desk) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET /live?t={token(running, 7, 'all')} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        reader = connection.makefile("rb")
        assert reader.readline().startswith(b"HTTP/1.1 101 ")
        while reader.readline().strip():
            pass
        notify(running, ["all"], kind="ticket.opened", ticket=9)
        first, length = reader.read(2)
        assert (first, length < 126) == (0x81, True)
        assert json.loads(reader.read(length)) == {"kind": "ticket.opened", "ticket": 9}


def test_a_lost_database_asks_the_streams_to_catch_up(running: Desk) -> None:
    with stream(running, 7, "all") as listener:
        database = running.children()["postgres"]
        os.kill(database, signal.SIGKILL)
        assert listener.event() == ["event: message", 'data: {"kind": "resync"}']
        until(lambda: running.children().get("postgres", database) != database, seconds=40)


def at_work(desk: Desk) -> bool:
    """Whether a job is under way, which a worker that is told to end may finish first."""
    with psycopg.connect(embedded.url(desk.data) or "") as connection:
        return (
            connection.execute("select 1 from procrastinate_jobs where status = 'doing'").fetchone()
            is not None
        )


def test_open_streams_do_not_hold_up_the_end(running: Desk) -> None:
    until(lambda: not at_work(running))
    with stream(running, 7, "all") as listener:
        begin = time.monotonic()
        running.stop()
        assert listener.event() == []
        assert time.monotonic() - begin < 5
    running.start().ready()


def test_a_slow_reader_gets_one_resync_for_all_he_missed() -> None:
    async def scene() -> list[str | None]:
        reader = hub.Subscription(1, ["all"])
        for number in range(hub.WAITING + 1):
            reader.put(str(number))
        reader.put("after")
        reader.put(None)
        reader.put("never")
        return [await reader.get()]

    assert asyncio.run(scene()) == [None]


def test_an_overflow_keeps_what_comes_after() -> None:
    async def scene() -> list[str | None]:
        reader = hub.Subscription(1, ["all"])
        for number in range(hub.WAITING + 1):
            reader.put(str(number))
        reader.put("after")
        return [await reader.get(), await reader.get()]

    assert asyncio.run(scene()) == [hub.RESYNC, "after"]


@pytest.mark.django_db
def test_a_notice_with_very_many_topics_goes_out_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    topics = [f"customer:{number}" for number in range(2000)]
    pieces = [json.loads(each) for each in hub._payloads(topics, {"kind": "k", "id": 1})]
    assert [topic for piece in pieces for topic in piece["topics"]] == topics
    assert all(len(json.dumps(piece, separators=(",", ":"))) <= hub.PAYLOAD_LIMIT for piece in pieces)
    assert {(piece["kind"], piece["id"]) for piece in pieces} == {("k", 1)}
    with pytest.raises(ValueError, match="ids, not contents"):
        hub.publish(["all"], {"text": "x" * 8000})
