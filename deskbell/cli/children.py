"""The processes under `deskbell up`: started, started again when they die, stopped together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from deskbell.kit import lifeline

#: seconds a child may live before its next death counts as the first
STEADY = 30
LONGEST_DELAY = 15.0
STOP_SECONDS = 12


class Child:
    """One process `deskbell <arguments>` that ends when the parent does (`pipe` is its lifeline).

    `module` stands in place of `deskbell`; `inherits` are open files it gets beside the pipe.
    """

    def __init__(
        self,
        name: str,
        arguments: list[str],
        pipe: int,
        *,
        module: str = "deskbell",
        inherits: tuple[int, ...] = (),
    ) -> None:
        self.name = name
        self.command = [sys.executable, "-m", module, *arguments]
        self.pipe = pipe
        self.inherits = inherits
        self.running: subprocess.Popen[bytes] | None = None
        self.restart = Backoff()

    def start(self) -> None:
        """In a session of its own: Ctrl-C in the terminal is for the parent."""
        environment = {**os.environ, lifeline.VARIABLE: str(self.pipe)}
        self.running = subprocess.Popen(
            self.command,
            env=environment,
            pass_fds=[self.pipe, *self.inherits],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.restart.started()

    def ended(self) -> str | None:
        """How the process ended, None while it runs."""
        code = self.running.poll() if self.running else 0
        if code is None:
            return None
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


class Backoff:
    """When something that ended may be started again: at once at first, then later and later."""

    def __init__(self) -> None:
        self.delay = 0.2
        self.began = time.monotonic()
        self.due: float | None = None

    def started(self) -> None:
        self.began, self.due = time.monotonic(), None

    def wait(self) -> bool:
        """Note an end; True on its first call, so that the caller can say so."""
        if self.due is not None:
            return False
        lived = time.monotonic() - self.began
        self.delay = 0.2 if lived > STEADY else min(self.delay * 2, LONGEST_DELAY)
        self.due = time.monotonic() + self.delay
        return True

    def ready(self) -> bool:
        return self.due is not None and time.monotonic() >= self.due


def keep_running(child: Child, say: Callable[[str], None]) -> None:
    """Start `child` again if it ended and its time has come."""
    how = child.ended()
    if how is None:
        return
    if child.restart.wait():
        say(f"The {child.name} process ended ({how}); it is started again.")
    elif child.restart.ready():
        child.start()


def stop(children: list[Child]) -> None:
    """End all of them at the same time, by force after STOP_SECONDS."""
    alive = [child.running for child in children if child.running and child.running.poll() is None]
    for process in alive:
        process.send_signal(signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    for process in alive:
        try:
            process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
