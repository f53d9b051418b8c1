"""Keep documents in step with what they stand for."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from deskbell.search.models import Document

#: characters of a text that are indexed; PostgreSQL takes 1 MB of lexemes at most
LONGEST = 200_000

#: what is found of a message; {} narrows it down
_MESSAGES = """
    select 'message' as kind, m.id as object_id, m.ticket_id, m.created_at as at,
           case when m.visibility = 'internal' or m.details -> 'whatsapp' -> 'gone_at' is not null
               then 'staff' else 'public' end as audience,
           m.subject || E'\\n' || m.text as words
    from tickets_message m where {}
"""
#: and of a ticket: its subject, and who asked by name, addresses and organisation
_TICKETS = """
    select 'ticket' as kind, t.id as object_id, t.id as ticket_id, t.created_at as at, 'public' as audience,
           concat_ws(E'\\n', t.subject, u.name, a.addresses, o.name) as words
    from tickets_ticket t
    join people_user u on u.id = t.requester_id
    left join people_organization o on o.id = t.organization_id
    cross join lateral (
        select string_agg(given, ' ' order by id) as addresses from people_identity where user_id = u.id
    ) a
    where {}
"""
_PUT = """
    insert into search_document (kind, object_id, ticket_id, audience, language, tsv)
    select kind, object_id, ticket_id, audience, '', to_tsvector('simple', unaccent(left(words, %(longest)s)))
    from ({}) written
    {}
    on conflict (kind, object_id) do update
        set tsv = excluded.tsv, audience = excluded.audience, ticket_id = excluded.ticket_id
"""
_PUT_MESSAGE = _PUT.format(_MESSAGES.format("m.id = %(id)s"), "")
_PUT_TICKET = _PUT.format(_TICKETS.format("t.id = %(id)s"), "")
_PUT_TICKETS_OF = _PUT.format(_TICKETS.format("t.requester_id = %(id)s"), "")
#: the newest last, as ids of documents follow time
_PUT_MANY = _PUT.format(
    f"{_MESSAGES.format('m.ticket_id = any(%(ids)s)')} union all {_TICKETS.format('t.id = any(%(ids)s)')}",
    "order by at, kind",
)


def put_message(message_id: int) -> None:
    """What this message says is found from now on; staff alone find what is internal or was taken back."""
    _put(_PUT_MESSAGE, id=message_id)


def put_ticket(ticket_id: int) -> None:
    """Its subject and its requester are found from now on."""
    _put(_PUT_TICKET, id=ticket_id)


def put_tickets_of(user_id: int) -> None:
    """Somebody's name or address changed: his tickets are found by the new one."""
    _put(_PUT_TICKETS_OF, id=user_id)


def put_many(ticket_ids: Sequence[int]) -> None:
    """All of these tickets, messages included."""
    _put(_PUT_MANY, ids=list(ticket_ids))


def carry_messages(message_ids: Sequence[int], ticket_id: int) -> None:
    """They are found under that ticket from now on."""
    Document.objects.filter(kind="message", object_id__in=message_ids).update(ticket_id=ticket_id)


def forget_ticket(ticket_id: int) -> None:
    Document.objects.filter(ticket_id=ticket_id).delete()


def _put(statement: str, **values: int | list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"longest": LONGEST, **values})
