"""Which ticket a mail means. Whether its sender may write there is asked afterwards, by the caller."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deskbell.channels import reasons
from deskbell.channels.email import references
from deskbell.channels.email.parse import ParsedMail
from deskbell.channels.models import InboundItem
from deskbell.tickets.models import Message, Ticket
from deskbell.tickets.models.settings import ACTIVE_CATEGORIES

_BARE_NUMBER = re.compile(r"(?<![\w&#-])#(\d{1,18})(?!\w)")


@dataclass(frozen=True)
class Found:
    """`how` is kept as the reason of the decision; `strong` means that a signature of ours vouches for it."""

    ticket: Ticket
    how: str
    strong: bool

    @property
    def said(self) -> str:
        """`how` for people."""
        return reasons.FOUND_BY[self.how]


def find(item: InboundItem, mail: ParsedMail) -> Found | None:
    """The first hit: signed reply address, our signed Message-IDs, other known Message-IDs, the marker in a
    quoted mail of ours, subject token, and last a bare number in the subject, which counts for an active
    ticket only.
    """
    for found in _candidates(item, mail):
        return found
    return None


def _candidates(item: InboundItem, mail: ParsedMail) -> Iterator[Found]:
    for number in filter(None, map(references.number_in_address, addresses(item, mail))):
        yield from _found(Ticket.objects.filter(number=number), "reply_address", strong=True)
    ids = answered_ids(mail)
    for ticket_id, _ in filter(None, map(references.verify, ids)):
        yield from _found(Ticket.objects.filter(pk=ticket_id), "signed_reference", strong=True)
    yield from _by_known_id(item, ids)
    for number in references.numbers_in_text(f"{mail.text}\n{mail.html}")[:3]:
        yield from _found(Ticket.objects.filter(number=number), "marker", strong=True)
    if (signed := references.number_in_subject(mail.subject)) is not None:
        yield from _found(Ticket.objects.filter(number=signed), "subject_token", strong=False)
    for match in _BARE_NUMBER.finditer(references.without_token(mail.subject)):
        open_ones = Ticket.objects.filter(
            number=int(match[1]), category__in=ACTIVE_CATEGORIES, trashed_at=None, spam=False
        )
        yield from _found(open_ones, "subject_number", strong=False)


def addresses(item: InboundItem, mail: ParsedMail) -> list[str]:
    """Every address that a mail was sent to, the envelope's first."""
    named = (address for _name, address in (*mail.to, *mail.cc))
    return [item.envelope_to, mail.headers.get("delivered-to", ""), *named]


def answered_ids(mail: ParsedMail) -> list[str]:
    """The ids a mail says it answers, the nearest first."""
    return list(dict.fromkeys(one for one in (mail.in_reply_to, *reversed(mail.references)) if one))


def _by_known_id(item: InboundItem, ids: list[str]) -> Iterator[Found]:
    """A mail of somebody else that we stored from the same mailbox."""
    if not ids:
        return
    known = Message.objects.filter(external_id__in=ids, ticket__isnull=False, inbound_id__isnull=False)
    by_id = {message.external_id: message for message in known.order_by("-pk")[:50]}
    here = set(
        InboundItem.objects.filter(
            pk__in=[message.inbound_id for message in by_id.values()], channel_id=item.channel_id
        ).values_list("pk", flat=True)
    )
    for one in ids:
        message = by_id.get(one)
        if message and message.ticket_id and message.inbound_id in here:
            yield from _found(Ticket.objects.filter(pk=message.ticket_id), "known_reference", strong=True)


def _found(tickets: object, how: str, *, strong: bool) -> Iterator[Found]:
    ticket = tickets.select_related("queue", "requester", "status").first()  # type: ignore[attr-defined]
    if ticket is not None:
        yield Found(ticket, how, strong)
