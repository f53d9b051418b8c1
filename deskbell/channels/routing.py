"""Which ticket a mail means. Whether its sender may write there is asked afterwards, by the caller."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deskbell.channels import reasons
from deskbell.channels.email import references
from deskbell.channels.email.parse import ParsedMail
from deskbell.channels.models import InboundItem
from deskbell.people.addresses import email_key, is_public_mail_domain
from deskbell.tickets.models import Message, Ticket
from deskbell.tickets.models.settings import ACTIVE_CATEGORIES
from deskbell.tickets.pointers import final

_BARE_NUMBER = re.compile(r"(?<![\w&#-])#(\d{1,18})(?!\w)")


@dataclass(frozen=True)
class Found:
    """`how` is kept as the reason of the decision; `strong` means that a signature of ours vouches for it."""

    ticket: Ticket
    how: str
    strong: bool
    #: it answers this forward, which had gone to `asked`
    forward: Message | None = None
    asked: str = ""

    @property
    def said(self) -> str:
        """`how` for people."""
        return reasons.FOUND_BY[self.how]


def find(item: InboundItem, mail: ParsedMail) -> Found | None:
    """The first hit: signed reply address, our signed Message-IDs, other known Message-IDs, the marker in a
    quoted mail of ours, subject token, and last a bare number in the subject, which counts for an active
    ticket only. Each of them may be that of a forward; a reply address of a forward goes before others.
    """
    for found in _candidates(item, mail):
        return found
    return None


def _candidates(item: InboundItem, mail: ParsedMail) -> Iterator[Found]:
    sent_to = addresses(item, mail)
    ids = answered_ids(mail)
    yield from _moved(ids)
    for named in filter(None, map(references.forward_in_address, sent_to)):
        yield from _of_forward(named, "reply_address")
    for number in filter(None, map(references.number_in_address, sent_to)):
        yield from _found(Ticket.objects.filter(number=number), "reply_address", strong=True)
    for one in ids:
        if forward := references.forward_of_id(one):
            yield from _of_forward(forward, "signed_reference")
        elif known := references.verify(one):
            yield from _found(Ticket.objects.filter(pk=known[0]), "signed_reference", strong=True)
    yield from _by_known_id(item, mail, ids)
    for marked in references.marked_in_text(f"{mail.text}\n{mail.html}")[:3]:
        if isinstance(marked, references.ForwardTo):
            yield from _of_forward(marked, "marker")
        else:
            yield from _found(Ticket.objects.filter(number=marked), "marker", strong=True)
    if in_subject := references.forward_in_subject(mail.subject):
        yield from _of_forward(in_subject, "subject_token")
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


def _moved(ids: list[str]) -> Iterator[Found]:
    """A mail of ours whose message stands in another ticket since: its references still name the old one."""
    known = [found[1] for found in map(references.verify, ids) if found and found[1]]
    rows = Message.objects.filter(pk__in=known, ticket__isnull=False, details__has_key="was_in")
    at = dict(rows.exclude(kind=Message.Kind.FORWARD).values_list("pk", "ticket_id")) if known else {}
    for pk in known:
        if pk in at:
            yield from _found(Ticket.objects.filter(pk=at[pk]), "signed_reference", strong=True)


def _of_forward(named: references.ForwardTo, how: str) -> Iterator[Found]:
    """The forward that a reference names, if its ticket, the message and the recipient belong together."""
    forwards = Message.objects.filter(pk=named.message_id, kind=Message.Kind.FORWARD, ticket__isnull=False)
    for forward in forwards.select_related("ticket__queue", "ticket__requester", "ticket__status"):
        ticket = forward.ticket
        asked = [each for each in forward.to if references.mark_of(each) == named.mark]
        if ticket and asked and _stood_in(forward, ticket, named):
            yield Found(ticket, how, strong=True, forward=forward, asked=asked[0])


def _stood_in(forward: Message, ticket: Ticket, named: references.ForwardTo) -> bool:
    """Whether the reference names the forward's ticket, or one that it stood in when it left."""
    if named.ticket_id == ticket.pk or named.number == ticket.number:
        return True
    before = forward.details.get("was_in", [])
    return named.ticket_id in before or Ticket.objects.filter(pk__in=before, number=named.number).exists()


def _by_known_id(item: InboundItem, mail: ParsedMail, ids: list[str]) -> Iterator[Found]:
    """A mail of somebody else that we stored from the same mailbox.

    That of a supplier carries no signature of ours: only he or somebody of his domain goes on from it.
    """
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
            yield from _of_answer(message, mail.sender[1])
            yield from _found(Ticket.objects.filter(pk=message.ticket_id), "known_reference", strong=True)


def _of_answer(message: Message, sender: str) -> Iterator[Found]:
    """The forward that the known `message` answers, when `sender` is one of those who were asked."""
    asked = message.details.get("asked", "")
    if asked and _domain_or_address(asked) == _domain_or_address(sender):
        named = references.ForwardTo(
            message.details["answers"], references.mark_of(asked), ticket_id=message.ticket_id or 0
        )
        yield from _of_forward(named, "known_reference")


def _domain_or_address(address: str) -> str:
    """What people of one company have in common; of a provider that serves anybody the whole address."""
    key = email_key(address)
    domain = key.rpartition("@")[2]
    return key if is_public_mail_domain(domain) else domain


def _found(tickets: object, how: str, *, strong: bool) -> Iterator[Found]:
    """Of a ticket that was merged, the one of which it is part."""
    ticket = tickets.select_related("queue", "requester", "status").first()  # type: ignore[attr-defined]
    if ticket is not None:
        yield Found(final(ticket), how, strong)
