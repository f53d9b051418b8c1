"""Find tickets by words, by number, by who asked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q
from markupsafe import Markup, escape

from deskbell.people.models import User
from deskbell.people.permissions import DESK
from deskbell.people.rights import rights_of
from deskbell.search.models import Document
from deskbell.tickets.models import Ticket
from deskbell.tickets.reach import any_of, customer_arms, desk_arms

#: newest documents that are looked at for a common word
NEWEST = 2_000
_WORD = re.compile(r"[\w.@+-]+", re.UNICODE)
_NUMBER = re.compile(r"^\s*#?(\d{1,12})\s*$")
_START, _STOP = "\ue000", "\ue001"


@dataclass(frozen=True)
class Hit:
    """A ticket and the line in which the words stand, as safe HTML with <mark>."""

    ticket: Ticket
    line: Markup
    number_match: bool = False


def number_of(words: str) -> int | None:
    """The ticket number meant by "1042" or "#1042"."""
    found = _NUMBER.match(words)
    return int(found.group(1)) if found else None


def tsquery(words: str) -> str:
    """All the words, the last one as a beginning; "" when there are none. Safe for to_tsquery('simple')."""
    found = _WORD.findall(words.replace("\0", ""))[:12]
    terms = ["'" + word.replace("'", "").replace("\\", "") + "'" for word in found]
    return " & ".join([*terms[:-1], f"{terms[-1]}:*"]) if terms else ""


def search(
    user: User, words: str, *, limit: int = 20, staff: bool = True, whole_organization: bool = True
) -> list[Hit]:
    """Tickets of which a message or the head has all the words, newest find first.

    With `staff`, what `user` reaches at the desk is searched, internal notes included; without, what he
    sees as a customer, public messages only; not `whole_organization`: what he asked or is copied in to.
    """
    hits = []
    arms = desk_arms(user) if staff else customer_arms(user)[: None if whole_organization else 2]
    if (number := number_of(words)) and (ticket := _reached(arms).filter(number=number).first()):
        hits.append(Hit(ticket, escape(ticket.subject), number_match=True))
    query = tsquery(words)
    if query:
        hits += [hit for hit in _by_words(user, arms, query, limit, staff) if hit.ticket.number != number]
    return hits[:limit]


def _reached(arms: list[Q]):
    return Ticket.objects.filter(any_of(arms), trashed_at=None).with_row()


def _by_words(user: User, arms: list[Q], query: str, limit: int, staff: bool) -> list[Hit]:
    found = _documents(user, arms, query, limit, staff)
    if not found:
        return []
    tickets = {ticket.pk: ticket for ticket in _reached(arms).filter(pk__in=[row[1] for row in found])}
    lines = _lines(query, [row[0] for row in found], staff)
    return [
        Hit(tickets[ticket], lines.get(document, Markup())) for document, ticket in found if ticket in tickets
    ]


def _documents(user: User, arms: list[Q], query: str, limit: int, staff: bool) -> list[tuple[int, int]]:
    """(document, ticket) of the newest matching document of each ticket within reach."""
    within = ""
    params: list = [query, *(["public", query] if not staff else [])]
    everything = staff and rights_of(user).reach(DESK).everything
    if not everything:
        sql, values = _reached(arms).values("pk").order_by().query.sql_with_params()
        within = f"and ticket_id in ({sql})"
        params += values
    with connection.cursor() as cursor:
        cursor.execute(  # the inserted parts are ours, values are parameters
            f"""
            with newest as (
                select id, ticket_id from search_document
                where tsv @@ to_tsquery('simple', unaccent(%s))
                  {"" if staff else _FOR_CUSTOMERS} {within}
                order by id desc limit {NEWEST}
            )
            select max(id), ticket_id from newest group by ticket_id order by max(id) desc limit %s
            """,  # noqa: S608
            [*params, limit],
        )
        return cursor.fetchall()


#: the head of a ticket holds who asked, which no line shows a customer: for him only its subject counts
_FOR_CUSTOMERS = """
    and audience = %s and (kind <> 'ticket' or exists (
        select from tickets_ticket t
        where t.id = ticket_id
          and to_tsvector('simple', unaccent(t.subject)) @@ to_tsquery('simple', unaccent(%s))
    ))
"""

_LINES = """
    select d.id,
           ts_headline('simple', coalesce(m.new_text, case when %s
                           then concat_ws(' · ', t.subject, u.name, i.given, o.name) else t.subject end),
                       to_tsquery('simple', unaccent(%s)),
                       'MaxWords=24, MinWords=8, MaxFragments=1, StartSel=' || %s || ', StopSel=' || %s)
    from search_document d
    left join tickets_message m on d.kind = 'message' and m.id = d.object_id
    left join tickets_ticket t on d.kind = 'ticket' and t.id = d.object_id
    left join people_user u on u.id = t.requester_id
    left join people_organization o on o.id = t.organization_id
    left join lateral (
        select string_agg(given, ' · ') as given from people_identity where user_id = t.requester_id
    ) i on true
    where d.id = any(%s)
"""


def _lines(query: str, documents: list[int], staff: bool) -> dict[int, Markup]:
    """How to reach people is for staff: a customer gets the subject where the head of a ticket was found."""
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [staff, query, _START, _STOP, documents])
        return {pk: _marked(text or "") for pk, text in cursor.fetchall()}


def _marked(text: str) -> Markup:
    safe = str(escape(" ".join(text.split())))
    return Markup(safe.replace(_START, "<mark>").replace(_STOP, "</mark>"))  # noqa: S704  escaped above


def words_condition(words: str) -> Q:
    """Condition on Ticket for lists: public documents with all the words; of a common word the newest."""
    query = tsquery(words)
    if not query:
        return Q(pk__in=[])
    found = Document.objects.extra(
        where=["tsv @@ to_tsquery('simple', unaccent(%s))", "audience = 'public'"], params=[query]
    ).order_by("-pk")[:NEWEST]
    return Q(pk__in=found.values("ticket_id"))
