"""Reads over what left the house."""

from __future__ import annotations

from django.db import connection

from deskbell.outbox.models import OutboxItem


def totals() -> dict[str, int]:
    """How many items are in each state, and `all` of them, in one statement, so that it adds up."""
    with connection.cursor() as cursor:
        cursor.execute("select state, count(*), sum(count(*)) over () from outbox_outboxitem group by state")
        rows = cursor.fetchall()
    counts = {state: count for state, count, _ in rows}
    every = {state: counts.get(state, 0) for state in OutboxItem.State.values}
    return {"all": int(rows[0][2]) if rows else 0, **every}
