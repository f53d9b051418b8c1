"""`deskbell worker`: runs the jobs, and goes on when the database was away.

procrastinate's own worker ends, quietly, when its connection breaks. Here every queue has a worker with
threads of its own (settings.WORKER_QUEUES); when one of them ends, all are started again, later and later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections

from deskbell.cli import database
from deskbell.cli.refusal import Refusal
from deskbell.kit import lifeline

#: seconds jobs under way get to end when we are asked to stop; the rest is done by the next worker
FINISH_SECONDS = 8
#: seconds an interrupted set of workers gets to end by itself before the process begins anew
GIVE_UP_SECONDS = 30
STEADY_SECONDS = 30
LONGEST_DELAY = 10.0
#: the queue of received mails
INTAKE = "inbound"

log = logging.getLogger("deskbell.worker")


def run(queues: list[str] | None) -> int:
    """Work until SIGTERM or Ctrl-C. Raises Refusal when a name in `queues` is unknown."""
    lifeline.end_with_parent()
    database.set_up()
    from django.conf import settings  # set up just now

    unknown = set(queues or ()) - set(settings.WORKER_QUEUES)
    if unknown:
        known = ", ".join(settings.WORKER_QUEUES)
        raise Refusal(f"There is no queue {', '.join(sorted(unknown))}. The queues are: {known}.")
    threads = {queue: settings.WORKER_QUEUES[queue] for queue in queues or settings.WORKER_QUEUES}
    with _fetching(settings.DATABASE_DIRECT_URL) if INTAKE in threads else contextlib.nullcontext():
        asyncio.run(_Loop(threads, settings.STALLED_AFTER, settings.DATABASE_DIRECT_URL).run())
    return 0


@contextlib.contextmanager
def _fetching(address: str) -> Iterator[None]:
    """Mailboxes are fetched from where their mails are taken in."""
    from deskbell.channels.email.fetcher import Fetchers  # Django is ready by now

    fetchers = Fetchers(address)
    fetchers.start()
    try:
        yield
    finally:
        fetchers.stop()


def _reason(error: BaseException) -> str:
    """The first line of what lies under the libraries' own exceptions."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class _OneLine(logging.Filter):
    """Leaves out the tracebacks of a lost connection, of which every worker logs several; we log one line."""

    SAID = ("side_task_failed", "side_task_monitor_failed", "poll_jobs_to_abort_error")

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "action", None) not in self.SAID


class _Loop:
    """The supervising loop; `threads` names the queues, `stalled_after` is in seconds."""

    def __init__(self, threads: dict[str, int], stalled_after: int, address: str) -> None:
        self.threads = threads
        self.stalled_after = stalled_after
        self.address = address
        self.stop = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        # procrastinate runs every job in the loop's executor; each job slot has a thread waiting for it
        loop.set_default_executor(ThreadPoolExecutor(sum(self.threads.values()) + 2, "job"))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        logging.getLogger("procrastinate.utils").setLevel(logging.CRITICAL)
        for name in ("", *(f".{queue}" for queue in self.threads)):
            logging.getLogger(f"procrastinate.worker{name}").addFilter(_OneLine())
        delay = 0.25
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                await self._work()
            except Exception as error:
                # whatever it was, the jobs must go on: a lost connection has many classes
                log.warning("the workers were interrupted and begin anew: %s", _reason(error))
            delay = 0.5 if time.monotonic() - began > STEADY_SECONDS else min(delay * 2, LONGEST_DELAY)
            with contextlib.suppress(TimeoutError):
                # spread out, so that many machines do not come back at the same moment
                await asyncio.wait_for(self.stop.wait(), delay * random.uniform(0.7, 1.3))  # noqa: S311

    async def _work(self) -> None:
        """Run one worker per queue and the rescue until one of them ends or we are asked to stop."""
        # procrastinate enqueues periodic jobs over Django's connection of one thread, which may be a dead one
        await sync_to_async(connections.close_all)()
        app = self._app()
        async with app.open_async():
            tasks: list[asyncio.Task[Any]] = [
                asyncio.create_task(self._worker(app, queue)) for queue in self.threads
            ]
            tasks.append(asyncio.create_task(self._rescue(app)))
            stop: asyncio.Task[Any] = asyncio.create_task(self.stop.wait())
            done, _ = await asyncio.wait({*tasks, stop}, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            for task in tasks:
                task.cancel()
            seconds = FINISH_SECONDS + 2 if self.stop.is_set() else GIVE_UP_SECONDS
            _, stuck = await asyncio.wait(tasks, timeout=seconds)
            if stuck:
                await self._leave(app)
            for task in done - {stop}:
                await task  # says why it ended

    def _app(self) -> Any:
        from procrastinate import PsycopgConnector
        from procrastinate.contrib.django import app  # Django is ready by now

        connector = PsycopgConnector(
            conninfo=self.address,
            kwargs={"connect_timeout": 5, "application_name": "deskbell worker"},
            min_size=1,
            max_size=len(self.threads) + 2,
            timeout=10,
        )
        # a copy for the workers: what a job enqueues goes over Django's connection as before, and commits
        # together with what the job wrote
        return app.with_connector(connector)

    async def _worker(self, app: Any, queue: str) -> None:
        await app.run_worker_async(
            queues=[queue],
            name=queue,
            concurrency=self.threads[queue],
            delete_jobs="successful",
            install_signal_handlers=False,
            shutdown_graceful_timeout=FINISH_SECONDS,
            update_heartbeat_interval=min(10.0, self.stalled_after / 3),
            stalled_worker_timeout=self.stalled_after,
        )

    async def _rescue(self, app: Any) -> None:
        from deskbell.config.jobs import rescue  # Django is ready by now

        while True:
            await rescue(app, self.stalled_after)
            await asyncio.sleep(min(15.0, max(1.0, self.stalled_after / 2)))

    async def _leave(self, app: Any) -> None:
        """End, or begin anew, although jobs are stuck in their threads; another worker takes them up."""
        if self.stop.is_set():
            os._exit(0)
        os.execv(sys.executable, [sys.executable, "-m", "deskbell", *sys.argv[1:]])  # noqa: S606 - ourselves
