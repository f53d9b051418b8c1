from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as N_

from deskbell.events.actor import SYSTEM, Actor, HasPk
from deskbell.events.publish import publish
from deskbell.kit.anonymised import stand_in
from deskbell.kit.secrets import seal, unseal
from deskbell.outbox.events import Delivered, Failed, Retried, Withdrawn
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.results import Accepted, Final, Result, Retry, Unknown

#: seconds before the second, third … try; the last value repeats until GIVE_UP_AFTER
BACK_OFF = (60, 300, 900, 3600, 3 * 3600)
GIVE_UP_AFTER = timedelta(hours=24)
#: a try that has not reported back for this long died with its worker
SENDING_LOST_AFTER = timedelta(minutes=2)
FINAL = frozenset({"sent", "delivered", "read", "failed", "unknown"})
#: somebody may send it once more by hand …
AGAIN = frozenset({"failed", "unknown"})
#: … as long as its content is kept
CONTENT_KEPT = timedelta(days=30)
#: items that are hastened together
HASTENED = 100
#: error code of what somebody withdrew before it left
WITHDRAWN = "withdrawn"
_FORWARD = {"queued": 0, "sending": 1, "unknown": 2, "failed": 2, "sent": 3, "delivered": 4, "read": 5}


def put(
    driver: str,
    *,
    recipient: str,
    kind: str,
    cause: tuple[str, int],
    payload: dict[str, Any],
    ticket_id: int | None = None,
    channel_id: int | None = None,
    external_id: str = "",
    after: OutboxItem | None = None,
) -> OutboxItem | None:
    """Put one item for one recipient, once per (cause, recipient, kind); None if it was there already.

    `cause` is a plain (kind, id). The job that sends it commits with the caller's transaction; one that
    is put `after` another gets its job when that one is through.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("outbox.put outside a transaction")
    item = OutboxItem(
        driver=driver,
        recipient=recipient,
        kind=kind,
        cause_kind=cause[0],
        cause_id=cause[1],
        payload=seal(payload),
        ticket_id=ticket_id,
        channel_id=channel_id,
        external_id=external_id,
        after_id=after.pk if after else None,
    )
    OutboxItem.objects.bulk_create([item], ignore_conflicts=True)
    stored = OutboxItem.objects.filter(uuid=item.uuid).first()
    if stored is None:
        return None
    if after is None:
        from deskbell.outbox.jobs import send  # app-ready: the job application exists only after set-up

        send.configure(lock=f"outbox:{stored.pk}").defer(item_id=stored.pk)
    return stored


def claim(item_id: int) -> tuple[OutboxItem, dict[str, Any]] | None:
    """Take a due item for one try, committed before the network is touched; None if it is not to be sent.

    An item found in `sending` lost its worker in the middle of a try and becomes `unknown`.
    """
    with transaction.atomic():
        item = OutboxItem.objects.select_for_update(no_key=True).filter(pk=item_id).first()
        if item is None or item.state in FINAL:
            return None
        if item.state == OutboxItem.State.SENDING:
            if item.changed_at > timezone.now() - SENDING_LOST_AFTER:
                return None
            _move(item, Unknown("worker_lost", "The worker stopped while it was sending"))
            return None
        if item.next_try_at > timezone.now():
            return None
        item.state = OutboxItem.State.SENDING
        item.attempts += 1
        item.changed_at = timezone.now()
        item.save(update_fields=["state", "attempts", "changed_at"])
        try:
            return item, unseal(bytes(item.payload or b""))
        except InvalidToken:
            # restored from a backup without its keys: nobody can read it, a person has to write it again
            item.payload = None
            _move(item, Final("unreadable", N_("It was written with keys this desk does not have")))
            return None


@transaction.atomic
def record_result(item_id: int, result: Result) -> OutboxItem:
    """Write what the driver said about a try."""
    item = OutboxItem.objects.select_for_update(no_key=True).get(pk=item_id)
    if item.state == OutboxItem.State.SENDING:
        _move(item, result)
    return item


@transaction.atomic
def record_delivery(
    external_id: str,
    state: str,
    *,
    code: str = "",
    text: str = "",
    item_id: int | None = None,
    sent_as: str = "",
    arrived_is_final: bool = False,
) -> bool:
    """A later report of the other side (delivered, read, bounced). Never moves an item back.

    `item_id` names the item where the report knew it better than by its id out there; `sent_as` is that id,
    of an item whose own try has not come back yet. With `arrived_is_final` what has arrived fails no more (a
    mail may still be thrown back by the next server).
    """
    named = {"pk": item_id} if item_id is not None else {"external_id": external_id}
    item = OutboxItem.objects.select_for_update(no_key=True).filter(**named).first()
    if item is None or item.state == state:
        return False
    if sent_as and item.external_id != sent_as:
        item.external_id = sent_as
    if state == "failed":
        if arrived_is_final and item.state in ("delivered", "read"):
            return False
    elif _FORWARD[state] <= _FORWARD[item.state]:
        return False
    _write(item, state, code, text)
    return True


class NothingToSend(Exception):
    """The content of the item was erased, or the item is on its way or has arrived."""


@transaction.atomic
def retry(item_id: int, *, by: Actor | HasPk) -> OutboxItem:
    """Send a failed or unknown item once more, by hand; the caller has checked that `by` may.

    It keeps its id and Message-ID, so that a receiver who has it already can tell. Raises NothingToSend,
    OutboxItem.DoesNotExist.
    """
    item = OutboxItem.objects.select_for_update(no_key=True).get(pk=item_id)
    if item.state not in AGAIN or item.payload is None:
        raise NothingToSend(item.state)
    before, item.state = item.state, OutboxItem.State.QUEUED
    item.error_code, item.error_text, item.attempts = "", "", 0
    item.next_try_at = item.changed_at = timezone.now()
    item.save()
    publish(Retried(before=before, ticket_id=item.ticket_id), about=item, by=by)
    from deskbell.outbox.jobs import send  # app-ready

    send.configure(lock=f"outbox:{item.pk}").defer(item_id=item.pk)
    return item


def try_now(channel_id: int | None, *, codes: Collection[str] = ()) -> None:
    """What was tried and waits, with an error of `codes` or any, is due at once: the channel works again.

    The oldest HASTENED; a long row follows as these leave.
    """
    from deskbell.outbox.jobs import send_now  # app-ready

    now = timezone.now()
    waits = OutboxItem.objects.filter(state=OutboxItem.State.QUEUED, channel_id=channel_id)
    waits = waits.filter(next_try_at__gt=now).exclude(error_code="")
    if codes:
        waits = waits.filter(error_code__in=codes)
    with transaction.atomic():
        rows = waits.select_for_update(no_key=True).order_by("pk")
        ids = list(rows.values_list("pk", flat=True)[:HASTENED])
        OutboxItem.objects.filter(pk__in=ids).update(next_try_at=now)
        for item_id in ids:
            send_now(item_id)


@transaction.atomic
def withdraw(item_id: int, *, by: Actor | HasPk) -> dict[str, Any]:
    """What waits or was refused never leaves now, not by hand either. Returns what it held.

    The caller has checked that `by` may. Raises NothingToSend where it is on its way, may have left, or
    nothing of it is kept.
    """
    item = OutboxItem.objects.select_for_update(no_key=True).get(pk=item_id)
    before = item.state
    if before not in (OutboxItem.State.QUEUED, OutboxItem.State.FAILED) or item.payload is None:
        raise NothingToSend(before)
    try:
        held = unseal(bytes(item.payload))
    except InvalidToken:
        raise NothingToSend("unreadable") from None
    item.state, item.payload = OutboxItem.State.FAILED, None
    item.error_code, item.error_text = WITHDRAWN, N_("Withdrawn before it left")
    item.changed_at = timezone.now()
    item.save()
    publish(Withdrawn(before=before, ticket_id=item.ticket_id), about=item, by=by)
    return held


@transaction.atomic
def forget_contents(ticket_id: int) -> None:
    """Erase what is still kept of undelivered items of a ticket: words in them were taken away for ever."""
    kept = OutboxItem.objects.filter(ticket_id=ticket_id, state__in=AGAIN, payload__isnull=False)
    kept.update(payload=None)


def carry_items(message_ids: Sequence[int], ticket_id: int) -> None:
    """What left for these messages belongs to that ticket now."""
    OutboxItem.objects.filter(cause_kind="message", cause_id__in=message_ids).update(ticket_id=ticket_id)


@transaction.atomic
def forget_recipient(ids: list[int], *, person_id: int, blank: Callable[[str], str]) -> None:
    """Nobody can tell any more to whom these items went. What has not left does not leave; the rows stay.

    `blank` takes the person out of what the other side said.
    """
    for item in OutboxItem.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"):
        item.recipient, item.payload = stand_in(person_id, item.pk), None
        item.error_text = blank(item.error_text)
        if item.state == OutboxItem.State.QUEUED:
            _write(item, "failed", "anonymised", N_("The person was anonymised before it left"))
        else:
            item.save(update_fields=["recipient", "payload", "error_text"])


def forget_old_contents(*, now: datetime) -> int:
    """Erase the content of items that nobody sent again for CONTENT_KEPT. Returns how many there were."""
    old = OutboxItem.objects.filter(state__in=AGAIN, payload__isnull=False, changed_at__lt=now - CONTENT_KEPT)
    return old.update(payload=None)


def _move(item: OutboxItem, result: Result) -> None:
    match result:
        case Accepted(external_id):
            item.external_id = external_id or item.external_id
            _write(item, "sent")
        case Retry(code, text, after) if item.created_at > timezone.now() - GIVE_UP_AFTER:
            wait = after or BACK_OFF[min(item.attempts, len(BACK_OFF)) - 1]
            item.next_try_at = timezone.now() + timedelta(seconds=wait)
            _write(item, "queued", code, text)
        case Retry(code, text) | Final(code, text):
            if isinstance(result, Final) and not result.again:
                item.payload = None
            _write(item, "failed", code, text)
        case Unknown(code, text):
            _write(item, "unknown", code, text)


def _write(item: OutboxItem, state: str, code: str = "", text: str = "") -> None:
    item.state, item.error_code, item.error_text = state, code[:40], text[:500]
    item.changed_at = timezone.now()
    if state in FINAL - AGAIN:
        item.payload = None
    item.save()
    publish(
        Delivered(
            state=state,
            error_code=item.error_code,
            cause_kind=item.cause_kind,
            cause_id=item.cause_id,
            ticket_id=item.ticket_id,
        ),
        about=item,
        by=SYSTEM,
    )
    if state == OutboxItem.State.FAILED:
        publish(Failed(item_kind=item.kind, ticket_id=item.ticket_id), about=item, by=SYSTEM)
