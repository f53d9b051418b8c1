"""Where a mail leaves from, in whose name, and the headers that keep it in its thread."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import translation

from deskbell.channels.email import references
from deskbell.channels.email.compose import references_header
from deskbell.channels.models import Channel, InboundItem
from deskbell.notifications.notice import Notice
from deskbell.people.models import User
from deskbell.people.queries import company
from deskbell.tickets import forwards
from deskbell.tickets.models import Message, Ticket

#: messages whose ids go into References
RECENT = 20


@dataclass(frozen=True)
class Mailbox:
    address: str
    channel_id: int | None = None
    plus_addresses: bool = False
    #: whether its server tells who really sent a mail, so that people of the desk may answer by mail
    tells_senders: bool = False


def mailbox_of(ticket: Ticket) -> Mailbox:
    """Where the mail leaves from: the mailbox the customer wrote to, else his queue's, else the desk's."""
    received = Message.objects.filter(
        ticket=ticket, inbound_id__isnull=False, visibility=Message.Visibility.PUBLIC
    )
    newest = received.order_by("-pk").first()
    channel = None
    if newest is not None and newest.inbound_id:
        item = InboundItem.objects.select_related("channel").defer("raw").filter(pk=newest.inbound_id).first()
        channel = item.channel if item and item.channel.kind == Channel.Kind.EMAIL else None
    if channel is None and ticket.queue.address:
        channel = Channel.objects.filter(address__iexact=ticket.queue.address).first()
        if channel is None:
            return Mailbox(ticket.queue.address)
    mailboxes = Channel.objects.filter(kind=Channel.Kind.EMAIL).exclude(state=Channel.State.OFF)
    channel = channel or mailboxes.order_by("pk").first()
    if channel is None:
        return Mailbox(company().support_address)
    return Mailbox(channel.address, channel.pk, channel.plus_addresses, bool(channel.authserv_id))


def from_name(notice: Notice) -> str:
    return signed_by(None if notice.automatic else notice.actor)


def signed_by(agent: User | None) -> str:
    if agent is None:
        return company().name
    return translation.gettext("%(agent)s via %(company)s") % {
        "agent": agent.display_name,
        "company": company().name,
    }


def message_id_of(notice: Notice, recipient: User) -> str:
    """The reply to the requester bears the message's own id; every other mail one of its own."""
    message_id = notice.message.pk if notice.message else 0
    if notice.cause[0] == "message" and recipient.pk == notice.ticket.requester_id:
        return references.message_id(notice.ticket.pk, message_id)
    part = f"{notice.cause[0][0]}{notice.cause[1]}u{recipient.pk}"
    return references.message_id(notice.ticket.pk, message_id, part=part)


def headers_of(notice: Notice) -> dict[str, str]:
    ids, last_in = _thread(notice.ticket, notice.message)
    headers = {
        "In-Reply-To": last_in,
        "References": references_header(ids),
        "X-Deskbell-Type": notice.kind,
        "X-Deskbell-Ticket": str(notice.ticket.number),
    }
    return headers | automatic(notice.automatic)


def automatic(word: str) -> dict[str, str]:
    """Marks that keep answering machines quiet; never on what a person wrote, so that absences are told."""
    if not word:
        return {}
    marks = {"Auto-Submitted": word, "X-Auto-Response-Suppress": "All"}
    return marks | ({"Precedence": "bulk"} if word == "auto-generated" else {})


def _thread(ticket: Ticket, until: Message | None) -> tuple[list[str], str]:
    """Ids of the ticket's public mails, oldest first, and that of the customer's latest one."""
    public = Message.objects.filter(ticket=ticket, visibility=Message.Visibility.PUBLIC)
    if until is not None:
        public = (
            public.filter(pk__lt=until.pk) if until.direction == "out" else public.filter(pk__lte=until.pk)
        )
    recent = list(public.order_by("-pk")[:RECENT])
    oldest = public.order_by("pk").first()
    if oldest is not None and oldest not in recent:
        recent.append(oldest)
    ids = [_id_of(ticket, message) for message in reversed(recent)]
    last_in = next((m.external_id for m in recent if m.direction == "in" and m.external_id), "")
    return [one for one in ids if one], last_in


def _id_of(ticket: Ticket, message: Message) -> str:
    if message.direction == "out":
        return references.message_id(ticket.pk, message.pk)
    return message.external_id


def ids_before(ticket: Ticket, forward: Message) -> list[str]:
    """Of the mails that went to and fro with a supplier before `forward`, oldest first."""
    before = forwards.conversation(forward)
    asked = {each.details["answers"]: each.details["asked"] for each in before if each.direction == "in"}
    ids = [
        each.external_id
        if each.direction == "in"
        else references.forward_id(ticket.pk, each.pk, asked[each.pk])
        for each in before
    ]
    return [one for one in ids if one]
