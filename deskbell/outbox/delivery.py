"""One try of one item, and the items whose try is overdue."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from deskbell.outbox import actions, drivers, reasons
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.results import Final, Result, Unknown

log = logging.getLogger(__name__)

OVERDUE_AFTER = timedelta(seconds=60)
AT_ONCE = 500


def send_item(item_id: int) -> datetime | None:
    """Try `item_id` once if it is due. Returns when to try again, None when it is settled or not ours.

    The claim is committed before the network is touched and the result after it; between the two nothing
    of the database is held.
    """
    claimed = actions.claim(item_id)
    if claimed is None:
        return None
    item, payload = claimed
    try:
        send = drivers.driver(item.driver)
    except KeyError:
        result: Result = Final("no_driver", reasons.NO_DRIVER % {"driver": item.driver})
    else:
        result = _try(send, item, payload)
    item = actions.record_result(item_id, result)
    return item.next_try_at if item.state == OutboxItem.State.QUEUED else None


def behind(item_id: int) -> list[int]:
    """What waited for `item_id` to be through."""
    waiting = OutboxItem.objects.filter(after_id=item_id, state=OutboxItem.State.QUEUED)
    return list(waiting.values_list("pk", flat=True))


def _try(send: drivers.Send, item: OutboxItem, payload: dict) -> Result:
    try:
        return send(item, payload)
    except Exception as error:
        # A driver answers for its network; what escapes is a fault of ours after which nobody can say
        # whether the item left. It is shown and never sent again by itself.
        log.exception("driver failed", extra={"outbox_item": item.pk, "driver": item.driver})
        return Unknown("driver_failed", reasons.STOPPED % {"error": type(error).__name__})


def overdue() -> list[int]:
    """Items that should have been tried a minute ago, and those whose worker vanished."""
    now = timezone.now()
    queued = Q(state=OutboxItem.State.QUEUED, next_try_at__lt=now - OVERDUE_AFTER)
    lost = Q(state=OutboxItem.State.SENDING, changed_at__lt=now - actions.SENDING_LOST_AFTER)
    return list(
        OutboxItem.objects.filter(queued | lost)
        .order_by("next_try_at")
        .values_list("pk", flat=True)[:AT_ONCE]
    )
