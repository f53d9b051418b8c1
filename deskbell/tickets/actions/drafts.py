from __future__ import annotations

from django.db import connection
from django.utils import timezone

from deskbell.people.models import User
from deskbell.tickets.models import Draft, Ticket


def keep_draft(user: User, *, kind: str, text: str, ticket: Ticket | None = None) -> None:
    """Remember what `user` is writing; an empty text forgets it. Not an event: nobody else sees it."""
    if not text.strip():
        Draft.objects.filter(user=user, ticket=ticket, kind=kind).delete()
        return
    Draft.objects.update_or_create(
        user=user, ticket=ticket, kind=kind, defaults={"text": text, "updated_at": timezone.now()}
    )


def mark_read(ticket: Ticket, *, by: User) -> None:
    """`by` has seen the newest message. Never moves back; not an event."""
    if ticket.last_message_id is None:
        return
    with connection.cursor() as cursor:  # one statement, since every opened ticket runs it
        cursor.execute(
            "insert into tickets_readmark as mark (user_id, ticket_id, message_id) values (%s, %s, %s)"
            " on conflict (user_id, ticket_id) do update set message_id = excluded.message_id"
            " where mark.message_id < excluded.message_id",
            [by.pk, ticket.pk, ticket.last_message_id],
        )
