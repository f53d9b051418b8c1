from django.db.models import QuerySet

from deskbell.channels import (
    persons,  # noqa: F401  its columns are in the list from now on
    traces,  # noqa: F401  its stores are in the list from now on
)
from deskbell.channels.email.bounces import names_nobody
from deskbell.channels.models import InboundFile, InboundItem
from deskbell.events import subscribe
from deskbell.events.models import Event
from deskbell.files.keep import keeper
from deskbell.outbox.events import Failed
from deskbell.outbox.models import OutboxItem
from deskbell.people.actions import mark_undeliverable
from deskbell.tickets.events import MessagesCame
from deskbell.tickets.models import Message


@keeper
def waiting_blobs() -> QuerySet:
    """Files of web forms that are not decided yet, or are in quarantine."""
    return InboundFile.objects.values("blob")


@subscribe.later(Failed)
def note_undeliverable(event: Event) -> None:
    """The other server said at once that nobody is there."""
    item = OutboxItem.objects.defer("payload").filter(pk=event.about_id, driver="email").first()
    if item and item.error_code.isdigit() and names_nobody(item.error_text):
        mark_undeliverable(item.recipient)


@subscribe.now(MessagesCame, order=60)
def follow_messages(event: Event) -> None:
    """The ledger names the ticket in which a message stands."""
    came = Message.objects.filter(pk__in=event.data["messages"], inbound_id__isnull=False)
    InboundItem.objects.filter(pk__in=list(came.values_list("inbound_id", flat=True))).update(
        ticket_id=event.about_id
    )
