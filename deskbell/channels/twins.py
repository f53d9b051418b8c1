"""One mail to two of our mailboxes: it comes in twice, once for each."""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext as _

from deskbell.channels.email import references
from deskbell.channels.email.parse import ParsedMail
from deskbell.channels.models import InboundItem
from deskbell.people.reader import reading
from deskbell.tickets.content import Content


def twin_of(item: InboundItem, mail: ParsedMail, ours: set[str]) -> InboundItem | None:
    """The same mail, on a ticket already by another mailbox. Asks nothing unless the mail names two of ours.

    Both wait for each other, so that the second one always sees the first.
    """
    named = {references.base_address(address) for _name, address in (*mail.to, *mail.cc)}
    if len(named & ours) < 2:
        return None
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"twin:{mail.message_id}"])
    others = InboundItem.objects.filter(
        external_id__in=(mail.message_id, item.external_id or ""),
        digest=mail.digest,
        ticket_id__isnull=False,
    )
    return others.exclude(channel_id=item.channel_id).defer("raw").order_by("pk").first()


def note(item: InboundItem) -> Content:
    """What stands on the ticket for the second mail."""
    with reading():
        text = _("The same mail came in at %(address)s too.") % {"address": item.channel.address}
    return Content(text=text, new_text=text, kind="system", inbound_id=item.pk)
