"""Keep documents in step with what they stand for."""

from __future__ import annotations

from django.db import connection

from deskbell.people.models import User
from deskbell.search.models import Document
from deskbell.tickets.models import Message, Ticket

#: characters of a text that are indexed; PostgreSQL takes 1 MB of lexemes at most
LONGEST = 200_000

_PUT = """
    insert into search_document (kind, object_id, ticket_id, audience, language, tsv)
    values (%s, %s, %s, %s, '', to_tsvector('simple', unaccent(%s)))
    on conflict (kind, object_id) do update
        set tsv = excluded.tsv, audience = excluded.audience, ticket_id = excluded.ticket_id
"""


def put_message(message: Message) -> None:
    words = f"{message.subject}\n{message.text}"
    audience = Document.Audience.STAFF if message.internal else Document.Audience.PUBLIC
    _put("message", message.pk, message.ticket_id, audience, words)


def put_ticket(ticket: Ticket) -> None:
    """Its subject, and who asked: name, addresses, organisation."""
    _put("ticket", ticket.pk, ticket.pk, Document.Audience.PUBLIC, ticket_words(ticket))


def ticket_words(ticket: Ticket) -> str:
    requester: User = ticket.requester
    addresses = " ".join(identity.given for identity in requester.identities.all())
    organization = ticket.organization.name if ticket.organization else ""
    return "\n".join([ticket.subject, requester.name, addresses, organization])


def put_tickets_of(user: User) -> None:
    """Somebody's name or address changed: his tickets are found by the new one."""
    tickets = Ticket.objects.filter(requester=user).select_related("requester", "organization")
    for ticket in tickets.prefetch_related("requester__identities").iterator(chunk_size=500):
        put_ticket(ticket)


def forget_ticket(ticket_id: int) -> None:
    Document.objects.filter(ticket_id=ticket_id).delete()


def _put(kind: str, pk: int, ticket_id: int | None, audience: str, words: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_PUT, [kind, pk, ticket_id, audience, words[:LONGEST]])
