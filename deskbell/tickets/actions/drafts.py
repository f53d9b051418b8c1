from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from deskbell.people.models import User
from deskbell.tickets.actions.errors import DraftMoved
from deskbell.tickets.models import Draft, Ticket

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@transaction.atomic
def keep_draft(
    user: User, *, kind: str, text: str, ticket: Ticket | None = None, seen: str | None = None
) -> str:
    """Remember what `user` is writing; an empty text forgets it. Not an event: nobody else sees it.

    Returns the stamp of what is kept ("" for nothing). `seen` is the stamp that the writer's page had: raises
    DraftMoved when another window has kept other words since. None overwrites whatever is there.
    """
    kept = Draft.objects.select_for_update().filter(user=user, ticket=ticket, kind=kind).first()
    if kept is not None and seen is not None and kept.text != text and stamp_of(kept.updated_at) != seen:
        raise DraftMoved(kept.text, stamp_of(kept.updated_at))
    if not text.strip():
        forget_draft(user, kind=kind, ticket=ticket)
        return ""
    if kept is not None and kept.text == text:
        return stamp_of(kept.updated_at)
    row, _made = Draft.objects.update_or_create(
        user=user, ticket=ticket, kind=kind, defaults={"text": text, "updated_at": timezone.now()}
    )
    return stamp_of(row.updated_at)


def forget_draft(user: User, *, kind: str, ticket: Ticket | None = None, seen: str | None = None) -> None:
    """What `user` was writing is sent or given up. With `seen` another window's words stay."""
    drafts = Draft.objects.filter(user=user, ticket=ticket, kind=kind)
    if seen is None:
        drafts.delete()
    elif kept_at := _time_of(seen):
        drafts.filter(updated_at=kept_at).delete()


def draft_stamp(user: User, *, kind: str, ticket: Ticket | None) -> str:
    """The stamp of what `user` has kept, "" for nothing."""
    kept = Draft.objects.filter(user=user, ticket=ticket, kind=kind).values_list("updated_at", flat=True)
    return stamp_of(kept.first())


def stamp_of(at: datetime | None) -> str:
    """Names the state of a draft by the time it was kept."""
    return str((at - EPOCH) // timedelta(microseconds=1)) if at else ""


def _time_of(stamp: str) -> datetime | None:
    try:
        return EPOCH + timedelta(microseconds=int(stamp))
    except (ValueError, OverflowError):
        return None


def mark_read(ticket: Ticket, *, by: User) -> None:
    """`by` has seen the newest message. Never moves back; not an event. Who looks as somebody else marks
    nothing.
    """
    if ticket.last_message_id is None or by.viewed_by:
        return
    with connection.cursor() as cursor:  # one statement, since every opened ticket runs it
        cursor.execute(
            "insert into tickets_readmark as mark (user_id, ticket_id, message_id) values (%s, %s, %s)"
            " on conflict (user_id, ticket_id) do update set message_id = excluded.message_id"
            " where mark.message_id < excluded.message_id",
            [by.pk, ticket.pk, ticket.last_message_id],
        )
