from __future__ import annotations

from django.db import connection

from deskbell.kit.compiled import Compiled
from deskbell.tickets.actions.errors import TicketGone, TicketMerged
from deskbell.tickets.models import Ticket
from deskbell.tickets.pointers import final

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


def lock_final(ticket: Ticket) -> Ticket:
    """As `lock`, but where the ticket was merged into another, that one."""
    locked = lock(final(ticket))
    while locked.merged_into_id is not None:  # merged while we waited for it
        locked = lock(final(locked))
    return locked


def lock_unmerged(ticket: Ticket) -> Ticket:
    """As `lock`, for what one does to this very ticket. Raises TicketMerged when it is part of another."""
    locked = lock(ticket)
    if locked.merged_into_id is not None:
        raise TicketMerged(final(locked))
    return locked


def lock_both(one: Ticket, other: Ticket) -> tuple[Ticket, Ticket]:
    """Two different tickets, in the order in which everybody locks them."""
    locked = {ticket.pk: lock(ticket) for ticket in sorted((one, other), key=lambda ticket: ticket.pk)}
    return locked[one.pk], locked[other.pk]
