"""Keeps one fetcher for each mailbox, on whichever machine holds its lock.

The locks are those of PostgreSQL, held by one connection: they go when this process goes, and another
worker takes over. They save work only; that nothing comes in twice is the business of `fetching`.
"""

from __future__ import annotations

import logging
import random
import threading
import time

import psycopg
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from deskbell.channels.actions import fetching as actions
from deskbell.channels.email.accounts import Account, BadAccount
from deskbell.channels.email.boxes import BoxError, SignInRefused, open_box
from deskbell.channels.email.fetching import fetch
from deskbell.channels.email.tokens import signed_in
from deskbell.channels.models import Channel, IncomingServer

log = logging.getLogger(__name__)

#: seconds after which mailboxes are looked for that are new, changed or gone
LOOK = 5
#: … after which a server that tells at once is asked all the same, and one that cannot tell
IDLE = 240
POLL = 60
#: … before the next try after a failure, and at most; a refused sign-in waits longer: accounts get locked
FIRST_PAUSE, LONGEST_PAUSE = 5, 600
FIRST_REFUSED, LONGEST_REFUSED = 60, 1800
#: … between two sign-ins at one host: many servers take more at once for an attack
SPACING = 1
LOCK_CLASS = 0x6D61696C
DATABASE_AWAY = (OperationalError, InterfaceError, psycopg.OperationalError)


class Fetchers:
    """All fetchers of this process. `address` is a database URL that goes to PostgreSQL directly."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.stopping = threading.Event()
        self.running: dict[int, Fetcher] = {}
        self.last_start: dict[str, float] = {}
        self.thread = threading.Thread(target=self._run, name="fetchers", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self, seconds: float = 5) -> None:
        """Ask all to end; a mail under way is stored or not, never half."""
        self.stopping.set()
        for fetcher in list(self.running.values()):
            fetcher.stopping.set()
        self.thread.join(seconds)

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                with psycopg.connect(
                    self.address, autocommit=True, connect_timeout=5, application_name="deskbell fetcher"
                ) as locks:
                    while not self.stopping.is_set():
                        self._look(locks)
                        self.stopping.wait(LOOK)
            except DATABASE_AWAY:
                # its locks went with the connection: begin anew
                log.warning("the fetchers lost the database and begin anew")
            except Exception:
                log.exception("the fetchers were interrupted and begin anew")
            self._end_all()
            connection.close()
            self.stopping.wait(LOOK * random.uniform(0.5, 1.5))  # noqa: S311  spread out

    def _look(self, locks: psycopg.Connection) -> None:
        """Start what is missing, end what was changed, and let go of the locks of what has ended."""
        locks.execute("select 1")
        close_old_connections()
        wanted = {
            server.pk: server
            for server in IncomingServer.objects.exclude(channel__state=Channel.State.OFF).select_related(
                "channel"
            )
        }
        for pk, fetcher in list(self.running.items()):
            if pk not in wanted or wanted[pk].version != fetcher.server.version:
                fetcher.stopping.set()
            if not fetcher.is_alive():
                del self.running[pk]
                locks.execute("select pg_advisory_unlock(%s, %s)", [LOCK_CLASS, pk])
        for pk, server in wanted.items():
            if pk in self.running or self._too_soon(server):
                continue
            row = locks.execute("select pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, pk]).fetchone()
            if row and row[0]:
                self.last_start[server.host] = time.monotonic()
                self.running[pk] = Fetcher(server)
                self.running[pk].start()

    def _too_soon(self, server: IncomingServer) -> bool:
        return time.monotonic() - self.last_start.get(server.host, -SPACING) < SPACING

    def _end_all(self) -> None:
        for fetcher in self.running.values():
            fetcher.stopping.set()
        for fetcher in self.running.values():
            fetcher.join(3)
        self.running.clear()


class Fetcher(threading.Thread):
    """Fetches for one mailbox until it is stopped or its settings change."""

    def __init__(self, server: IncomingServer) -> None:
        super().__init__(name=f"fetch {server.pk}", daemon=True)
        self.server = server
        self.stopping = threading.Event()
        self.failures = 0

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.stopping.wait(self._once())
        except actions.Superseded:
            pass  # another one begins with the new settings
        finally:
            connection.close()

    def _once(self) -> float:
        """One stay on the server; returns the seconds to wait before the next. Raises Superseded."""
        try:
            close_old_connections()
            self._stay()
        except SignInRefused as error:
            return self._failed(str(error), FIRST_REFUSED, LONGEST_REFUSED)
        except (BoxError, BadAccount) as error:
            return self._failed(str(error), FIRST_PAUSE, LONGEST_PAUSE)
        except DATABASE_AWAY:
            return FIRST_PAUSE
        except actions.Superseded:
            raise
        except Exception as error:
            log.exception("a fetcher was interrupted", extra={"server": self.server.pk})
            return self._failed(type(error).__name__, FIRST_PAUSE, LONGEST_PAUSE)
        return POLL

    def _stay(self) -> None:
        box = signed_in(
            Account.of(self.server),
            self.server.channel_id,
            lambda account: open_box(account, self.server.folder),
        )
        try:
            while not self.stopping.is_set():
                fetch(self.server, box, stopped=self.stopping.is_set)
                actions.note_checked(self.server)
                self.failures = 0
                if not box.wait(IDLE, self.stopping.is_set):
                    return
                close_old_connections()
        finally:
            box.close()

    def _failed(self, error: str, first: float, longest: float) -> float:
        """Note it; twice as long a pause each time, spread out so that many do not come back at once."""
        try:
            actions.note_failed(self.server, error)
        except DATABASE_AWAY:
            connection.close()
        pause = min(first * 2**self.failures, longest)
        self.failures = min(self.failures + 1, 20)
        return pause * random.uniform(0.8, 1.2)  # noqa: S311
