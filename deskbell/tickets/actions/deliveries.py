"""What left the house for a ticket, sent once more."""

from __future__ import annotations

from django.db import transaction

from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import User
from deskbell.tickets import rules
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.models import Ticket

#: the kind of mails that carry a forward (notifications.mail)
FORWARD = "ticket.forward"


@transaction.atomic
def retry_delivery(ticket: Ticket, item_id: int, *, by: User) -> OutboxItem:
    """Send a mail of `ticket` again that failed or may not have arrived.

    Raises NotAllowed, outbox NothingToSend, and OutboxItem.DoesNotExist for an item of another ticket.
    """
    ticket = lock(ticket)
    item = OutboxItem.objects.only("kind").get(pk=item_id, ticket_id=ticket.pk)
    rules.require(by, "forward" if item.kind == FORWARD else "reply", ticket)
    return outbox.retry(item.pk, by=by)
