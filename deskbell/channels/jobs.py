from __future__ import annotations

from django.db import InterfaceError, OperationalError, transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from deskbell.channels import inbound, tallies


@app.task(
    name="channels.receive",
    queue="inbound",
    retry=RetryStrategy(
        max_attempts=200, linear_wait=3, retry_exceptions={OperationalError, InterfaceError, OSError}
    ),
)
def receive(item_id: int) -> None:
    inbound.decide(item_id)


@app.periodic(cron="* * * * *")
@app.task(name="channels.sweep", queue="inbound", queueing_lock="channels.sweep")
def sweep(timestamp: int) -> None:
    """Give a job again to items that nobody decided within a minute: their job was lost."""
    for item_id in inbound.waiting_too_long():
        try:
            with transaction.atomic():  # a refusal breaks its transaction
                receive.configure(queueing_lock=f"channels.again:{item_id}").defer(item_id=item_id)
        except AlreadyEnqueued:
            continue


@app.periodic(cron="23 * * * *")
@app.task(name="channels.forget_tallies", queue="slow")
def forget_tallies(timestamp: int) -> None:
    tallies.forget_old()
