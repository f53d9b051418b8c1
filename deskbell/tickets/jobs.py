from __future__ import annotations

from datetime import timedelta

from django.db import OperationalError
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from deskbell.tickets.actions import bulk, held
from deskbell.tickets.models import BulkChange

BULK_KEPT = timedelta(days=30)


@app.task(
    name="tickets.work_off_bulk",
    queue="default",
    retry=RetryStrategy(max_attempts=50, linear_wait=5, retry_exceptions={OperationalError}),
)
def work_off_bulk(bulk_id: int) -> None:
    bulk.work_off(bulk_id)


@app.task(
    name="tickets.send_held",
    queue="default",
    retry=RetryStrategy(max_attempts=50, linear_wait=5, retry_exceptions={OperationalError}),
)
def send_held(held_id: int) -> None:
    """A reply leaves, unless it was taken back."""
    held.send_held(held_id)


@app.periodic(cron="* * * * *")
@app.task(name="tickets.send_overdue", queue="default", queueing_lock="tickets.send_overdue")
def send_overdue(timestamp: int) -> None:
    """Replies whose job was lost with its worker leave all the same."""
    for held_id in held.overdue(now=timezone.now()):
        held.send_held(held_id)
    for conversation_id in held.waited_for(now=timezone.now()):
        held.send_waiting(conversation_id)


@app.task(
    name="tickets.send_waiting",
    queue="default",
    retry=RetryStrategy(max_attempts=50, linear_wait=5, retry_exceptions={OperationalError}),
)
def send_waiting(conversation_id: int) -> None:
    """What waited until the customer writes leaves."""
    held.send_waiting(conversation_id)


@app.periodic(cron="27 3 * * *")
@app.task(name="tickets.forget_bulk", queue="slow")
def forget_bulk(timestamp: int) -> None:
    BulkChange.objects.filter(created_at__lt=timezone.now() - BULK_KEPT).delete()
