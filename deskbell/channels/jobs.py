from __future__ import annotations

from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from deskbell.channels import inbound, tallies
from deskbell.channels.actions import copies, presence, questions, references, webhooks, whatsapp_health
from deskbell.channels.email.copies import put_waiting
from deskbell.channels.whatsapp.statuses import match_early
from deskbell.channels.whatsapp_web import limits


@app.task(
    name="channels.receive",
    queue="inbound",
    retry=RetryStrategy(
        max_attempts=200, linear_wait=3, retry_exceptions={OperationalError, InterfaceError, OSError}
    ),
)
def receive(item_id: int) -> None:
    inbound.decide(item_id)


@app.task(
    name="channels.whatsapp_webhook",
    queue="inbound",
    retry=RetryStrategy(max_attempts=200, linear_wait=2, retry_exceptions={OperationalError, InterfaceError}),
)
def whatsapp_webhook(webhook_id: int) -> None:
    webhooks.handle_webhook(webhook_id)


@app.task(name="channels.whatsapp_file", queue="default")
def whatsapp_file(awaited_id: int) -> None:
    webhooks.fetch_awaited(awaited_id)


@app.periodic(cron="* * * * *")
@app.task(name="channels.whatsapp_files", queue="default", queueing_lock="channels.whatsapp_files")
def whatsapp_files(timestamp: int) -> None:
    """Try again to fetch files that did not come, and read webhooks whose job was lost."""
    match_early()
    for pk in webhooks.awaited_now():
        _again(whatsapp_file, f"channels.whatsapp_file:{pk}", awaited_id=pk)
    for pk in webhooks.waiting_webhooks():
        _again(whatsapp_webhook, f"channels.whatsapp_webhook:{pk}", webhook_id=pk)


@app.task(name="channels.whatsapp_show", queue="outbound")
def whatsapp_show(conversation_id: int, typing: bool) -> None:
    presence.show(conversation_id, typing=typing)


@app.periodic(cron="* * * * *")
@app.task(name="channels.whatsapp_questions", queue="inbound", queueing_lock="channels.whatsapp_questions")
def whatsapp_questions(timestamp: int) -> None:
    """Customers who did not say in time which ticket they mean."""
    for pk in questions.due():
        questions.place_unanswered(pk)


@app.periodic(cron="*/5 * * * *")
@app.task(name="channels.whatsapp_down", queue="slow", queueing_lock="channels.whatsapp_down")
def whatsapp_down(timestamp: int) -> None:
    whatsapp_health.look_after_those_down()


@app.task(name="channels.whatsapp_templates", queue="slow")
def whatsapp_templates() -> None:
    whatsapp_health.sync_all_templates()


@app.periodic(cron="47 4 * * *")
@app.task(name="channels.whatsapp_templates_daily", queue="slow")
def whatsapp_templates_daily(timestamp: int) -> None:
    whatsapp_health.sync_all_templates()


@app.periodic(cron="17 4 * * *")
@app.task(name="channels.forget_webhooks", queue="slow")
def forget_webhooks(timestamp: int) -> None:
    webhooks.forget_old()
    references.forget_old()
    limits.forget_old()


def _again(task: Any, lock: str, **values: int) -> None:
    try:
        with transaction.atomic():  # a refusal breaks its transaction
            task.configure(queueing_lock=lock).defer(**values)
    except AlreadyEnqueued:
        pass


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


@app.task(
    name="channels.copy_sent",
    queue="slow",
    retry=RetryStrategy(max_attempts=5, linear_wait=60, retry_exceptions={OperationalError, InterfaceError}),
)
def copy_sent(server_id: int) -> None:
    """Put what has left by a mailbox into its folder for sent mails."""
    put_waiting(server_id)


@app.periodic(cron="* * * * *")
@app.task(name="channels.copy_waiting", queue="slow", queueing_lock="channels.copy_waiting")
def copy_waiting(timestamp: int) -> None:
    """Give a job to mailboxes whose copies are due: an earlier try failed, or its job was lost."""
    for server_id in copies.waiting().values_list("server_id", flat=True).distinct():
        try:
            with transaction.atomic():  # a refusal breaks its transaction
                copy_sent.configure(
                    lock=f"channels.copies:{server_id}", queueing_lock=f"channels.copies:{server_id}"
                ).defer(server_id=server_id)
        except AlreadyEnqueued:
            continue


@app.periodic(cron="23 * * * *")
@app.task(name="channels.forget_tallies", queue="slow")
def forget_tallies(timestamp: int) -> None:
    tallies.forget_old()


@app.periodic(cron="29 * * * *")
@app.task(name="channels.forget_copies", queue="slow")
def forget_copies(timestamp: int) -> None:
    copies.forget_old()
