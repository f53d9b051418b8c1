"""A mail of ours came back: to which ticket it belongs, and what that means for it and for its address."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from deskbell.channels import reasons
from deskbell.channels.email import bounces, references
from deskbell.channels.email.parse import ParsedMail
from deskbell.channels.email.parts import Report
from deskbell.channels.models import InboundItem
from deskbell.kit.stored import said
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.people.actions import mark_undeliverable
from deskbell.people.reader import reading
from deskbell.tickets.actions.deliveries import FORWARD
from deskbell.tickets.models import Ticket


@dataclass(frozen=True)
class Returned:
    """`item` is what came back, as far as it is known; `words` say it to those who work here."""

    ticket: Ticket | None
    item: OutboxItem | None
    words: str

    @property
    def forwarded(self) -> tuple[int, str] | None:
        """Which forward it was, and to whom; None for a mail of another kind."""
        item = self.item
        return (item.cause_id, item.recipient) if item and item.kind == FORWARD else None


def take_note(inbound: InboundItem, mail: ParsedMail, answered: list[str]) -> Returned | None:
    """Write on the outbox item and on the address what became of a mail of ours; None if it is not ours."""
    ids = [each for each in [*bounces.returned_ids(mail), *answered] if bounces.own_id(each)]
    if not ids:
        return None
    item = _item(ids)
    ticket_id = item.ticket_id if item else None
    ticket_id = ticket_id or next((known[0] for known in map(references.verify, ids) if known), None)
    ticket = Ticket.objects.filter(pk=ticket_id).first() if ticket_id else None
    if item is None:
        return Returned(ticket, None, "") if ticket else None
    return Returned(ticket, item, _settle(item, bounces.reports(mail, bytes(inbound.raw))))


def _item(ids: list[str]) -> OutboxItem | None:
    """The mail itself; those that it answered are not what came back."""
    return OutboxItem.objects.defer("payload").filter(external_id=ids[0]).exclude(external_id="").first()


def _settle(item: OutboxItem, reports: tuple[Report, ...]) -> str:
    """Write down the fate of `item`; what to tell people about it, in the desk's language."""
    own = [report for report in reports if bounces.concerns(report, item.recipient)]
    lost = next(filter(bounces.failed, own or reports), None)
    if lost is None:
        late = next((report for report in own or reports if report.action == "delayed"), None)
        if late is None:
            return ""
        with reading():
            return _("The mail to %(address)s is late, its server goes on trying. %(said)s") % {
                "address": item.recipient,
                "said": late.diagnostic,
            }
    why = reasons.why_returned(lost.status, lost.diagnostic)
    outbox.record_delivery(item.external_id, "failed", code=lost.status or "returned", text=why)
    if lost in own and bounces.nobody_there(lost):
        mark_undeliverable(item.recipient)
    with reading():
        told = {"address": item.recipient, "why": said(why)}
        return _("The mail to %(address)s came back. %(why)s") % told
