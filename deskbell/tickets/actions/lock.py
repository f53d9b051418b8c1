from __future__ import annotations

from deskbell.tickets.actions.errors import TicketGone
from deskbell.tickets.models import Ticket


def lock(ticket: Ticket) -> Ticket:
    """The ticket as it stands, held against other writers until the transaction ends. Raises TicketGone."""
    locked = (
        Ticket.objects.select_for_update(no_key=True, of=("self",))
        .select_related("status", "queue", "requester", "assignee")
        .filter(pk=ticket.pk)
        .first()
    )
    if locked is None:
        raise TicketGone(str(ticket))
    return locked
