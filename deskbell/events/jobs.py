from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from deskbell.events import deliver as delivery
from deskbell.events.models import Once

ONCE_KEPT = timedelta(days=7)


@app.task(name="events.deliver", queue="default", retry=RetryStrategy(max_attempts=50, exponential_wait=2))
def deliver(xact: int) -> None:
    for event_id, subscriber in delivery.deliver_transaction(xact):
        deliver_one.configure(schedule_in={"seconds": 30}).defer(event_id=event_id, subscriber=subscriber)


@app.task(name="events.deliver_one", queue="default", retry=RetryStrategy(max_attempts=20, linear_wait=120))
def deliver_one(event_id: int, subscriber: str) -> None:
    delivery.deliver_one(event_id, subscriber)


@app.periodic(cron="17 3 * * *")
@app.task(name="events.forget_keys", queue="slow")
def forget_keys(timestamp: int) -> None:
    Once.objects.filter(at__lt=timezone.now() - ONCE_KEPT).delete()
