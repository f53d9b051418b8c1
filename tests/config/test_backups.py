"""The backup of each night: when, by a real worker, and what is said when there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from deskbell.cli import embedded
from deskbell.config import backups, health
from deskbell.config.actions import note_backup, note_failed_backup
from deskbell.setup.system import last_backup
from tests.support.desk import Desk
from tests.support.waiting import until

NIGHT = datetime(2030, 6, 3, 2, 30, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, NIGHT + timedelta(hours=9), True),
        (NIGHT, NIGHT + timedelta(hours=23), False),
        (NIGHT, NIGHT + timedelta(hours=24), True),
        (NIGHT, NIGHT + timedelta(hours=25), False),
        (NIGHT, NIGHT + timedelta(hours=27), True),
        (NIGHT + timedelta(hours=20), NIGHT + timedelta(hours=24), True),
    ],
)
def test_it_is_made_at_night_or_as_soon_as_a_missed_one_can_be(last, now, due):
    assert backups.is_due(last, now) is due


@pytest.mark.slow
@pytest.mark.xdist_group("running")
def test_a_worker_makes_it_where_the_setting_says(running: Desk):
    folder = running.data.parent / "nights"
    with psycopg.connect(embedded.url(running.data) or "", autocommit=True) as database:
        database.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args, status)"
            """ values ('slow', 'config.back_up', '{"timestamp": 0}', 'todo')"""
        )
        until(
            lambda: database.execute("select 1 from events_event where kind = 'backup.made'").fetchone(),
            seconds=60,
            what="the backup was made",
        )
    (made,) = folder.iterdir()
    assert made.name.startswith("deskbell-")
    assert (folder.stat().st_mode & 0o777, made.stat().st_size > 1000) == (0o700, True)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    reason = async_to_sync(backups.run)(tmp_path / "no" / "such", 14)
    assert reason == f"{tmp_path}/no/such: No such file or directory"


@pytest.mark.django_db
def test_check_tells_its_age_and_failures(settings):
    assert health.backup_finding().text == "not made by itself, none was made yet"
    settings.BACKUP_DIR = "/srv/nights"
    assert (health.backup_finding().ok, health.backup_finding().text) == (
        True,
        "each night in /srv/nights, none was made yet",
    )
    note_failed_backup(reason="The disk is full.")
    wrong = health.backup_finding()
    assert (wrong.ok, wrong.text) == (False, "failed: The disk is full.; none was made yet")
    assert wrong.do == "Look at the folder /srv/nights."
    note_backup(file="night.tar", size=1, seconds=1.0)
    well = health.backup_finding()
    made = timezone.localtime(last_backup().at)
    assert well.ok
    assert well.text == f"each night in /srv/nights, the last one on {made:%Y-%m-%d %H:%M}"
