from __future__ import annotations

from django.db import OperationalError, transaction
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from deskbell.outbox import actions, delivery


@app.task(
    name="outbox.send",
    queue="outbound",
    retry=RetryStrategy(max_attempts=100, linear_wait=5, retry_exceptions={OperationalError}),
)
def send(item_id: int) -> None:
    """Try one item; when it has to wait, the next try is enqueued with the result."""
    again_at = delivery.send_item(item_id)
    if again_at is not None:
        send.configure(lock=f"outbox:{item_id}", schedule_at=again_at).defer(item_id=item_id)
        return
    for next_id in delivery.behind(item_id):
        send.configure(lock=f"outbox:{next_id}").defer(item_id=next_id)


def send_now(item_id: int) -> None:
    """In place of the job that waits: one more with its lock would wait for it."""
    lock = f"outbox:{item_id}"
    for job in app.job_manager.list_jobs(task=send.name, status="todo", lock=lock):
        if job.id is not None:
            app.job_manager.cancel_job_by_id(job.id, delete_job=True)
    send.configure(lock=lock).defer(item_id=item_id)


@app.periodic(cron="* * * * *")
@app.task(name="outbox.sweep", queue="outbound", queueing_lock="outbox.sweep")
def sweep(timestamp: int) -> None:
    """Give a job again to items that are due and whose job was lost."""
    for item_id in delivery.overdue():
        try:
            with transaction.atomic():  # a refusal breaks its transaction
                send.configure(lock=f"outbox:{item_id}", queueing_lock=f"outbox.again:{item_id}").defer(
                    item_id=item_id
                )
        except AlreadyEnqueued:
            continue


@app.periodic(cron="41 3 * * *")
@app.task(name="outbox.forget_old_contents", queue="slow")
def forget_old_contents(timestamp: int) -> None:
    actions.forget_old_contents(now=timezone.now())
