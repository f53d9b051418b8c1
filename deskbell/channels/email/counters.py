"""The brakes that hold whatever the headers of a mail say.

RFC 3834 asks for limits, because no reading of headers finds every machine on the other side.
"""

from __future__ import annotations

from django.db import connection

from deskbell.channels import events, tallies
from deskbell.channels.email.references import base_address
from deskbell.channels.models import InboundItem
from deskbell.channels.queries import desk_addresses
from deskbell.events.models import Event
from deskbell.people.addresses import email_key
from deskbell.people.queries import company

#: automatic answers to one address
ANSWERS_PER_HOUR = 5
ANSWERS_PER_DAY = 10
#: answers to one forward within an hour; from then on a machine is likelier than people
SUPPLIER_PER_HOUR = 60


def takes_ticket(item: InboundItem, sender: str) -> bool:
    """Count one more new ticket of `sender` (his key); False when he had as many within the hour as one may.

    What an administrator sent through intake again is let in.
    """
    most = company().tickets_per_sender
    if not most or tallies.count(tallies.key_of("channels.email", "tickets", sender), most=most):
        return True
    return Event.objects.filter(
        about_kind="inbounditem", about_id=item.pk, kind=events.Replayed.kind
    ).exists()


def takes_supplier(forward_id: int) -> bool:
    """Count one more answer to a forward; False when there were more within the hour than people write."""
    key = tallies.key_of("channels.email", "supplier", str(forward_id))
    return tallies.count(key, most=SUPPLIER_PER_HOUR)


def take_answer(address: str) -> bool:
    """Count an automatic answer to `address`; False when none may go there: it is our own, or got too many.

    Who asks for one address waits for whoever asked before until that one's transaction ends.
    """
    if base_address(address) in desk_addresses():
        return False
    key = tallies.key_of("channels.email", "answers", email_key(address))
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"answers:{key}"])
    hour, day = tallies.lately(key)
    if hour >= ANSWERS_PER_HOUR or day >= ANSWERS_PER_DAY:
        return False
    return tallies.count(key, most=ANSWERS_PER_HOUR)
