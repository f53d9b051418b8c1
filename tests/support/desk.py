"""Real Deskbell processes for tests: `Desk` is one `deskbell up` on a data folder of its own."""

from __future__ import annotations

import atexit
import fcntl
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.machine import free_port
from deskbell.cli import embedded, up
from tests.support import postgres
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
#: nothing of a test has to survive a crash of the machine
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")


@contextmanager
def open_folder() -> Iterator[Path]:
    """A short empty folder that every user may enter (pytest's own are closed to others)."""
    path = Path(tempfile.mkdtemp(prefix="desk-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def environment(data: Path, **more: str) -> dict[str, str]:
    """The environment of a process of its own: nothing of the test run's database or settings.

    Hundreds of processes are started: without their bytecode each would compile all of Deskbell.
    """
    other = ("DESKBELL_", "DATABASE_", "DJANGO_", "PYTEST_", "EMAIL_URL", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(other)}
    path = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    return {**kept, "DESKBELL_DATA_DIR": str(data), "PYTHONPATH": path, **more}


def interpreter(user: str | None) -> str:
    """A Python that `user` may run; ours may lie in a folder closed to him."""
    if user is None:
        return sys.executable
    system = f"/usr/bin/python3.{sys.version_info.minor}"
    for python in (sys.executable, system):
        try:
            subprocess.run([python, "-V"], user=user, cwd="/", check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip(f"no Python here that the user {user} may run")


def deskbell(
    data: Path, *arguments: str, given: bytes = b"", user: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    options: dict[str, Any] = {"user": user, "group": user_group(user), "extra_groups": []} if user else {}
    done = subprocess.run(
        [interpreter(user), "-m", "deskbell", *arguments],
        input=given,
        capture_output=True,
        env=environment(data, **more),
        cwd=ROOT if not user else "/",
        timeout=300,
        **options,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def user_group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


@functools.cache
def ready_made(*, demo: bool) -> Path:
    """A stopped data folder, empty or with the demo, made once per test run: making it is slow."""
    before = ready_made(demo=False) if demo else None
    folder = _run_folder() / ("demo" if demo else "empty")
    with folder.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".new")
            if before:
                copy(before, unfinished)
            up.make_folder(unfinished)
            if not before:
                postgres.begin(unfinished)
            _deskbell_once(unfinished, "demo" if demo else "migrate")
            unfinished.rename(folder)
    return folder


def _deskbell_once(data: Path, command: str) -> None:
    """A command of `deskbell up` on the embedded database, without the other processes."""
    cluster = embedded.Cluster(data, settings=QUICK)
    cluster.start()
    try:
        done = deskbell(data, command)
    finally:
        cluster.stop()
    assert done.returncode == 0, done.stderr


def copy(data: Path, to: Path) -> None:
    subprocess.run(["cp", "-a", "--reflink=auto", str(data), str(to)], check=True)


@functools.cache
def _run_folder() -> Path:
    """Shared by the processes of a parallel test run (tests/support/postgres.py), else of our own."""
    if given := os.environ.get("TEST_RUN_FOLDER"):
        return Path(given)
    folder = Path(tempfile.mkdtemp(prefix="desk-"))
    folder.chmod(0o711)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Desk:
    """One `deskbell up`; use it in a with statement, or `start` and `stop`.

    Begins with a copy of `ready_made()` unless `fresh`, or unless the data folder is there already.
    """

    def __init__(
        self, data: Path, *arguments: str, user: str | None = None, fresh: bool = False, **more: str
    ) -> None:
        self.data = data
        self.fresh = fresh or user is not None
        self.arguments = arguments
        self.user = user
        self.more = more
        self.port = free_port()
        self.said = Path(tempfile.mkdtemp(prefix="said-")) / "said"
        atexit.register(shutil.rmtree, self.said.parent, ignore_errors=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Desk:
        if not (self.fresh or self.data.exists()):
            copy(ready_made(demo="--demo" in self.arguments), self.data)
        options: dict[str, Any] = {}
        if self.user:
            options = {"user": self.user, "group": user_group(self.user), "extra_groups": []}
        with self.said.open("wb") as said:
            self.parent = subprocess.Popen(
                [interpreter(self.user), "-m", "deskbell", "up", "--port", str(self.port), *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=environment(self.data, **self.more),
                cwd=ROOT if not self.user else "/",
                start_new_session=True,
                **options,
            )
        return self

    def ready(self, seconds: float = 90) -> Desk:
        until(self._says_ready, seconds=seconds, what="deskbell up is ready")
        return self

    def _says_ready(self) -> bool:
        text = self.said.read_text()
        assert self.parent.poll() is None, f"deskbell up ended: {text}"
        return "Deskbell runs at" in text

    def stop(self) -> int:
        """As Ctrl-C does. Returns the exit code."""
        if self.parent.poll() is None:
            self.parent.send_signal(signal.SIGTERM)
        return self.parent.wait(30)

    def kill(self) -> None:
        """The parent alone, without warning."""
        self.parent.kill()
        self.parent.wait()

    def __enter__(self) -> Desk:
        return self.start().ready()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def get(self, path: str, *, seconds: float = 10) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(self.address + path, timeout=seconds) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def json(self, path: str) -> Any:
        return json.loads(self.get(path)[1])

    def children(self) -> dict[str, int]:
        """Process ids by what they are: web, worker, postgres."""
        found = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rpartition(")")[2].split()
                command = (status.parent / "cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) != self.parent.pid:
                continue
            for name in ("web", "worker"):
                if name.encode() in command:
                    found[name] = int(status.parent.name)
            if command[0].endswith(b"postgres"):
                found["postgres"] = int(status.parent.name)
        return found
