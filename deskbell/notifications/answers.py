"""Whether an automatic answer may go out: the brakes that hold whatever a mail's headers say.

RFC 3834 asks for limits, because no reading of headers finds every machine on the other side.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from deskbell.channels.email import counters
from deskbell.channels.email.subjects import plain
from deskbell.channels.models import InboundItem
from deskbell.tickets.models import Message, Ticket

KIND = "ticket.received"
#: from the third ticket with one subject in an hour on, a loop is likelier than a person
SAME_SUBJECT = 3


def may_answer(ticket: Ticket, first: Message | None) -> bool:
    """Whether the requester of `ticket` may be told automatically that we have it; counts it if he may."""
    if ticket.spam or ticket.trashed or not ticket.requester.email:
        return False
    if first is not None and first.inbound_id and not _answerable(first.inbound_id):
        return False
    return not _same_subject_again(ticket) and counters.take_answer(ticket.requester.email)


def _answerable(inbound_id: int) -> bool:
    return InboundItem.objects.filter(pk=inbound_id, answerable=True).exists()


def _same_subject_again(ticket: Ticket) -> bool:
    """Counts the tickets up to this one, so that it is the same in whatever order they are told."""
    recent = Ticket.objects.filter(
        requester_id=ticket.requester_id,
        created_at__gt=timezone.now() - timedelta(hours=1),
        pk__lte=ticket.pk,
    ).order_by("-pk")
    subject = plain(ticket.subject)
    same = [one for one in recent.values_list("subject", flat=True)[:50] if plain(one) == subject]
    return len(same) >= SAME_SUBJECT
