"""Reads over the inbound ledger."""

from __future__ import annotations

import re
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Exists, F, Func, OuterRef, QuerySet

from deskbell.channels.email.references import base_address
from deskbell.channels.models import Channel, InboundItem, TicketQuestion
from deskbell.channels.webform.sent import FormSent
from deskbell.people.addresses import is_email
from deskbell.people.models import User
from deskbell.people.queries import company
from deskbell.tickets.models import Queue, Ticket
from deskbell.tickets.reach import any_of, desk_arms

DECIDED = ("ticketed", "added", "annotated", "quarantined", "blocked", "duplicate")
#: bytes of a mail in which its head ends
HEAD_READ = 256 * 1024


def totals() -> dict[str, int | bool]:
    """`{received, waiting, ticketed, …, duplicate, balanced}` in one statement, so that it adds up.

    `received` counts every item ever stored, `waiting` those without a decision yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select state, count(*), sum(count(*)) over () from channels_inbounditem group by state"
        )
        rows = cursor.fetchall()
    counts = {state: count for state, count, _ in rows}
    answer: dict[str, int | bool] = {"received": int(rows[0][2]) if rows else 0}
    answer["waiting"] = counts.get("received", 0)
    answer.update({state: counts.get(state, 0) for state in DECIDED})
    standing = sum(int(answer[name]) for name in ("waiting", *DECIDED))
    answer["balanced"] = answer["received"] == standing
    return answer


def inbox(state: str | None = None, *, limit: int = 200) -> list[dict[str, Any]]:
    """The newest items of the ledger, without their content; of one state if given."""
    items = InboundItem.objects.select_related("channel").defer("raw").order_by("-pk")
    if state:
        items = items.filter(state=state)
    return [present(item) for item in items[:limit]]


def present(item: InboundItem) -> dict[str, Any]:
    """One item as programs and pages see it. Times are datetimes in UTC."""
    return {
        "id": item.pk,
        "channel": item.channel.address or item.channel.name,
        "external_id": item.external_id,
        "from": item.envelope_from,
        "to": item.envelope_to,
        "state": item.state,
        "reason": item.reason,
        "reason_text": item.reason_text,
        "ticket_id": item.ticket_id,
        "message_id": item.message_id,
        "duplicate_of": item.duplicate_of,
        "attempts": item.attempts,
        "received_at": item.received_at,
        "decided_at": item.decided_at,
    }


def own_addresses() -> frozenset[str]:
    """Every address that is a mailbox of this desk, off or not."""
    return frozenset(Channel.objects.filter(kind=Channel.Kind.EMAIL).values_list("address", flat=True))


def desk_addresses() -> set[str]:
    """Every address under which this desk writes or is written to, casefolded. One query."""
    mailboxes = Channel.objects.filter(kind=Channel.Kind.EMAIL).values_list("address", flat=True)
    both = mailboxes.union(Queue.objects.exclude(address="").values_list("address", flat=True))
    single = filter(None, [company().support_address])
    return {address.casefold() for address in (*both, *single)}


def own_among(addresses: list[str]) -> list[str]:
    """Those of `addresses` that lead back to this desk, plus addresses too."""
    ours = desk_addresses()
    return [each for each in addresses if base_address(each) in ours]


def form_is_open() -> bool:
    """Whether the web form takes anything in: an administrator may have switched its channel off."""
    return not Channel.objects.filter(kind=Channel.Kind.WEBFORM, state=Channel.State.OFF).exists()


def waiting_questions(user: User) -> QuerySet[TicketQuestion]:
    """What waits until it is known which ticket it is about, where `user` reaches one of those as staff."""
    is_offered = Func(
        F("pk"), OuterRef("offered"), template="(%(expressions)s))", arg_joiner=" = any(",
        output_field=BooleanField(),
    )  # fmt: skip
    reached = Ticket.objects.filter(any_of(desk_arms(user)), is_offered, trashed_at=None)
    return TicketQuestion.objects.filter(Exists(reached), settled_at=None)


#: mostly nothing waits, which is seen without a look at anybody's tickets
_ANY = "select exists (select 1 from channels_ticketquestion where settled_at is null)"


def waiting_count(user: User, *, most: int) -> int:
    """How many of `waiting_questions` there are, counted up to `most`."""
    with connection.cursor() as cursor:
        cursor.execute(_ANY)
        if not cursor.fetchone()[0]:
            return 0
    return waiting_questions(user).values("pk")[:most].count()


def sender_of(item: InboundItem) -> str:
    """The address, or number, of who says he sent it, or nothing. Reads the head of a mail alone."""
    raw = bytes(item.raw)
    if item.channel.kind == Channel.Kind.WEBFORM:
        try:
            return FormSent.parse(raw).email
        except (ValueError, TypeError):
            return ""
    if item.channel.kind == Channel.Kind.WHATSAPP_CLOUD:
        return item.shown_sender if item.envelope_from.isdigit() else ""
    if item.channel.kind != Channel.Kind.EMAIL:
        return ""
    head = re.split(rb"\r?\n\r?\n", raw[:HEAD_READ], maxsplit=1)[0]
    address = parseaddr(str(BytesHeaderParser().parsebytes(head).get("From", "")))[1]
    return address if is_email(address) else ""
