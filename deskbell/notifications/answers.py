"""Whether an automatic answer may go out: the brakes that hold whatever a mail's headers say.

RFC 3834 asks for limits, because no reading of headers finds every machine on the other side.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from deskbell.channels.email.quotes import bare_subject
from deskbell.channels.email.references import without_token
from deskbell.channels.models import InboundItem
from deskbell.outbox.models import OutboxItem
from deskbell.tickets.models import Message, Ticket

KIND = "ticket.received"
PER_HOUR = 5
PER_DAY = 10
#: from the third ticket with one subject in an hour on, a loop is likelier than a person
SAME_SUBJECT = 3


def may_answer(ticket: Ticket, first: Message | None) -> bool:
    """Whether the requester of `ticket` may be told automatically that we have it.

    Holds a lock on the requester until the transaction ends, so that the counts are right.
    """
    if ticket.spam or ticket.trashed:
        return False
    if first is not None and first.inbound_id and not _answerable(first.inbound_id):
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"answers:{ticket.requester_id}"]
        )
    return not (_too_many(ticket) or _same_subject_again(ticket))


def _answerable(inbound_id: int) -> bool:
    return InboundItem.objects.filter(pk=inbound_id, answerable=True).exists()


def _too_many(ticket: Ticket) -> bool:
    sent = OutboxItem.objects.filter(kind=KIND, recipient=ticket.requester.email)
    now = timezone.now()
    return (
        sent.filter(created_at__gt=now - timedelta(hours=1)).count() >= PER_HOUR
        or sent.filter(created_at__gt=now - timedelta(days=1)).count() >= PER_DAY
    )


def _same_subject_again(ticket: Ticket) -> bool:
    recent = Ticket.objects.filter(
        requester_id=ticket.requester_id,
        created_at__gt=timezone.now() - timedelta(hours=1),
        pk__lte=ticket.pk,
    ).order_by("-pk")
    subject = _plain(ticket.subject)
    same = [one for one in recent.values_list("subject", flat=True)[:50] if _plain(one) == subject]
    return len(same) >= SAME_SUBJECT


def _plain(subject: str) -> str:
    return bare_subject(without_token(subject)).casefold()
