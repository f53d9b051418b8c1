"""`deskbell web`: the HTTP server, granian with one or more processes of `deskbell.config.asgi`."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import Any

from deskbell.cli.refusal import Refusal
from deskbell.kit import lifeline

#: open streams count against both: many browsers keep one open
BACKLOG = 8192
BACKPRESSURE = 4096
#: seconds a stopping process waits for answers under way
KILL_SECONDS = 5


def processes() -> int:
    """How many web processes: DESKBELL_WEB_WORKERS, else two on four cores and more."""
    if given := os.environ.get("DESKBELL_WEB_WORKERS"):
        return max(1, int(given))
    return 2 if (os.cpu_count() or 1) >= 4 else 1


def refuse_taken(host: str, port: int) -> None:
    """Raise Refusal unless `host`:`port` can be listened on.

    The server itself shares its port between its processes, so it would not notice another Deskbell there.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            trial.listen(1)
    except socket.gaierror:
        raise Refusal(f"There is no address {host} on this machine.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Refusal(
                f"Port {port} on {host} is in use by another program. Choose another one with --port."
            ) from None
        if error.errno == errno.EACCES:
            raise Refusal(f"Port {port} needs more rights than you have. Choose one above 1023.") from None
        raise Refusal(f"Cannot listen on {host} port {port}: {error.strerror}.") from None


def serve(host: str, port: int) -> int:
    """Serve until SIGTERM or Ctrl-C. Returns the exit code."""
    refuse_taken(host, port)
    from granian import Granian  # the command line must not wait for it

    fork_lifeline = lifeline.open_for_forks()

    class Server(Granian):  # type: ignore[misc, valid-type]
        def signal_handler_interrupt(self, *arguments: Any, **options: Any) -> None:
            # the processes end their streams, which would hold up the end of the others
            with contextlib.suppress(OSError):
                os.close(fork_lifeline)
            super().signal_handler_interrupt(*arguments, **options)

    lifeline.end_with_parent()
    Server(
        "deskbell.config.asgi:application",
        address=host,
        port=port,
        interface="asgi",
        workers=processes(),
        http="1",
        websockets=True,
        backlog=BACKLOG,
        backpressure=BACKPRESSURE,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
        log_level="warning",
    ).serve()
    return 0
