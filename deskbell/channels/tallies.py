"""How often something happened within an hour, counted in PostgreSQL for all processes together."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils import timezone
from django.utils.crypto import salted_hmac

from deskbell.channels.models import Tally

KEPT = timedelta(days=2)

_COUNT = """
    insert into channels_tally (key, hour, amount) values (%s, date_trunc('hour', now()), %s)
    on conflict (key, hour) do update set amount = channels_tally.amount + excluded.amount
    where channels_tally.amount + excluded.amount <= %s
    returning amount
"""
_LATELY = """
    select coalesce(sum(amount) filter (where hour > now() - interval '2 hours'), 0), coalesce(sum(amount), 0)
    from channels_tally where key = %s and hour > now() - interval '25 hours'
"""


def key_of(purpose: str, what: str, who: str) -> str:
    """A keyed digest: neither addresses nor networks stand in the database."""
    return salted_hmac(purpose, f"{what}:{who}", algorithm="sha256").hexdigest()


def count(key: str, *, most: int, amount: int = 1) -> bool:
    """Count `amount` in this hour of the clock if it stays within `most`; whether it did.

    The row is locked until the transaction ends, so that nobody counts beside it.
    """
    if amount > most:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [key, amount, most])
        return cursor.fetchone() is not None


def lately(key: str) -> tuple[int, int]:
    """How much was counted in the last hour and in the last day, each up to an hour more and never less:
    only whole hours of the clock are known.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LATELY, [key])
        hour, day = cursor.fetchone()
    return int(hour), int(day)


def forget_old() -> None:
    Tally.objects.filter(hour__lt=timezone.now() - KEPT).delete()
