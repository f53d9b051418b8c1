"""What the other side of a WhatsApp number posts: kept as it came, then read part by part."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as N_

from deskbell.channels import reasons
from deskbell.channels.actions import consent
from deskbell.channels.actions.coexistence import account_changed, take_history
from deskbell.channels.media import NotFetched, fetch
from deskbell.channels.models import AwaitedFile, Channel, EarlyStatus, InboundItem, Webhook
from deskbell.channels.whatsapp import charges, incoming, statuses, webhook
from deskbell.channels.whatsapp.account import Account
from deskbell.channels.whatsapp_web import arrivals
from deskbell.kit.stored import sentence
from deskbell.tickets import actions as tickets

log = logging.getLogger(__name__)

#: bytes of one webhook; the other side sends up to three megabytes
LARGEST = 4 * 1024 * 1024
#: when a file that did not come is tried again: WhatsApp keeps it for a week
TRIED_AGAIN = [timedelta(seconds=10), *map(timedelta, [1 / 1440, 10 / 1440, 1 / 24, 6 / 24, 1, 1, 1, 1, 1])]
KEPT = timedelta(days=30)
#: webhooks that say that a template changed
TEMPLATE_CHANGES = frozenset(
    {
        "message_template_status_update",
        "message_template_quality_update",
        "message_template_components_update",
        "template_category_update",
    }
)
#: what of a webhook could not be used
UNREADABLE = sentence(N_("It could not be read: %(reason)s"))
NOT_OURS = sentence(N_("It is for the number %(number)s, which is not ours"))
NOT_USED = sentence(N_("Deskbell makes no use of “%(field)s”"))
LEFT_OUT = sentence(N_("A part of the kind %(kind)s was left out: %(error)s"))
STATE_UNKNOWN = N_("A state of a message that is not known")
NO_OBJECT = N_("A part that is no object")
#: stores a webhook and gives it a job, in one statement
_STORE = """
    with stored as (insert into channels_webhook (channel_id, raw) values (%s, %s) returning id)
    select procrastinate_defer_jobs_v1(array[
        row('inbound', 'channels.whatsapp_webhook', 0, null, null,
            jsonb_build_object('webhook_id', stored.id), null)::procrastinate_job_to_defer_v1
    ]) from stored
"""


def store_webhook(channel: Channel, body: bytes) -> None:
    """Keep a webhook whose signature was right, with the job that reads it: one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [channel.pk, body])


@transaction.atomic
def handle_webhook(webhook_id: int) -> None:
    """Split a webhook into messages for the ledger and states of our own, all of it once.

    One bad part never stops the next. Raises OperationalError when another webhook with the same messages
    is read at this moment: then again.
    """
    row = (
        Webhook.objects.select_for_update(of=("self",)).select_related("channel__whatsapp").get(pk=webhook_id)
    )
    if row.handled_at is not None:
        return
    problems: list[str] = []
    try:
        if row.channel.kind == Channel.Kind.WHATSAPP_WEB:
            for event in arrivals.events(bytes(row.raw)):
                problems.append(
                    _taken(str(event.get("type")), row.channel, partial(arrivals.take, row.channel, event))
                )
        else:
            for part in webhook.parts(bytes(row.raw)):
                problems.append(_taken(part.kind, row.channel, partial(_take, part, row.channel)))
    except (webhook.Unreadable, arrivals.Unreadable) as error:
        problems.append(UNREADABLE % {"reason": error})
    said = "; ".join(dict.fromkeys(filter(None, problems)))[:500]
    Webhook.objects.filter(pk=row.pk).update(handled_at=timezone.now(), problem=said)


def _taken(kind: str, channel: Channel, take: Callable[[], str]) -> str:
    """As `take`, whatever the part does to us."""
    try:
        with transaction.atomic():
            return take()
    except OperationalError:
        raise
    except Exception as error:
        log.exception("a part of a webhook was left out", extra={"channel": channel.pk})
        return LEFT_OUT % {"kind": kind[:40], "error": type(error).__name__}


def _take(part: webhook.Part, channel: Channel) -> str:
    """Take one part; what is wrong with it, if anything."""
    if part.number_id and part.number_id != channel.address:
        numbers = Channel.objects.select_related("whatsapp").filter(kind=Channel.Kind.WHATSAPP_CLOUD)
        other = numbers.filter(address=part.number_id).first()
        # only who knows the secret of that number's app may speak of it
        if other is None or Account.of(other).app_secret != Account.of(channel).app_secret:
            return NOT_OURS % {"number": part.number_id[:40]}
        channel = other
    match part.kind:
        case "message" | "echo":
            _take_message(channel, part)
        case "status":
            return "" if statuses.take(channel, part.value) else STATE_UNKNOWN
        case "change" if part.field == "account_update":
            account_changed(channel, str(part.value.get("event", "")))
        case "change" if part.field == "user_preferences":
            _take_preferences(channel, part.value)
        case "change" if part.field == "history":
            return take_history(channel, part.value)
        case "change" if part.field == "smb_app_state_sync":
            pass  # the phone's address book: who writes is known by his number
        case "change" if part.field in TEMPLATE_CHANGES:
            from deskbell.channels.jobs import whatsapp_templates  # app-ready

            whatsapp_templates.defer()
        case "odd":
            return NO_OBJECT
        case _:
            return NOT_USED % {"field": part.field[:40] or part.kind}
    return ""


def _take_preferences(channel: Channel, value: dict[str, Any]) -> None:
    listed = value.get("user_preferences")
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and each.get("category") == "marketing_messages":
            address = str(each.get("wa_id") or each.get("user_id") or "").removeprefix("+")
            consent.prefer(channel, address, given=each.get("value") == "resume")


def _take_message(channel: Channel, part: webhook.Part) -> None:
    echo = part.kind == "echo"
    wamid, his = part.value.get("id"), "to" if echo else "from"
    sender = part.value.get(his) or part.value.get(f"{his}_user_id")
    raw = incoming.raw(part.value, part.contacts, echo=echo)
    name = wamid if isinstance(wamid, str) else ""
    take_in_once(channel, name, raw, str(sender or "").removeprefix("+"))


def take_in_once(channel: Channel, external_id: str, raw: bytes, sender: str) -> None:
    """Into the ledger, once; one that is there already is counted as a duplicate."""
    from deskbell.channels.jobs import receive  # app-ready: the job application exists only after set-up

    item = InboundItem(
        channel=channel,
        external_id=incoming.clean(external_id)[:600] or None,
        raw=raw,
        envelope_from=incoming.clean(sender)[:300],
        envelope_to=channel.address,
    )
    try:
        with transaction.atomic():
            item.save(force_insert=True)
    except IntegrityError:
        _note_duplicate(item)
    else:
        receive.defer(item_id=item.pk)


def _note_duplicate(item: InboundItem) -> None:
    first = InboundItem.objects.defer("raw").get(channel=item.channel, external_id=item.external_id)
    item.pk, item.external_id = None, None
    item.state, item.reason = InboundItem.State.DUPLICATE, "same_message"
    item.reason_text = reasons.SAME_MESSAGE
    item.duplicate_of, item.ticket_id, item.message_id = first.pk, first.ticket_id, first.message_id
    item.decided_at = timezone.now()
    item.save(force_insert=True)


def waiting_webhooks() -> list[int]:
    """Those whose job was lost."""
    late = timezone.now() - timedelta(minutes=1)
    rows = Webhook.objects.filter(handled_at=None, received_at__lt=late)
    return list(rows.order_by("received_at").values_list("pk", flat=True)[:200])


def forget_old() -> None:
    """Webhooks are kept for a while, to be read again when somebody finds a fault in the reading."""
    now = timezone.now()
    Webhook.objects.filter(received_at__lt=now - KEPT, handled_at__isnull=False).delete()
    EarlyStatus.objects.filter(received_at__lt=now - KEPT).delete()
    charges.forget_old()


# --- files that did not come at once --------------------------------------------------------------


def fetch_awaited(pk: int) -> None:
    """Try once more to fetch a file of a message. After the last try it is lost, as the message then says."""
    row = (
        AwaitedFile.objects.select_related("channel__whatsapp", "channel__device")
        .filter(pk=pk, lost_at=None)
        .first()
    )
    if row is None:
        return
    media = incoming.Media(row.media_id, "", row.filename, row.sha256)
    try:
        file = fetch(row.channel, media)
    except NotFetched as error:
        _later(row, error)
        return
    with transaction.atomic():
        # its message may be another one now: it was parked, and has found its ticket
        if held := AwaitedFile.objects.select_for_update(of=("self",)).filter(pk=pk).first():
            tickets.add_file(held.message_id, file)
            held.delete()


@transaction.atomic
def _later(row: AwaitedFile, error: Exception) -> None:
    log.info("a file is not there yet", extra={"awaited": row.pk, "reason": str(error)[:200]})
    wait = TRIED_AGAIN[row.tries] if row.tries < len(TRIED_AGAIN) else None
    held = AwaitedFile.objects.select_for_update(of=("self",)).filter(pk=row.pk, lost_at=None).first()
    if held is None:
        return
    held.tries = row.tries + 1
    held.next_try_at = timezone.now() + wait if wait else None
    if wait is None:
        held.lost_at = timezone.now()
        tickets.lose_file(held.message_id)
    held.save(update_fields=["tries", "next_try_at", "lost_at"])


def awaited_now() -> list[int]:
    due = AwaitedFile.objects.filter(lost_at=None, next_try_at__lte=timezone.now())
    return list(due.order_by("next_try_at").values_list("pk", flat=True)[:200])
