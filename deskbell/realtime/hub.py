"""Live notices: from a committed transaction to everyone who listens, without Redis.

`publish` puts a notice on the channel `deskbell_live` inside the caller's transaction; PostgreSQL delivers
it on commit, and never otherwise. Each web process has one `Hub` with one LISTEN connection, and hands
every notice to its subscribers in memory.

A notice is a JSON object, ids only: `{"topics": ["all", "team:3", "customer:9"], "kind":
"ticket.message_added", "ticket": 1042, "event": 881, "id": 17}`. A subscriber gets it once when any topic
is his, without "topics". `{"kind": "resync"}` says that notices may have been missed: catch up by
the cursor of the API. `rights.changed` ends the streams of all who listen to its topics, `user:<id>` or
`role:<id>`, and no token made before opens one any more. `device.ended` on `device:<id>` ends those of
one signed-out browser, for whose older tokens every hub remembers it. `presence` says that who looks at a
ticket has changed, and names that as `present` (presence.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from deskbell.realtime.ended import lately

CHANNEL = "deskbell_live"
#: bytes; pg_notify takes less than 8000
PAYLOAD_LIMIT = 7500
WAITING = 64
RESYNC = '{"kind": "resync"}'
RIGHTS_CHANGED = "rights.changed"
DEVICE_ENDED = "device.ended"
#: devices signed out within the life of a stream and of the token that opened it (live.LONGEST, TOKEN_AGE)
ENDED = "select id from people_device where ended_at > now() - interval '70 minutes'"
#: how many ended devices are remembered: more than sign out in such a time
REMEMBERED = 10_000
#: seconds in which a token opens a stream
TOKEN_AGE = 300
#: seconds of silence after which the connection is asked whether it still lives
SILENCE = 30
#: seconds between the reading of a page and the stream it opens, and how many notices of that time are kept
GAP, KEPT = 15, 1000

log = logging.getLogger(__name__)


def publish(topics: Iterable[str], data: dict[str, Any]) -> None:
    """Tell the subscribers of `topics` about `data` when the current transaction commits.

    Very many topics go out as several notices; who listens to topics of two of them hears it twice.
    Raises ValueError when `data` alone is larger than a notice may be.
    """
    with connection.cursor() as cursor:
        for payload in _payloads(sorted(set(topics)), data):
            cursor.execute("select pg_notify(%s, %s)", [CHANNEL, payload])


def _payloads(topics: list[str], data: dict[str, Any]) -> list[str]:
    payload = json.dumps({"topics": topics, **data}, separators=(",", ":"))
    if len(payload.encode()) <= PAYLOAD_LIMIT:
        return [payload]
    if len(topics) < 2:
        raise ValueError(f"a live notice of {len(payload)} bytes: send ids, not contents")
    middle = len(topics) // 2
    return _payloads(topics[:middle], data) + _payloads(topics[middle:], data)


class Subscription:
    """What one stream waits for. `get()` gives the next notice as JSON text, None as its end."""

    def __init__(self, user: int, topics: Iterable[str], device: int | None = None) -> None:
        self.device = device
        own = {f"user:{user}"} | ({f"device:{device}"} if device else set())
        self.topics = frozenset(topics) | own
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(WAITING)
        self._ended = False

    async def get(self) -> str | None:
        return await self._queue.get()

    def put(self, text: str | None) -> None:
        """Add a notice; a reader who is too slow gets `resync` in place of all that waits for him.

        None comes before anything that waits, and nothing after it.
        """
        if self._ended:
            return
        self._ended = text is None
        if self._queue.full() or self._ended:
            text = text and RESYNC
            while not self._queue.empty():
                self._queue.get_nowait()
        self._queue.put_nowait(text)


class Hub:
    """The LISTEN connection of this process and its subscribers. Lives in one event loop."""

    def __init__(self) -> None:
        self._by_topic: dict[str, set[Subscription]] = {}
        self._all: set[Subscription] = set()
        #: topic → when the rights of its listeners last changed; older than TOKEN_AGE is of no matter
        self._cuts: dict[str, float] = {}
        #: when the connection was lost
        self._deaf_since: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        #: devices that were signed out lately, the latest last
        self._ended: dict[int, None] = {}
        #: what was told lately: when, whom, and the notice
        self._told: deque[tuple[float, frozenset[str], str]] = deque(maxlen=KEPT)

    def subscribe(
        self, user: int, topics: Iterable[str], *, device: int | None = None, since: float | None = None
    ) -> Subscription:
        """Begin to listen for `user`, who may hear `topics`; starts the connection with the first.

        He gets what was told after `since` (seconds since 1970), when his page was read, for at most GAP
        seconds. Of a `device` that was signed out meanwhile the stream ends at once.
        """
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._listen())
        subscription = Subscription(user, topics, device)
        self._all.add(subscription)
        for topic in subscription.topics:
            self._by_topic.setdefault(topic, set()).add(subscription)
        if since is not None:
            self._tell_again(subscription, max(since, time.time() - GAP))
        if device in self._ended:
            subscription.put(None)
        return subscription

    def _tell_again(self, subscription: Subscription, since: float) -> None:
        for at, topics, text in self._told:
            if at >= since and topics & subscription.topics:
                subscription.put(text)

    def unsubscribe(self, subscription: Subscription) -> None:
        self._all.discard(subscription)
        for topic in subscription.topics:
            listeners = self._by_topic.get(topic, set())
            listeners.discard(subscription)
            if not listeners:
                self._by_topic.pop(topic, None)

    def outdated(self, subscription: Subscription, made_at: float) -> bool:
        """Whether rights of its person changed after its token was made (seconds since 1970)."""
        return any(self._cuts.get(topic, 0) >= made_at for topic in subscription.topics)

    async def listening(self, seconds: float) -> bool:
        """Wait at most `seconds` until notices arrive; False when the database does not answer."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._listening.wait(), seconds)
        return self._listening.is_set()

    def end_streams(self) -> None:
        """End every stream of this process, as it stops."""
        for subscription in self._all:
            subscription.put(None)

    async def close(self) -> None:
        self.end_streams()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self) -> None:
        delay = 0.2
        missed = False
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    settings.DATABASE_DIRECT_URL,
                    autocommit=True,
                    connect_timeout=5,
                    application_name="deskbell live",
                ) as listener:
                    await listener.execute(f"listen {CHANNEL}")
                    for (device,) in await (await listener.execute(ENDED)).fetchall():
                        self._end_device(device)
                    await self._catch_up(listener)
                    self._listening.set()
                    delay = 0.2
                    if missed:
                        self._tell_all(RESYNC)
                    await self._receive(listener)
            except (OSError, psycopg.Error) as error:
                log.warning("live notices are interrupted: %s", str(error).splitlines()[0])
            self._listening.clear()
            self._deaf_since = self._deaf_since or time.time()
            missed = True
            await asyncio.sleep(delay)
            delay = min(delay * 2, 5)

    async def _catch_up(self, listener: psycopg.AsyncConnection[Any]) -> None:
        """What happened to rights while nobody listened here."""
        away = time.time() - self._deaf_since if self._deaf_since else 0
        for topic in await lately(listener, TOKEN_AGE + away):
            self._cut(topic)
        self._deaf_since = None

    def _cut(self, topic: str) -> None:
        """End the streams that listen to `topic`, and remember it against older tokens."""
        now = time.time()
        self._cuts = {each: at for each, at in self._cuts.items() if at > now - TOKEN_AGE} | {topic: now}
        for subscription in self._by_topic.get(topic, ()):
            subscription.put(None)

    async def _receive(self, listener: psycopg.AsyncConnection[Any]) -> None:
        while True:
            async for notice in listener.notifies(timeout=SILENCE):
                self._deliver(notice.payload)
            await listener.execute("select 1")

    def _deliver(self, payload: str) -> None:
        try:
            notice = json.loads(payload)
            topics = notice.pop("topics")
        except (ValueError, KeyError, AttributeError, TypeError):
            log.error("a live notice is not of our making")
            return
        text = json.dumps(notice, separators=(",", ":"))
        hearers = {each for topic in topics for each in self._by_topic.get(topic, ())}
        for subscription in hearers:
            subscription.put(text)
        if notice.get("kind") not in (RIGHTS_CHANGED, DEVICE_ENDED):
            self._told.append((time.time(), frozenset(topics), text))
        if notice.get("kind") == DEVICE_ENDED:
            for topic in topics:
                self._end_device(int(topic.removeprefix("device:")))
        if notice.get("kind") == RIGHTS_CHANGED:
            for topic in topics:
                self._cut(topic)

    def _end_device(self, device: int) -> None:
        self._ended.pop(device, None)
        self._ended[device] = None
        while len(self._ended) > REMEMBERED:
            self._ended.pop(next(iter(self._ended)))
        for subscription in self._by_topic.get(f"device:{device}", ()):
            subscription.put(None)

    def _tell_all(self, text: str) -> None:
        for subscription in self._all:
            subscription.put(text)
