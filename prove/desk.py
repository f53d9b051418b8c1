"""A Deskbell with real processes, and its API as a program uses it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from prove import Failed
from tests.support.desk import Desk, deskbell

OWNER = "owner@prove.example"
SUPPORT = "support@prove.example"
#: seconds after which jobs of a silent worker are taken up, low for proofs
STALLED_AFTER = 5
#: seconds until there is a worker to kill again: each that ends early is started again later than the last
NEXT_WORKER = 180


@contextlib.contextmanager
def running(*arguments: str, **environment: str) -> Iterator[Desk]:
    """One `deskbell up` on a data folder of its own, both gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="deskbell-prove-"))
    folder.chmod(0o711)
    settings: dict[str, Any] = {"DESKBELL_STALLED_AFTER": str(STALLED_AFTER), **environment}
    desk = Desk(folder / "data", *arguments, **settings)
    desk.start().ready()
    try:
        yield desk
    finally:
        if desk.parent.poll() is None:
            desk.stop()
        shutil.rmtree(desk.said.parent, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def command(desk: Desk, *arguments: str, given: bytes = b"") -> str:
    """Run one `deskbell …` beside the desk and return what it printed. Raises Failed."""
    done = deskbell(desk.data, *arguments, given=given, **desk.more)
    if done.returncode:
        raise Failed(f"deskbell {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class Api:
    """Calls with the token of an owner, one connection each, so that a killed server is noticed at once."""

    def __init__(self, desk: Desk, token: str) -> None:
        self.desk, self.token = desk, token

    @classmethod
    def of(cls, desk: Desk) -> Api:
        """With an owner made for it."""
        command(desk, "user", "create", OWNER, "--name", "Owner", "--role", "owner")
        return cls(desk, command(desk, "token", "create", OWNER, "--name", "prove").strip())

    def call(
        self, method: str, path: str, body: Any = None, *, key: str = "", seconds: float = 30
    ) -> tuple[int, Any]:
        """Status and JSON. Raises OSError or http.client.HTTPException when there is no answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        connection = http.client.HTTPConnection("127.0.0.1", self.desk.port, timeout=seconds)
        with contextlib.closing(connection):
            content = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1{path}", content, headers)
            answer = connection.getresponse()
            text = answer.read()
        return answer.status, json.loads(text) if text else None

    def get(self, path: str, **query: object) -> Any:
        """The JSON of a call that must succeed. Raises Failed."""
        whole = f"{path}?{urlencode(query)}" if query else path
        status, answer = self.call("GET", whole)
        if status != 200:
            raise Failed(f"GET {whole}: {status} {answer}")
        return answer

    def every(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        cursor = None
        while True:
            page = self.get(path, limit=200, **query, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return


def kill(pid: int) -> None:
    """kill -9, of a process that may have ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_until(look: Callable[[], Any], *, seconds: float, what: str, pause: float = 0.2) -> Any:
    """What `look` returns as soon as it is true; no answer counts as false. Raises Failed after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException, Failed):
            if seen := look():
                return seen
        if time.monotonic() > end:
            raise Failed(f"not within {seconds:.0f} seconds: {what}")
        time.sleep(pause)


def kill_worker(desk: Desk) -> None:
    """kill -9 of the worker, once there is one. Raises Failed."""
    kill(
        wait_until(
            lambda: desk.children().get("worker"), seconds=NEXT_WORKER, what="there is a worker", pause=0.05
        )
    )


def say(sentence: str) -> None:
    print(f"  {sentence}", flush=True)
