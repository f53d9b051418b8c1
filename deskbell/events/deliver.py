"""Bring events to their `later` subscribers, each in its own transaction, each once."""

from __future__ import annotations

import logging

from django.db import IntegrityError, OperationalError, transaction

from deskbell.events import subscribe
from deskbell.events.models import Delivery, Event

log = logging.getLogger(__name__)


def deliver_transaction(xact: int) -> list[tuple[int, str]]:
    """Deliver every event of transaction `xact`. Returns (event, subscriber) pairs that failed."""
    failed = []
    for event in Event.objects.filter(xact=xact).order_by("id"):
        for subscriber in subscribe.later_subscribers(event.kind):
            try:
                _deliver(event, subscriber)
            except OperationalError:
                raise  # the database is away: the whole job is tried again
            except Exception:
                log.exception("subscriber failed", extra={"event": event.pk, "subscriber": subscriber.name})
                failed.append((event.pk, subscriber.name))
    return failed


def deliver_one(event_id: int, name: str) -> None:
    """Deliver one event to one subscriber; its exception is the caller's."""
    event = Event.objects.get(pk=event_id)
    for subscriber in subscribe.later_subscribers(event.kind):
        if subscriber.name == name:
            _deliver(event, subscriber)


def _deliver(event: Event, subscriber: subscribe.Subscriber) -> None:
    try:
        with transaction.atomic():
            Delivery.objects.create(event_id=event.pk, subscriber=subscriber.name)
            subscriber.hear(event)
    except IntegrityError:
        if not Delivery.objects.filter(event_id=event.pk, subscriber=subscriber.name).exists():
            raise
