"""Publish what happened, in the transaction in which it happens."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, models, transaction

from deskbell.events import subscribe
from deskbell.events.actor import Actor, HasPk, actor
from deskbell.events.kinds import Happened
from deskbell.events.models import Event, EventDetail


@dataclass(frozen=True)
class Subject:
    """What an event is about when that is no row of a table."""

    kind: str
    id: int = 0


def publish(
    event: Happened, *, about: models.Model | Subject, by: Actor | HasPk, cause: Event | None = None
) -> Event:
    """Write `event` about `about` and let the `now` subscribers run; `later` ones hear it after the commit.

    Raises RuntimeError outside a transaction: an event and its cause are written together or not at all.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{event.kind} published outside a transaction")
    who = actor(by)
    if not isinstance(about, Subject):
        about = Subject(about._meta.model_name or "", about.pk)
    row = Event.objects.create(
        kind=event.kind,
        actor_kind=who.kind,
        actor_id=who.id,
        about_kind=about.kind,
        about_id=about.id,
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
