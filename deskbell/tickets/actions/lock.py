from __future__ import annotations

from django.db import connection

from deskbell.kit.compiled import Compiled
from deskbell.tickets.actions.errors import TicketGone
from deskbell.tickets.models import Ticket

_locked = Compiled(
    lambda pk: (
        Ticket.objects.select_for_update(no_key=True, of=("self",))
        .select_related("status", "queue", "requester", "assignee")
        .filter(pk=pk.expression)
    ),
    1,
)


def lock(ticket: Ticket) -> Ticket:
    """The ticket as it stands, held against other writers until the transaction ends.

    Raises TicketGone, and RuntimeError outside a transaction, where nothing would be held.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{ticket} locked outside a transaction")
    for locked in _locked(ticket.pk):
        return locked
    raise TicketGone(str(ticket))
