"""One shape per thing, for the API, webhooks and templates: plain dictionaries, ready for JSON.

Each kind has a function for one and a function for many; many cost as many queries as one. `reader` is the
person who will see it: a customer is shown neither the desk's own marks (tags, team, due date, custom
fields, deliveries) nor how to reach people outside his organisation. Without a reader everything is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.urls import reverse

from deskbell.events.models import Event
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import Organization, Team, User
from deskbell.people.queries import knows, phones_of
from deskbell.tickets import queries
from deskbell.tickets.models import Attachment, Message, Priority, Queue, Status, Ticket, TicketType
from deskbell.tickets.reach import sees_internal

Shape = dict[str, Any]

_TICKET_ROW = (
    "status",
    "requester",
    "organization",
    "queue",
    "team",
    "assignee",
    "type",
    "tags",
    "merged_into",
)
_MESSAGE_ROW = ("author", "attachments__blob", "ticket__queue")


def moment(value: datetime | None) -> str | None:
    """RFC 3339 in UTC to the microsecond, so that an answer's time can be handed back as a limit."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z") if value else None


def priority(value: int) -> str:
    """`low`, `normal`, `high` or `urgent`."""
    return Priority(value).name.lower()


# --- people and organisations -------------------------------------------------------------------


def person(user: User, *, reader: User | None = None, staff: bool = True) -> Shape:
    """`id, name, email, phone`."""
    return _person(user, phones_of([user]), reader, staff)


def people(users: Sequence[User]) -> list[Shape]:
    phones = phones_of(users)
    return [_person(user, phones, None, True) for user in users]


def _person(user: User, phones: dict[int, str], reader: User | None, staff: bool) -> Shape:
    known = reader is None or staff or knows(reader, user)
    return {
        "id": user.pk,
        "name": user.name or (user.display_name if known else ""),
        "email": user.email if known else None,
        "phone": phones.get(user.pk) if known else None,
    }


def organization(row: Organization) -> Shape:
    """`id, name`: as it is named in other shapes."""
    return {"id": row.pk, "name": row.name}


def team(row: Team) -> Shape:
    return {"id": row.pk, "name": row.name}


def queue(row: Queue) -> Shape:
    return {"id": row.pk, "slug": row.slug, "name": row.name}


def status(row: Status) -> Shape:
    return {"slug": row.slug, "label": row.label, "category": row.category}


def ticket_type(row: TicketType) -> Shape:
    return {"slug": row.slug, "name": row.name}


# --- tickets ------------------------------------------------------------------------------------


def ticket(row: Ticket, *, reader: User | None = None) -> Shape:
    return tickets([row], reader=reader)[0]


def tickets(rows: Sequence[Ticket], *, reader: User | None = None) -> list[Shape]:
    """Two queries more than the rows (`Ticket.objects.with_row()`) cost: tags and phone numbers."""
    prefetch_related_objects(rows, *_TICKET_ROW)
    phones = phones_of(user for row in rows for user in (row.requester, row.assignee))
    return [_ticket(row, phones, reader) for row in rows]


def _ticket(row: Ticket, phones: dict[int, str], reader: User | None) -> Shape:
    staff = reader is None or sees_internal(reader, row)
    return {
        "number": row.number,
        "subject": row.subject,
        "status": status(row.status),
        "priority": priority(row.priority),
        "type": row.type.slug if row.type else None,
        "channel": row.channel,
        "queue": queue(row.queue),
        "team": team(row.team) if row.team and staff else None,
        "assignee": _person(row.assignee, phones, reader, staff) if row.assignee else None,
        "requester": _person(row.requester, phones, reader, staff),
        "organization": organization(row.organization) if row.organization else None,
        "tags": sorted(tag.name for tag in row.tags.all()) if staff else [],
        "custom": row.custom if staff else {},
        "due_at": moment(row.due_at) if staff else None,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at if staff else row.public_at),
        "first_responded_at": moment(row.first_responded_at),
        "resolved_at": moment(row.resolved_at),
        "merged_into": row.merged_into.number if row.merged_into else None,
        "version": row.version,
        "url": url(row, staff=staff),
    }


def url(row: Ticket, *, staff: bool) -> str:
    """The address of its page, on the desk or in the portal."""
    return settings.BASE_URL + reverse("desk:ticket" if staff else "portal:ticket", args=[row.number])


# --- messages -----------------------------------------------------------------------------------


def message(row: Message, *, reader: User | None = None) -> Shape:
    return messages([row], reader=reader)[0]


def messages(rows: Sequence[Message], *, reader: User | None = None) -> list[Shape]:
    """Authors, files with their blobs, tickets with their queues, phones and deliveries: one query each."""
    prefetch_related_objects(rows, *_MESSAGE_ROW)
    phones = phones_of(row.author for row in rows)
    sent = queries.deliveries([row.pk for row in rows if row.direction == Message.Direction.OUT])
    return [_message(row, phones, sent.get(row.pk, []), reader) for row in rows]


def _message(row: Message, phones: dict[int, str], sent: list[OutboxItem], reader: User | None) -> Shape:
    staff = reader is None or (row.ticket is None or sees_internal(reader, row.ticket))
    hidden = row.taken_back and not staff
    files = [] if hidden else sorted(row.attachments.all(), key=lambda file: file.pk)
    return {
        "id": row.pk,
        "ticket": row.ticket.number if row.ticket else None,
        "direction": row.direction,
        "visibility": row.visibility,
        "kind": row.kind,
        "channel": row.channel,
        "author": _person(row.author, phones, reader, staff) if row.author else None,
        "to": row.to,
        "cc": row.cc,
        "subject": row.subject,
        "text": "" if hidden else row.text,
        "new_text": "" if hidden else row.new_text,
        "html": "" if hidden else row.html,
        "attachments": [attachment(file) for file in files],
        "external_id": row.external_id or None,
        "in_reply_to": row.in_reply_to or None,
        "deliveries": [delivery(item) for item in sent] if staff else [],
        "created_at": moment(row.created_at),
        "sent_at": moment(row.sent_at),
    }


def attachment(row: Attachment) -> Shape:
    return {
        "id": row.pk,
        "filename": row.filename,
        "content_type": row.blob.content_type,
        "size": row.blob.size,
        "inline": row.inline,
    }


def delivery(item: OutboxItem) -> Shape:
    """How far one copy of a message came; `error` only when there is one."""
    failed = item.error_code or item.error_text
    return {
        "to": item.recipient,
        "channel": item.driver,
        "state": item.state,
        "error": {"code": item.error_code, "text": item.error_text} if failed else None,
        "at": moment(item.changed_at),
    }


# --- events -------------------------------------------------------------------------------------


def event(row: Event, *, reader: User | None = None) -> Shape:
    return events([row], reader=reader)[0]


def events(rows: Sequence[Event], *, reader: User | None = None) -> list[Shape]:
    """What happened: plain `data` for programs, `text` for people (in the active language).

    A `reader` is a customer, who is not told the names of people outside his organisation.
    """
    return [
        {
            "id": entry.event.pk,
            "kind": entry.event.kind,
            "at": moment(entry.event.at),
            "actor": {"kind": entry.event.actor_kind, "id": entry.event.actor_id, "name": entry.who},
            "text": entry.sentence,
            "data": {**entry.event.data, **_private(entry.event)},
        }
        for entry in queries.described(list(rows), reader=reader)
        if entry.event is not None
    ]


def _private(row: Event) -> Shape:
    """Values that may be erased; gone when they were."""
    return row.detail.values if hasattr(row, "detail") else {}
