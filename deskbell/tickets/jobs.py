from __future__ import annotations

from datetime import timedelta

from django.db import OperationalError
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from deskbell.tickets.actions import bulk
from deskbell.tickets.models import BulkChange

BULK_KEPT = timedelta(days=30)


@app.task(
    name="tickets.work_off_bulk",
    queue="default",
    retry=RetryStrategy(max_attempts=50, linear_wait=5, retry_exceptions={OperationalError}),
)
def work_off_bulk(bulk_id: int) -> None:
    bulk.work_off(bulk_id)


@app.periodic(cron="27 3 * * *")
@app.task(name="tickets.forget_bulk", queue="slow")
def forget_bulk(timestamp: int) -> None:
    BulkChange.objects.filter(created_at__lt=timezone.now() - BULK_KEPT).delete()
