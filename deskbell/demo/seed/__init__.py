"""Bulk data for load tests: what the actions would have written for made-up tickets, but at COPY speed.

Left out is what later subscribers make of it: no mail is put into the outbox, no notice is sent.
"""

from __future__ import annotations

from random import Random

from django.db import connection, transaction
from django.utils import timezone

from deskbell.demo.seed import crowd
from deskbell.demo.seed.load import tidy
from deskbell.demo.seed.plots import Setting, openings, plot
from deskbell.demo.seed.rows import TABLES, Ledger, Names
from deskbell.search.actions import put_many
from deskbell.tickets.models import Queue, TicketType

#: tickets of one transaction
CHUNK = 5_000


def run(tickets: int, messages: int = 4, seed: int = 1) -> None:
    """Add `tickets` tickets of `messages` messages each, the same for the same `seed` and moment.

    Commits every CHUNK tickets, so an interrupted run leaves whole tickets. Raises ValueError below 1.
    """
    if tickets < 1 or messages < 1:
        raise ValueError("a seed needs at least one ticket and one message")
    random, now = Random(seed), timezone.now()  # noqa: S311  not a secret
    with transaction.atomic():
        setting = Setting(
            crowd=crowd.ensure(now),
            queues=list(Queue.objects.order_by("position", "pk").values_list("slug", flat=True)),
            types=list(TicketType.objects.order_by("position", "pk").values_list("slug", flat=True)),
            now=now,
            tickets=tickets,
            messages=messages,
        )
        names = Names.read()
    moments = openings(tickets, now, random)
    for begin in range(0, tickets, CHUNK):
        ledger = Ledger(names)
        for place, at in enumerate(moments[begin : begin + CHUNK], begin):
            ledger.tell(plot(at, tickets - place, setting, random))
        write(ledger)
    tidy(TABLES)


@transaction.atomic
def write(ledger: Ledger) -> list[int]:
    """Write what `ledger` gathered, and make it findable. Returns the ids of the tickets."""
    with connection.cursor() as cursor:
        cursor.execute("set local synchronous_commit = off")
        # the search index takes many words at once far faster
        cursor.execute("set local gin_pending_list_limit = '256MB'")
        written = ledger.write()
        put_many(written)
    return written
