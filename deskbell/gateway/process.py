"""The process `deskbell whatsapp-web`: one session, one lock, one listening socket."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from deskbell.gateway import library
from deskbell.gateway.delivery import Delivery
from deskbell.gateway.server import Server
from deskbell.gateway.session import Make, Session
from deskbell.gateway.store import KEPT, Store

SWEEP_SECONDS = 6 * 3600


class Taken(Exception):
    """Another process holds this session."""


class Gateway:
    """Everything of one session, in a folder that only its owner may read."""

    def __init__(
        self,
        folder: Path,
        *,
        sid: str,
        secret: str,
        listen: str,
        desk: str,
        host: str = "",
        make: Make = library.make,
    ) -> None:
        """`listen` and `desk` are URLs: where commands come in, and where events go; `host` is what the desk
        is called there, where that is another name. Raises Taken, OSError.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.lock = (folder / "lock").open("a")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.lock.close()
            raise Taken from None
        self.store = Store(folder / "gateway.db")
        self.delivery = Delivery(self.store, sid, desk, secret, host)
        self.session = Session(folder, self.store, make)
        parts = urlsplit(listen)
        address = (parts.hostname or "127.0.0.1", parts.port or 0)
        self.server = Server(address, self.session, sid, secret, version())
        self.url = f"http://{address[0]}:{self.server.server_address[1]}"

    def start(self) -> None:
        """Serve, deliver, and connect what was linked before."""
        self.delivery.start()
        threading.Thread(target=self.server.serve_forever, name="http", daemon=True).start()
        self.session.resume()

    def sweep(self) -> None:
        """What is too old to be asked for."""
        self.store.forget_old()
        old = time.time() - KEPT
        for file in self.session.files.glob("*"):
            if file.stat().st_mtime < old:
                file.unlink(missing_ok=True)

    def stop(self) -> None:
        """Nothing is lost: what is not delivered or sent waits on disk."""
        self.server.shutdown()
        self.server.server_close()
        self.session.close()
        self.delivery.stop()
        self.delivery.join(5)
        self.store.close()
        self.lock.close()


def version() -> str:
    try:
        return f"neonize {metadata.version('neonize')}"
    except metadata.PackageNotFoundError:
        return "none"


def run(folder: Path, *, sid: str, secret: str, listen: str, desk: str, host: str = "") -> None:
    """Until a signal ends it. Raises Taken, OSError."""
    os.umask(0o077)
    gateway = Gateway(folder, sid=sid, secret=secret, listen=listen, desk=desk, host=host)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    gateway.start()
    while not ended.wait(SWEEP_SECONDS):
        gateway.sweep()
    gateway.stop()
