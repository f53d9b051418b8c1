from __future__ import annotations

from django.utils import timezone

from deskbell.people.models import User
from deskbell.tickets.models import Draft, ReadMark, Ticket


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
    mark = ReadMark(user=by, ticket=ticket, message_id=ticket.last_message_id)
    ReadMark.objects.bulk_create([mark], ignore_conflicts=True)
    ReadMark.objects.filter(user=by, ticket=ticket, message_id__lt=ticket.last_message_id).update(
        message_id=ticket.last_message_id
    )
