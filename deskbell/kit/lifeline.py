"""A pipe whose end tells a process that the one it belongs to is gone, however that one died.

The owner keeps the writing end and never writes. When it ends, even by kill -9, the kernel closes its
end and every reader wakes with end of file.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

#: how a child learns the number of the pipe it inherits
VARIABLE = "DESKBELL_LIFELINE"
#: the same for the processes that a web process forks: the reading and the writing end
FORK_VARIABLE = "DESKBELL_FORK_LIFELINE"
#: seconds a process may take to end in order
GRACE = 10.0


def watch(descriptor: int, on_end: Callable[[], None]) -> None:
    """Call `on_end` in a thread when the other end of the pipe `descriptor` closes."""

    def wait() -> None:
        while os.read(descriptor, 1):
            pass
        on_end()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def end_with_parent() -> None:
    """End this process in order, then for certain, when the parent named in DESKBELL_LIFELINE is gone."""
    if given := os.environ.get(VARIABLE):
        watch(int(given), end_soon)


def open_for_forks() -> int:
    """Open the lifeline of processes forked from this one; returns the end to close when they shall stop."""
    read, write = os.pipe()
    os.environ[FORK_VARIABLE] = f"{read},{write}"
    return write


def follow(before: Callable[[], None]) -> None:
    """In a forked process: when the process it came from stops or dies, call `before`, then end.

    `before` runs in the main thread's event loop or wherever it sends itself; it must not block.
    """
    given = os.environ.pop(FORK_VARIABLE, None)
    if given is None:
        return
    read, write = map(int, given.split(","))
    os.close(write)

    def stop() -> None:
        before()
        end_soon()

    watch(read, stop)


def end_soon() -> None:
    """Ask this process to stop as SIGTERM does, and end it when it has not after GRACE seconds."""
    certain = threading.Timer(GRACE, os._exit, [1])
    certain.daemon = True
    certain.start()
    os.kill(os.getpid(), signal.SIGTERM)
