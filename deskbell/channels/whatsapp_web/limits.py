"""How much may leave by a linked device: little, slowly, and to people who wrote (B5 of the brief: figures
are cautious guesses, for WhatsApp publishes none).
"""

from __future__ import annotations

import hashlib
import random
import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from deskbell.channels import events
from deskbell.channels.models import DeviceMessage, LinkedDevice
from deskbell.channels.whatsapp_web import words
from deskbell.events.actor import SYSTEM
from deskbell.events.publish import publish
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.results import Final, Retry

#: seconds between two messages of one number, as many more at random, and between two to one person
APART, JITTER, TO_ONE = 3.0, 2.0, 2.0
#: people within an hour who may get the same text
SAME_TEXT = 5
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: what was handed over is remembered for so long
KEPT = timedelta(days=30)


@transaction.atomic
def admit(device: LinkedDevice, item: OutboxItem, address: str, text: str) -> DeviceMessage | Retry | Final:
    """Count `item` as leaving now, or say why not now, or never. What was counted once stays counted.

    All that leaves by a number is admitted one after another.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"whatsapp-web:{device.channel_id}"]
        )
    if known := DeviceMessage.objects.filter(item=item.uuid).first():
        return known
    now, rows = timezone.now(), DeviceMessage.objects.filter(channel=device.channel_id)
    if wait := _too_soon(rows, address, now):
        return Retry("pace", words.PACE, wait)
    if stopped := _too_many(device, rows, address, now):
        return stopped
    words_of = digest(text)
    if words_of:
        told = rows.filter(digest=words_of, at__gt=now - HOUR).exclude(address=address)
        people = told.values("address").distinct().count()
        if people >= SAME_TEXT:
            alert = events.SameTextStopped(name=device.channel.name, people=people)
            publish(alert, about=device.channel, by=SYSTEM)
            return Final("same_text", words.SAME_TEXT % {"count": people})
    return DeviceMessage.objects.create(
        channel=device.channel,
        item=item.uuid,
        address=address,
        digest=words_of,
        next_at=now + timedelta(seconds=APART + random.uniform(0, JITTER)),  # noqa: S311 - no secret
        at=now,
    )


def _too_soon(rows: QuerySet[DeviceMessage], address: str, now: datetime) -> int:
    """Seconds to wait for the last message of the number, and for the last one to this person."""
    last = rows.order_by("-at").first()
    his = rows.filter(address=address).order_by("-at").first()
    free = [last.next_at] if last else []
    free += [his.at + timedelta(seconds=TO_ONE)] if his else []
    left = max((moment - now).total_seconds() for moment in free) if free else 0
    return max(0, -int(-left // 1))


def _too_many(
    device: LinkedDevice, rows: QuerySet[DeviceMessage], address: str, now: datetime
) -> Retry | None:
    hour = rows.filter(at__gt=now - HOUR)
    others = hour.exclude(address=address).values("address").distinct().count()
    if others >= device.people_per_hour and not hour.filter(address=address).exists():
        return Retry("people_per_hour", words.PER_HOUR % {"count": others}, 300)
    day = rows.filter(at__gt=now - DAY).count()
    if day >= device.messages_per_day:
        return Retry("messages_per_day", words.PER_DAY % {"count": day}, 1800)
    return None


def digest(text: str) -> str:
    """Of words as a reader sees them; empty for none."""
    same = " ".join(text.casefold().split())
    return hashlib.sha256(same.encode()).hexdigest() if same else ""


def again(handed: DeviceMessage) -> None:
    """Let it be handed over once more, as a message of its own."""
    DeviceMessage.objects.filter(pk=handed.pk).update(
        client_id=uuid.uuid4(), handed_at=None, at=timezone.now()
    )


def not_taken(item: OutboxItem) -> None:
    """The gateway says that it has not taken it: it is here alone, and counts when it leaves."""
    DeviceMessage.objects.filter(item=item.uuid, handed_at=None).delete()


def forget_old() -> None:
    DeviceMessage.objects.filter(at__lt=timezone.now() - KEPT).delete()
