"""Where a ticket went that was merged into another."""

from __future__ import annotations

from deskbell.tickets.models import Ticket

_ROW = ("queue", "requester", "status")


def final(ticket: Ticket) -> Ticket:
    """The ticket of which `ticket` has become part, itself where it was not merged; in no query then."""
    seen = {ticket.pk}
    while ticket.merged_into_id is not None and ticket.merged_into_id not in seen:
        following = Ticket.objects.select_related(*_ROW).filter(pk=ticket.merged_into_id).first()
        if following is None:
            break
        seen.add(following.pk)
        ticket = following
    return ticket
