"""Events on their way to the desk: in their order, in batches, until it has taken them."""

from __future__ import annotations

import http.client
import json
import logging
import ssl
import threading
from urllib.parse import urlsplit

from deskbell.gateway.protocol import BATCH, HEADER, LARGEST, VERSION, sign
from deskbell.gateway.store import Store

log = logging.getLogger(__name__)

#: seconds between tries
WAITS = (1, 2, 5, 10, 30)


class Delivery(threading.Thread):
    """Posts to `address` until stopped. What the desk does not take waits here on disk."""

    def __init__(self, store: Store, sid: str, address: str, secret: str, host: str = "") -> None:
        super().__init__(name="delivery", daemon=True)
        self.store, self.sid, self.address, self.secret = store, sid, address, secret
        self.host = host
        self._there_is_something = threading.Event()
        self._ended = threading.Event()
        store.on_event = self._there_is_something.set
        self._failed = 0

    def stop(self) -> None:
        self._ended.set()
        self._there_is_something.set()

    def run(self) -> None:
        while not self._ended.is_set():
            self._there_is_something.clear()
            if self._deliver():
                self._failed = 0
            elif self._failed:
                self._ended.wait(WAITS[min(self._failed, len(WAITS)) - 1])
            else:
                self._there_is_something.wait(60)

    def _deliver(self) -> bool:
        """Whether the desk took a batch."""
        batch = self.store.events(BATCH)
        if not batch:
            self._failed = 0
            return False
        body, last = self._fitting(batch)
        try:
            status = self._post(body)
        except (OSError, http.client.HTTPException) as error:
            status = 0
            log.warning("the desk does not answer: %s", type(error).__name__)
        if 200 <= status < 300:
            self.store.forget_events(last)
            return True
        if status:
            log.warning("the desk does not take events: HTTP %s", status)
        self._failed += 1
        return False

    def _fitting(self, batch: list[tuple[int, dict]]) -> tuple[bytes, int]:
        """As many as one delivery may carry, and the number of the last one."""
        while True:
            whole = {"v": VERSION, "sid": self.sid, "events": [event for _seq, event in batch]}
            body = json.dumps(whole).encode()
            if len(body) <= LARGEST or len(batch) == 1:
                return body, batch[-1][0]
            batch = batch[: len(batch) // 2]

    def _post(self, body: bytes) -> int:
        parts = urlsplit(self.address)
        host, port = parts.hostname or "", parts.port
        connection = (
            http.client.HTTPSConnection(host, port, timeout=30, context=ssl.create_default_context())
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=30)
        )
        headers = {
            "Content-Type": "application/json",
            HEADER: sign(self.secret, "POST", parts.path, body),
            **({"Host": self.host} if self.host else {}),
        }
        try:
            connection.request("POST", parts.path, body, headers)
            response = connection.getresponse()
            response.read(1024)
            return response.status
        finally:
            connection.close()
