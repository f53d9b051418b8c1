"""`deskbell up`: everything on one machine under one parent, which alone holds the data folder's lock.

The order of a start: lock, port, database, migrations, then the web and the worker process. The parent stays
small (no Django in it) and only watches: what dies is started again, SIGTERM and Ctrl-C stop all.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from deskbell.cli import children, database, gateways, reachable, schema, web
from deskbell.cli.children import Child
from deskbell.cli.embedded import Cluster
from deskbell.cli.refusal import Refusal
from deskbell.demo.whatsapp import place
from deskbell.kit import lifeline
from deskbell.kit.paths import data_dir

READY_SECONDS = 60


def run(host: str, port: int, *, demo: bool, qr: bool = False) -> int:
    """Run until a signal stops it. Returns the exit code; raises Refusal when it cannot start."""
    folder = data_dir()
    make_folder(folder)
    schema.refuse_newer(folder)
    with Lock(folder) as lock:
        _wait_for_port(host, port, seconds=lifeline.GRACE + 2 if lock.left_over else 0)
        _environment(host, port, demo=demo)
        parent = Parent(host, port, demo=demo, qr=qr)
        try:
            parent.start()
            return parent.watch()
        finally:
            parent.stop()


def make_folder(folder: Path) -> None:
    """Make the data folder. As root others may pass through it: PostgreSQL runs as another user."""
    folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)


def refuse_mixing(whose: str, *, demo: bool) -> None:
    """Raise Refusal where demo data would come among `whose` (schema.whose) data, or the other way round."""
    if demo and whose == "real":
        raise Refusal(
            "This desk has data of its own, and the demo never mixes with it. Start without --demo, "
            "or choose another folder with --data-dir."
        )
    if not demo and whose == "demo":
        raise Refusal(
            "This data folder holds the demo, which never becomes a real desk. Start with --demo, "
            "or choose an empty folder with --data-dir."
        )


class Lock:
    """Hold `<folder>/lock` until the end of the block. Raises Refusal when another process holds it.

    The kernel lets go of it when the process dies, so it never has to be cleared by hand.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Lock:
        self.file: IO[str] = (self.folder / "lock").open("a+")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.file.seek(0)
            pid = self.file.read().strip() or "unknown"
            self.file.close()
            raise Refusal(
                f"Deskbell already runs on the data folder {self.folder} (process {pid}). "
                "Stop that one first, or choose another folder with --data-dir."
            ) from None
        self.file.seek(0)
        #: the last holder was killed: its children may still be ending
        self.left_over = bool(self.file.read())
        self.file.truncate(0)
        self.file.write(f"{os.getpid()}\n")
        self.file.flush()
        return self

    def __exit__(self, *_: object) -> None:
        self.file.truncate(0)
        self.file.close()


def _wait_for_port(host: str, port: int, *, seconds: float) -> None:
    """Raise Refusal unless the port is free, or becomes so within `seconds`."""
    end = time.monotonic() + seconds
    while True:
        try:
            return web.refuse_taken(host, port)
        except Refusal:
            if time.monotonic() > end:
                raise
        time.sleep(0.1)


def _environment(host: str, port: int, *, demo: bool) -> None:
    """What the children are told, unless it was set."""
    everywhere = host in reachable.ALL
    others = reachable.names() if everywhere else [host]
    shown = others[0] if reachable.addresses() or not everywhere else "127.0.0.1"
    os.environ.setdefault("DESKBELL_BASE_URL", f"http://{f'[{shown}]' if ':' in shown else shown}:{port}")
    os.environ.setdefault(
        "DESKBELL_ALLOWED_HOSTS", ",".join(dict.fromkeys(["127.0.0.1", "localhost", "[::1]", *others]))
    )
    os.environ["DESKBELL_DATA_DIR"] = str(data_dir())
    if demo:
        os.environ["DESKBELL_DEMO"] = "1"


class Parent:
    """The processes of one `up`."""

    def __init__(self, host: str, port: int, *, demo: bool, qr: bool = False) -> None:
        self.host, self.port, self.demo, self.qr = host, port, demo, qr
        self.cluster: Cluster | None = None
        self.database_restart = children.Backoff()
        reading, self.writing = os.pipe()
        self.children = [
            Child("web", ["web", "--host", host, "--port", str(port)], reading),
            Child("worker", ["worker"], reading),
        ]
        if demo:
            self.children.append(self._phones(reading))
        self.linked = gateways.Gateways(reading, f"http://{_here(host)}:{port}")
        self.stopping = False
        self._catch_signals()

    def _phones(self, pipe: int) -> Child:
        """The WhatsApp of the demo. Its socket is ours, so that nobody is refused while it starts again."""
        self.listening = place.listen(data_dir())
        number = self.listening.fileno()
        arguments = {
            "--socket": str(number),
            "--data": str(data_dir()),
            "--desk": f"http://{_here(self.host)}:{self.port}",
            "--host": urlsplit(os.environ["DESKBELL_BASE_URL"]).netloc,
        }
        words = [word for pair in arguments.items() for word in pair]
        return Child("phones", words, pipe, module="deskbell.demo.whatsapp", inherits=(number,))

    def _catch_signals(self) -> None:
        """Signals, SIGCHLD among them, end the pause in `watch`; nothing else is done in a handler."""
        self.woken, wake = os.pipe()
        for end in (self.woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop_soon)

    def _stop_soon(self, *_: object) -> None:
        self.stopping = True

    def start(self) -> None:
        address = self._start_database()
        if not database.ask(address, lambda each: schema.is_current(each, data_dir())):
            self._deskbell("migrate")
        refuse_mixing(database.ask(address, schema.whose), demo=self.demo)
        nobody = not database.ask(address, schema.is_set_up)
        for child in self.children:
            child.start()
        # both take about a second, on cores of their own
        sign_ins = self._deskbell("demo") if self.demo else ""
        link = self._deskbell("first-link") if nobody and not self.demo else ""
        if not self._wait_until_ready():
            return
        say(f"Deskbell runs at {os.environ['DESKBELL_BASE_URL']}/  (Ctrl-C stops it)")
        for line in reachable.told(self.host, self.port, os.environ["DESKBELL_BASE_URL"], qr=self.qr):
            say(line)
        if sign_ins:
            print(sign_ins, flush=True)
        elif link:
            say("Nobody can set it up yet. Open this link to become the first administrator; it works once:")
            say(f"  {link}")

    def _start_database(self) -> str:
        """The database's address; the embedded one is started unless DATABASE_URL names another."""
        if address := database.given():
            return address
        self.cluster = Cluster(data_dir())
        self.cluster.start()
        os.environ["DATABASE_URL"] = self.cluster.url()
        return os.environ["DATABASE_URL"]

    def _deskbell(self, command: str) -> str:
        """Run one of our commands to its end and return what it printed; its refusal becomes ours."""
        done = subprocess.run(
            [sys.executable, "-m", "deskbell", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"deskbell {command} failed"]
            if said[-1].startswith("deskbell: "):
                raise Refusal(said[-1].removeprefix("deskbell: "), code=done.returncode)
            raise Refusal("\n".join(said), code=done.returncode)
        print(done.stderr, end="", file=sys.stderr, flush=True)
        return done.stdout.rstrip()

    def _wait_until_ready(self) -> bool:
        """Until the web process answers; False when we were asked to stop meanwhile."""
        end = time.monotonic() + READY_SECONDS
        while not self.stopping and time.monotonic() < end:
            if _answers(self.host, self.port):
                return True
            self._look_after_all()
            self._pause(0.05)
        if not self.stopping:
            raise Refusal(f"The web process did not answer within {READY_SECONDS} seconds.")
        return False

    def watch(self) -> int:
        """Look after the processes until a signal asks us to stop."""
        while not self.stopping:
            self._look_after_all()
            self.linked.look(os.environ["DATABASE_URL"], say)
            restarts = [self.database_restart, *(c.restart for c in [*self.children, *self.linked.running()])]
            self._pause(0.2 if any(each.due for each in restarts) else gateways.EVERY)
        say("Stopping …")
        return 0

    def _look_after_all(self) -> None:
        if self.cluster is not None and not self.cluster.running():
            self._restart_database(self.cluster)
        for child in [*self.children, *self.linked.running()]:
            children.keep_running(child, say)

    def _restart_database(self, cluster: Cluster) -> None:
        if self.database_restart.wait():
            say("The database ended; it is started again.")
        if not self.database_restart.ready():
            return
        try:
            cluster.start()
        except Refusal as refusal:
            say(str(refusal))
            self.database_restart.began, self.database_restart.due = time.monotonic(), None
        else:
            self.database_restart.started()

    def _pause(self, seconds: float) -> None:
        ready, _, _ = select.select([self.woken], [], [], seconds)
        if ready:
            os.read(self.woken, 4096)

    def stop(self) -> None:
        children.stop([*self.children, *self.linked.running()])
        os.close(self.writing)
        if self.cluster is not None:
            self.cluster.stop()


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(_here(host).strip("[]"), port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _here(host: str) -> str:
    """Where what listens on `host` is reached from this machine, as it stands in an address."""
    there = "127.0.0.1" if host in ("0.0.0.0", "") else "::1" if host == "::" else host  # noqa: S104
    return f"[{there}]" if ":" in there else there


def say(sentence: str) -> None:
    print(sentence, flush=True)
