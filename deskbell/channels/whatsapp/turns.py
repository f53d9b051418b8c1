"""What one person writes by chat is thought about one thing after the other."""

from __future__ import annotations

from django.db import connection


def wait_for_turn(sender: str) -> None:
    """Until the transaction ends nobody else decides about the same sender: digits, or an id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"inbound:whatsapp:{sender}"]
        )
