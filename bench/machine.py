"""A Deskbell of one's own for a measurement: its database, one web process, one worker, all thrown away."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

from deskbell.cli.embedded import Cluster

ROOT = Path(__file__).resolve().parents[1]
PORTS = range(8400, 8450)
READY_SECONDS = 60
SETTLED_SECONDS = 120
#: pages of tables of ours that an index-only scan has to look at
UNSEEN = """
    select coalesce(sum(relpages - relallvisible), 0)::bigint
    from pg_class where relkind = 'r' and relname ~ '^(people|tickets)_'
"""
#: names under which the connections of each process are counted
WEB, WORKER = "bench web", "bench worker"
#: what procrastinate's own connections of the worker are called (cli/worker.py)
WORKER_JOBS = "deskbell worker"


class Machine:
    """Use it in a with statement; processes started on it end with it."""

    def __enter__(self) -> Machine:
        self.folder = Path(tempfile.mkdtemp(prefix="deskbell-bench-"))
        self.folder.chmod(0o711)
        self.cluster = Cluster(self.folder, keep=False)
        self.cluster.start()
        self.port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.cluster.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, database: str = "deskbell", name: str = "bench") -> dict[str, str]:
        """Of a process whose connections to `database` are called `name`."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("DESKBELL_", "DATABASE_", "DJANGO_", "EMAIL_URL"))
        }
        return kept | {
            "DATABASE_URL": f"{self.cluster.url(database=database)}?application_name={quote(name)}",
            "DESKBELL_DATA_DIR": str(self.folder),
            "DESKBELL_BASE_URL": f"http://127.0.0.1:{self.port}",
            "DESKBELL_DEMO": "1",
            "DESKBELL_WEB_WORKERS": "1",
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "PYTHONPATH": str(ROOT),
        }

    def database(self, name: str) -> str:
        """Another database of the same server, empty."""
        with psycopg.connect(
            self.cluster.url(superuser=True, database="postgres"), autocommit=True
        ) as server:
            server.execute(f"create database {name} owner deskbell")
        return name

    def settle(self, database: str = "deskbell") -> None:
        """VACUUM until all pages count as visible, as in a desk that has run for a night.

        An old snapshot held elsewhere keeps pages from it, and then plans read what they need not.
        Raises TimeoutError.
        """
        with psycopg.connect(self.cluster.url(superuser=True, database=database), autocommit=True) as server:
            end = time.monotonic() + SETTLED_SECONDS
            while True:
                server.execute("vacuum (analyze)")
                unseen = server.execute(UNSEEN).fetchone()
                if unseen and unseen[0] == 0:
                    return
                if time.monotonic() > end:
                    raise TimeoutError(f"{unseen} pages of {database} stay unseen by its visibility map")
                time.sleep(1)

    def run(self, *arguments: str, database: str = "deskbell") -> str:
        """Run `python -m …` to its end and return what it printed. Raises CalledProcessError."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            env=self.environment(database),
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
        )
        return done.stdout.decode()

    def start(self) -> None:
        """The web process and the worker; returns when pages come."""
        for name, arguments in (
            (WEB, ["web", "--port", str(self.port)]),
            (WORKER, ["worker"]),
        ):
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "deskbell", *arguments],
                env=self.environment(name=name),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
            )
        end = time.monotonic() + READY_SECONDS
        while not self._ready():
            if time.monotonic() > end:
                raise TimeoutError(f"no page within {READY_SECONDS} seconds")
            time.sleep(0.1)

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection):
            try:
                connection.request("GET", "/healthz")
                return connection.getresponse().status == 200
            except OSError:
                return False

    @contextlib.contextmanager
    def asked(self) -> Iterator[psycopg.Connection]:
        """A connection for questions about the server itself."""
        with psycopg.connect(self.cluster.url(superuser=True), autocommit=True) as connection:
            yield connection


def free_port(*taken: int) -> int:
    """A port that is free and none of `taken`.

    Processes begin at different ports: one must not take that of a server another has just killed.
    """
    first = os.getpid() * 7 % len(PORTS)
    for port in [*PORTS[first:], *PORTS[:first]]:
        if port in taken:
            continue
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port from {PORTS.start} to {PORTS.stop - 1}")
