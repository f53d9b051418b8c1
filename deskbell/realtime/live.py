"""`/live`: a stream of notices, as server-sent events or over a WebSocket, for one signed-in person.

Who may hear what was decided when the page was made: the token in `?t=` carries the user and his topics
(`live_token`). The stream itself asks no database and holds no thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable
from urllib.parse import parse_qs

from django.core import signing

from deskbell.kit.http_body import Receive, Scope, Send
from deskbell.realtime.hub import TOKEN_AGE, Hub, Subscription

SALT = "live"
PING_SECONDS = 15
#: seconds after which a stream ends and the browser comes back with a new token
LONGEST = 3600
#: seconds a new stream waits for the first connection to the database
FIRST_WAIT = 2
PING = ""


def live_token(user: int, topics: Iterable[str], *, read_at: float, device: int | None = None) -> str:
    """The token with which the user numbered `user` may open a stream about `topics`, which he might hear at
    `read_at` (seconds since 1970). Once the device numbered `device` is signed out, it opens nothing.
    """
    return signing.dumps({"u": user, "t": sorted(topics), "r": round(read_at, 3), "d": device}, salt=SALT)


class Live:
    """The ASGI endpoint; one hub per process, made when the process starts to serve."""

    def __init__(self) -> None:
        self.hub: Hub | None = None

    def open(self) -> None:
        """To be called in the event loop that serves."""
        self.hub = Hub()
        self._loop = asyncio.get_running_loop()

    def close_soon(self) -> None:
        """End the streams, from any thread: an open stream would hold up the server's end."""
        if self.hub is not None:
            self._loop.call_soon_threadsafe(self.hub.end_streams)

    async def close(self) -> None:
        if self.hub is not None:
            await self.hub.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.hub is None:
            self.open()
        hub = self.hub
        assert hub is not None
        try:
            token = parse_qs(scope["query_string"].decode("latin-1")).get("t", [""])[0]
            claim = signing.loads(token, salt=SALT, max_age=TOKEN_AGE)
        except signing.BadSignature:
            await _refuse(scope, receive, send)
            return
        subscription = hub.subscribe(claim["u"], claim["t"], device=claim.get("d"), since=claim.get("r"))
        try:
            await hub.listening(FIRST_WAIT)
            if hub.outdated(subscription, claim.get("r", 0)):
                # ends at once, and not as a failure: the browser asks for a new token
                subscription.put(None)
            stream = _sse if scope["type"] == "http" else _websocket
            await stream(subscription, receive, send)
        finally:
            hub.unsubscribe(subscription)


live = Live()


async def _notices(subscription: Subscription, gone: asyncio.Task[None]) -> AsyncIterator[str]:
    """The notices of a stream until it ends, PING in between when nothing happens."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LONGEST
    waiting = loop.create_task(subscription.get())
    try:
        while loop.time() < end:
            done, _ = await asyncio.wait(
                {waiting, gone}, timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if gone in done:
                return
            if not done:
                yield PING
                continue
            text = waiting.result()
            if text is None:
                return
            waiting = loop.create_task(subscription.get())
            yield text
    finally:
        waiting.cancel()


async def _sse(subscription: Subscription, receive: Receive, send: Send) -> None:
    headers = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await _chunk(send, "retry: 2000\n\n")
    async with _until_gone(receive, "http.disconnect") as gone:
        async for text in _notices(subscription, gone):
            await _chunk(send, _event(text) if text else ": ping\n\n")
    with contextlib.suppress(OSError):  # the client may be the one who left
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _event(text: str) -> str:
    number = json.loads(text).get("event")
    return (f"id: {number}\n" if number is not None else "") + f"event: message\ndata: {text}\n\n"


async def _chunk(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _websocket(subscription: Subscription, receive: Receive, send: Send) -> None:
    await receive()  # websocket.connect
    await send({"type": "websocket.accept"})
    async with _until_gone(receive, "websocket.disconnect") as gone:
        async for text in _notices(subscription, gone):
            await send({"type": "websocket.send", "text": text or '{"kind":"ping"}'})
        if not gone.done():
            await send({"type": "websocket.close", "code": 1001})


@contextlib.asynccontextmanager
async def _until_gone(receive: Receive, sign: str) -> AsyncIterator[asyncio.Task[None]]:
    """A task that ends when the client leaves, cancelled when the stream ends first."""

    async def wait() -> None:
        while (await receive())["type"] != sign:
            pass

    task = asyncio.get_running_loop().create_task(wait())
    try:
        yield task
    finally:
        task.cancel()


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4403})
        return
    body = b"The live token is missing or too old."
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
