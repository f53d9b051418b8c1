"""Publish what happened, in the transaction in which it happens."""

from __future__ import annotations

from django.db import connection, models, transaction

from deskbell.events import subscribe
from deskbell.events.actor import Actor, HasPk, actor
from deskbell.events.kinds import Happened
from deskbell.events.models import Event, EventDetail


def publish(event: Happened, *, about: models.Model, by: Actor | HasPk, cause: Event | None = None) -> Event:
    """Write `event` about `about` and let the `now` subscribers run; `later` ones hear it after the commit.

    Raises RuntimeError outside a transaction: an event and its cause are written together or not at all.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{event.kind} published outside a transaction")
    who = actor(by)
    row = Event.objects.create(
        kind=event.kind,
        actor_kind=who.kind,
        actor_id=who.id,
        about_kind=about._meta.model_name or "",
        about_id=about.pk,
        audience=event.heard_by(),
        data=event.plain(),
        cause_id=cause.pk if cause else None,
    )
    if event.erasable:
        EventDetail.objects.create(event=row, values=event.private())
    for subscriber in subscribe.now_subscribers(event.kind):
        subscriber.hear(row)
    if subscribe.later_subscribers(event.kind):
        _deliver_after_commit(row)
    return row


def _deliver_after_commit(row: Event) -> None:
    """Enqueue one delivery for the whole transaction, in the transaction.

    The mark among the commit hooks vanishes with a savepoint that is rolled back, as the job does,
    so a later event of the same transaction enqueues again.
    """
    hooks = connection.run_on_commit
    if any(getattr(hook[1], "delivers", None) == row.xact for hook in hooks):
        return
    from deskbell.events.jobs import deliver  # app-ready: the job application exists only after set-up

    deliver.configure(lock=f"{row.about_kind}:{row.about_id}").defer(xact=row.xact)

    def mark() -> None:
        """Only remembers that the delivery is enqueued."""

    mark.delivers = row.xact  # type: ignore[attr-defined]
    transaction.on_commit(mark)
