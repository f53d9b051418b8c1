"""Jobs that a killed worker left, on a running desk whose stalled-job age is 5 seconds."""

from __future__ import annotations

import psycopg
import pytest

from deskbell.cli import embedded
from tests.support.desk import Desk
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("running")]

INSERT = """
    insert into procrastinate_jobs (queue_name, task_name, args, status, worker_id, queueing_lock)
    values ('slow', 'config.forget_old_jobs', '{"timestamp": 0}', %s, %s, %s) returning id
"""
SILENT = "insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour') returning id"


@pytest.fixture
def database(running: Desk) -> psycopg.Connection:
    return psycopg.connect(embedded.url(running.data) or "", autocommit=True)


def insert(database: psycopg.Connection, status: str, worker: int | None, lock: str | None = None) -> int:
    row = database.execute(INSERT, [status, worker, lock]).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


def gone(database: psycopg.Connection, job: int) -> bool:
    """A job that succeeded is removed."""
    return database.execute("select 1 from procrastinate_jobs where id = %s", [job]).fetchone() is None


def test_a_job_whose_worker_is_gone_is_run_again(database: psycopg.Connection) -> None:
    with database:
        job = insert(database, "doing", None)
        until(lambda: gone(database, job), what="the job was run")


def test_a_job_whose_worker_is_silent_is_run_again(database: psycopg.Connection) -> None:
    with database:
        worker = database.execute(SILENT).fetchone()
        assert worker is not None
        job = insert(database, "doing", worker[0])
        until(lambda: gone(database, job), what="the job was run")


def test_of_two_left_with_one_queueing_lock_the_work_is_done_once_and_neither_hangs(
    database: psycopg.Connection,
) -> None:
    with database:
        jobs = [insert(database, "doing", None, "the same"), insert(database, "doing", None, "the same")]
        until(lambda: all(gone(database, job) for job in jobs), what="both are done with")


def test_a_job_of_a_living_worker_is_left_alone(database: psycopg.Connection) -> None:
    with database:
        living = database.execute(
            "select id from procrastinate_workers order by last_heartbeat desc limit 1"
        ).fetchone()
        assert living is not None
        job = insert(database, "doing", living[0])
        other = insert(database, "doing", None)
        until(lambda: gone(database, other), what="a rescue has passed")
        row = database.execute("select status from procrastinate_jobs where id = %s", [job]).fetchone()
        database.execute("delete from procrastinate_jobs where id = %s", [job])
        assert row == ("doing",)
