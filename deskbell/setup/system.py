"""How this installation stands: database, disk, workers, jobs, mail, backup."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import connection
from django.db.models import Sum

from deskbell import __version__
from deskbell.events.models import Event
from deskbell.files.models import Blob

#: failed jobs shown
FAILED_SHOWN = 10


class Finding(Protocol):
    """What `deskbell check` says of one thing."""

    @property
    def name(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def text(self) -> str: ...
    @property
    def do(self) -> str: ...


#: what `deskbell check` looks at; `config`, which stands above, fills it
LOOKS: list[Callable[[], Iterable[Finding]]] = []


def findings() -> list[Finding]:
    return [finding for look in LOOKS for finding in look()]


@dataclass(frozen=True)
class Database:
    """`host` is empty for the embedded one; `size` is in bytes."""

    embedded: bool
    host: str
    name: str
    version: str
    size: int


def database() -> Database:
    given = connection.settings_dict
    embedded = _embedded_at() == (given["HOST"], str(given["PORT"]))
    with connection.cursor() as cursor:
        cursor.execute(
            "select current_setting('server_version'), current_database(),"
            " pg_database_size(current_database())"
        )
        version, name, size = cursor.fetchone()
    port = f":{given['PORT']}" if given["PORT"] else ""
    host = f"{given['HOST'] or 'localhost'}{port}"
    return Database(embedded, "" if embedded else host, name, version.split(" ")[0], size)


def _embedded_at() -> tuple[str, str] | None:
    """Host and port of the cluster in the data folder (cli/embedded.py), None when there is none to read."""
    folder = Path(settings.DATA_DIR)
    try:
        moved = folder / "postgres.location"
        root = Path(moved.read_text().strip()) if moved.exists() else folder / "postgres"
        address = json.loads((root / "address.json").read_text())
    except (OSError, ValueError):
        return None
    return address["host"], str(address["port"])


@dataclass(frozen=True)
class Disk:
    """Bytes of the disk that holds the data folder, and of the files people attached."""

    folder: Path
    total: int
    free: int
    files: int

    @property
    def used_percent(self) -> int:
        return round(100 * (self.total - self.free) / self.total)


def disk() -> Disk:
    usage = shutil.disk_usage(settings.DATA_DIR)
    stored = Blob.objects.aggregate(size=Sum("size"))["size"] or 0
    return Disk(Path(settings.DATA_DIR), usage.total, usage.free, stored)


@dataclass(frozen=True)
class Jobs:
    """`queues`: name → counts of waiting, later (their time has not come), doing, failed; age in seconds."""

    heartbeats: list[datetime]
    queues: list[dict[str, Any]]
    failed: list[dict[str, Any]]


def jobs() -> Jobs:
    with connection.cursor() as cursor:
        cursor.execute(
            "select last_heartbeat from procrastinate_workers order by last_heartbeat desc limit 50"
        )
        heartbeats = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "select queue_name,"
            " count(*) filter (where status = 'todo' and (scheduled_at is null or scheduled_at <= now())),"
            " count(*) filter (where status = 'todo' and scheduled_at > now()),"
            " count(*) filter (where status = 'doing'),"
            " count(*) filter (where status = 'failed'),"
            " min(coalesce(scheduled_at, (select min(at) from procrastinate_events where job_id = job.id)))"
            "  filter (where status = 'todo' and (scheduled_at is null or scheduled_at <= now()))"
            " from procrastinate_jobs job where status in ('todo', 'doing', 'failed')"
            " group by queue_name order by queue_name"
        )
        names = ("name", "waiting", "later", "doing", "failed", "oldest")
        counted = {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
        cursor.execute(
            "select id, task_name, queue_name, attempts,"
            " (select max(at) from procrastinate_events where job_id = job.id)"
            " from procrastinate_jobs job where status = 'failed' order by id desc limit %s",
            [FAILED_SHOWN],
        )
        failed = [dict(zip(("id", "task", "queue", "attempts", "at"), row, strict=True)) for row in cursor]
    empty = {"waiting": 0, "later": 0, "doing": 0, "failed": 0, "oldest": None}
    known = [counted.pop(name, {"name": name, **empty}) for name in settings.WORKER_QUEUES]
    return Jobs(heartbeats, [*known, *counted.values()], failed)


def last_backup() -> Event | None:
    """The record of the newest backup; its `data` may hold `file` and `size` (bytes)."""
    return Event.objects.filter(kind="backup.made").order_by("-at", "-pk").first()


def failed_backup() -> Event | None:
    """The newest backup of a night that was not made, if none was made since; `data` holds its `reason`."""
    failed = Event.objects.filter(kind="backup.failed").order_by("-at", "-pk").first()
    made = last_backup() if failed else None
    return None if failed and made and made.at > failed.at else failed


def version() -> str:
    return __version__
