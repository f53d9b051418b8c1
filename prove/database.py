"""The database is stopped under load: the desk says so, waits, and goes on by itself."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from deskbell.cli.embedded import Cluster
from prove import load, require
from prove.desk import Api, command, running, say, wait_until
from tests.support.desk import Desk, copy, ready_made

RECOVERY = 60
#: seconds a page may take to say that there is no database
PATIENCE = 20


def run(seconds: float = 60) -> None:
    """A PostgreSQL started apart, stopped for `seconds`."""
    folder = Path(tempfile.mkdtemp(prefix="deskbell-prove-pg-"))
    folder.chmod(0o711)
    copy(ready_made(demo=False), folder / "data")
    cluster = Cluster(folder / "data", keep=False)
    cluster.start()
    try:
        with running(DATABASE_URL=cluster.url()) as desk:
            api = Api.of(desk)
            before = set(desk.children().values())
            with load.Writers(api) as writers:
                wait_until(lambda: writers.acknowledged > 5, seconds=60, what="writes are acknowledged")
                cluster.stop()
                _waits(desk, seconds)
                cluster.start()
                began, known = time.monotonic(), writers.acknowledged
                wait_until(
                    lambda: writers.acknowledged > known + 5,
                    seconds=RECOVERY,
                    what="writes go on by themselves",
                )
                after = time.monotonic() - began
                say(f"stopped for {seconds:.0f} s; writing again {after:.1f} s after its start")
            load.check(api, writers)
            wait_until(lambda: desk.get("/readyz")[0] == 200, seconds=RECOVERY, what="/readyz says ready")
            wait_until(
                lambda: command(desk, "check"), seconds=90, what="deskbell check finds all well", pause=1
            )
            require(before & set(desk.children().values()), "every process was replaced")
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _waits(desk: Desk, seconds: float) -> None:
    """Meanwhile: /healthz answers, /readyz says no, a page gives an answer and not an endless wait."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        require(desk.get("/healthz", seconds=PATIENCE)[0] == 200, "/healthz does not answer")
        require(desk.get("/readyz", seconds=PATIENCE)[0] == 503, "/readyz does not say 503")
        require(desk.get("/signin/", seconds=PATIENCE)[0] in (200, 500, 503), "no answer to a page")
        require(time.monotonic() - began < 3 * PATIENCE, "an answer took too long")
        time.sleep(1)
