"""What the gateway keeps on disk, in one SQLite file that only its owner may read: events until the desk has
taken them, what became of each message, where files of customers can be fetched, and how much was left alone.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: seconds for which results and files are remembered
KEPT = 30 * 24 * 3600
_TABLES = """
    create table if not exists event (seq integer primary key autoincrement, body text not null);
    create table if not exists sent (
        client_id text primary key, body text not null, state text not null, msg_id text not null default '',
        code text not null default '', until real, at real not null
    );
    create table if not exists media (token text primary key, content blob not null, at real not null);
    create table if not exists ignored (kind text primary key, count integer not null);
"""


class Store:
    """Safe to use from several threads. Every change is on disk when its call returns."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = full")
        self._database.executescript(_TABLES)
        #: called when an event was added
        self.on_event: Callable[[], None] = lambda: None

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _do(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()

    # --- events ---

    def add_event(self, kind: str, data: dict[str, Any]) -> None:
        """Its id rises with time, also over a lost file."""
        at = time.time()
        with self._lock:
            row = self._database.execute("insert into event (body) values ('') returning seq").fetchone()
            event = {"id": f"{int(at * 1000):013d}-{row[0]}", "at": at, "type": kind, "data": data}
            self._database.execute("update event set body = ? where seq = ?", (json.dumps(event), row[0]))
        self.on_event()

    def events(self, most: int) -> list[tuple[int, dict[str, Any]]]:
        """The oldest that the desk does not have yet: (number, event)."""
        rows = self._do("select seq, body from event where body <> '' order by seq limit ?", most)
        return [(seq, json.loads(body)) for seq, body in rows]

    def forget_events(self, last: int) -> None:
        """The desk has all up to `last`."""
        self._do("delete from event where seq <= ?", last)

    def waiting_events(self) -> int:
        return int(self._do("select count(*) from event")[0][0])

    # --- messages to send ---

    def put_message(self, client_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """Keep a message to be sent, unless its `client_id` is known; what is known of it then."""
        with self._lock:
            self._database.execute(
                "insert or ignore into sent (client_id, body, state, at) values (?, ?, 'queued', ?)",
                (client_id, json.dumps(body), time.time()),
            )
        return self.message(client_id) or {}

    def message(self, client_id: str) -> dict[str, Any] | None:
        """`{client_id, state, msg_id?, code?, until?}`; state is queued, sending, sent, failed or unknown."""
        rows = self._do("select state, msg_id, code, until from sent where client_id = ?", client_id)
        if not rows:
            return None
        state, msg_id, code, until = rows[0]
        more = {"msg_id": msg_id, "code": code, "until": until}
        return {"client_id": client_id, "state": state, **{name: each for name, each in more.items() if each}}

    def next_message(self) -> dict[str, Any] | None:
        """The oldest that nobody has tried; from now on it is being sent, whatever happens to us."""
        with self._lock:
            row = self._database.execute(
                "update sent set state = 'sending' where client_id = "
                "(select client_id from sent where state = 'queued' order by rowid limit 1) returning body"
            ).fetchone()
        return json.loads(row[0]) if row else None

    def finish_message(
        self, client_id: str, state: str, *, msg_id: str = "", code: str = "", until: float | None = None
    ) -> None:
        """What became of it, told to the desk too. Its words are forgotten."""
        self._do(
            "update sent set state = ?, msg_id = ?, code = ?, until = ?, body = '' where client_id = ?",
            state, msg_id, code, until, client_id,
        )  # fmt: skip
        told = {"msg_id": msg_id} if state == "sent" else {"code": code, "until": until}
        self.add_event("send_result", {"client_id": client_id, "ok": state == "sent", **told})

    def put_back(self, client_id: str) -> None:
        """It did not leave: it is tried again."""
        self._do("update sent set state = 'queued' where client_id = ? and state = 'sending'", client_id)

    def begun_messages(self) -> list[str]:
        """Those in the middle of which an earlier process ended: nobody knows whether they left."""
        return [row[0] for row in self._do("select client_id from sent where state = 'sending'")]

    # --- files, counts ---

    def keep_media(self, token: str, content: bytes) -> None:
        self._do("insert or replace into media values (?, ?, ?)", token, content, time.time())

    def media(self, token: str) -> bytes | None:
        rows = self._do("select content from media where token = ?", token)
        return rows[0][0] if rows else None

    def leave_alone(self, kind: str, count: int = 1) -> None:
        self._do(
            "insert into ignored values (?, ?) "
            "on conflict (kind) do update set count = count + excluded.count",
            kind, count,
        )  # fmt: skip

    def ignored(self) -> dict[str, int]:
        return dict(self._do("select kind, count from ignored"))

    def forget_old(self) -> None:
        old = time.time() - KEPT
        self._do("delete from sent where at < ? and state not in ('queued', 'sending')", old)
        self._do("delete from media where at < ?", old)
