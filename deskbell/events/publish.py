"""Publish what happened, in the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Sequence
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
    _in_transaction(event)
    row = _row(event, about, actor(by), cause)
    row.save(force_insert=True)
    if event.erasable:
        EventDetail.objects.create(event=row, values=event.private())
    _announce(row)
    return row


def publish_all(happened: Sequence[tuple[Happened, models.Model]], *, by: Actor | HasPk) -> list[Event]:
    """As `publish`, for (event, about) pairs of one kind of work, in as many statements as for one."""
    if not happened:
        return []
    _in_transaction(happened[0][0])
    who = actor(by)
    rows = Event.objects.bulk_create(_row(event, about, who, None) for event, about in happened)
    EventDetail.objects.bulk_create(
        EventDetail(event=row, values=event.private())
        for row, (event, _about) in zip(rows, happened, strict=True)
        if event.erasable
    )
    for row in rows:
        _announce(row)
    return rows


def _in_transaction(event: Happened) -> None:
    if not connection.in_atomic_block:
        raise RuntimeError(f"{event.kind} published outside a transaction")


def _row(event: Happened, about: models.Model | Subject, who: Actor, cause: Event | None) -> Event:
    if not isinstance(about, Subject):
        about = Subject(about._meta.model_name or "", about.pk)
    return Event(
        kind=event.kind,
        actor_kind=who.kind,
        actor_id=who.id,
        about_kind=about.kind,
        about_id=about.id,
        audience=event.heard_by(),
        data=event.plain(),
        cause_id=cause.pk if cause else None,
    )


def _announce(row: Event) -> None:
    for subscriber in subscribe.now_subscribers(row.kind):
        subscriber.hear(row)
    if subscribe.later_subscribers(row.kind):
        _deliver_after_commit(row)


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
