"""What happens between the reading of a page and the opening of its stream is not missed."""

from __future__ import annotations

import asyncio
import json
import time

from deskbell.realtime import hub as hubs
from deskbell.realtime.hub import DEVICE_ENDED, RIGHTS_CHANGED, Hub, Subscription


def heard(subscription: Subscription) -> list[str]:
    found = []
    while not subscription._queue.empty():
        found.append(json.loads(str(subscription._queue.get_nowait()))["kind"])
    return found


def told(hub: Hub, kind: str, *topics: str) -> None:
    hub._deliver(json.dumps({"topics": list(topics), "kind": kind}))


def test_a_new_stream_gets_what_was_told_since_its_page_was_read(monkeypatch):
    async def story() -> None:
        hub = Hub()
        told(hub, "before", "all")
        read_at = time.time()
        told(hub, "meanwhile", "all", "team:3")
        told(hub, "others", "team:4")
        told(hub, RIGHTS_CHANGED, "team:3")
        told(hub, DEVICE_ENDED, "device:7")
        stream = hub.subscribe(1, ["all", "team:3"], device=8, since=read_at)
        told(hub, "after", "all")
        assert heard(stream) == ["meanwhile", "after"]
        assert heard(hub.subscribe(1, ["all"], since=time.time())) == []
        assert heard(hub.subscribe(1, ["all"])) == []
        monkeypatch.setattr(hubs, "GAP", 0)
        assert heard(hub.subscribe(1, ["all"], since=read_at)) == []
        await hub.close()

    asyncio.run(story())
