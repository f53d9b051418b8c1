"""What the other side charges for: each message that arrived, counted by month and category.

It charges for what is delivered, and tells the price with `delivered` or `read`, whichever comes first, too
(Cloud API, messages/status). What a message costs it does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q
from django.db.models.functions import TruncMonth
from django.utils import timezone

from deskbell.channels.case import believable
from deskbell.channels.models import Channel, DeliveredMessage
from deskbell.channels.whatsapp.incoming import clean
from deskbell.people.reader import reading

#: states of a message that has arrived
ARRIVED = frozenset({"delivered", "read", "played"})
#: months that are shown, this one among them, and days for which a message is kept to count it once
MONTHS, KEPT = 6, timedelta(days=400)
#: the first price that is told stands; the month is that of the earliest arrival, whatever comes first
_NOTE = """
    insert into channels_deliveredmessage
        (channel_id, external_id, category, type, pricing_model, charged, delivered_at)
    values (%s, %s, %s, %s, %s, %s, %s)
    on conflict (channel_id, external_id) do update set delivered_at = excluded.delivered_at
    where channels_deliveredmessage.delivered_at > excluded.delivered_at
"""


@dataclass(frozen=True)
class Sum:
    """Messages of one category in a month."""

    category: str
    charged: int
    free: int


@dataclass(frozen=True)
class Month:
    """`first` is its first day; without a sum nothing arrived in it."""

    first: date
    sums: list[Sum]

    @property
    def charged(self) -> int:
        return sum(each.charged for each in self.sums)

    @property
    def free(self) -> int:
        return sum(each.free for each in self.sums)


def note(channel: Channel, status: dict[str, Any]) -> None:
    """Count the message of `status`, once, if it has arrived and its price is told."""
    wamid, pricing = status.get("id"), status.get("pricing")
    if status.get("status") not in ARRIVED or not isinstance(wamid, str) or not isinstance(pricing, dict):
        return
    category = _word(pricing, "category")
    if not wamid or not category:
        return
    values: list[Any] = [
        channel.pk,
        clean(wamid)[:300],
        category,
        _word(pricing, "type"),
        _word(pricing, "pricing_model"),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [*values, _is_charged(pricing), _at(status)])


def months(channel: Channel, *, now: datetime | None = None) -> list[Month]:
    """The last MONTHS in the company's time zone, the present one first."""
    with reading():
        zone = timezone.get_current_timezone()
    firsts = _firsts((now or timezone.now()).astimezone(zone).date())
    begin = datetime.combine(firsts[-1], datetime.min.time(), tzinfo=zone)
    rows = DeliveredMessage.objects.filter(channel=channel, delivered_at__gte=begin).order_by()
    counted = rows.annotate(month=TruncMonth("delivered_at", tzinfo=zone)).values_list("month", "category")
    found: dict[date, list[Sum]] = {first: [] for first in firsts}
    paid, free = Count("pk", filter=Q(charged=True)), Count("pk", filter=Q(charged=False))
    for month, category, charged, gratis in counted.annotate(paid=paid, free=free).order_by("category"):
        found.setdefault(month.date(), []).append(Sum(category, charged, gratis))
    return [Month(first, found[first]) for first in firsts]


def forget_old() -> None:
    DeliveredMessage.objects.filter(delivered_at__lt=timezone.now() - KEPT).delete()


def _firsts(today: date) -> list[date]:
    """First days of the last months, the latest first."""
    months = (today.year * 12 + today.month - 1 - back for back in range(MONTHS))
    return [date(month // 12, month % 12 + 1, 1) for month in months]


def _is_charged(pricing: dict[str, Any]) -> bool:
    """`billable` is on its way out there: the type says the same."""
    return pricing.get("billable") is not False and not _word(pricing, "type").startswith("free")


def _word(pricing: dict[str, Any], name: str) -> str:
    value = pricing.get(name)
    return clean(value).strip().lower()[:40] if isinstance(value, str) else ""


def _at(status: dict[str, Any]) -> datetime:
    told = str(status.get("timestamp", ""))
    at = (
        datetime.fromtimestamp(int(told), UTC)
        if told.isascii() and told.isdigit() and len(told) < 12
        else None
    )
    return believable(at) or timezone.now()
