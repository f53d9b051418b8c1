"""Messages change tickets: none is lost, none is there twice. For callers that hold both locks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from deskbell.events.actor import Actor
from deskbell.events.models import Event
from deskbell.events.publish import publish
from deskbell.outbox.actions import carry_items
from deskbell.people.models import User
from deskbell.tickets import events
from deskbell.tickets.actions.properties import wake
from deskbell.tickets.models import ACTIVE_CATEGORIES, Message, Ticket

_CARRY = """
    update tickets_message
    set ticket_id = %(target)s,
        details = jsonb_set(details, '{was_in}', coalesce(details -> 'was_in', '[]') || to_jsonb(%(source)s))
    where id = any(%(ids)s) and ticket_id = %(source)s
"""
#: what a machine told the desk moves no ticket
_MACHINES = (Message.Kind.AUTO, Message.Kind.BOUNCE, Message.Kind.SYSTEM)


def carry(
    ids: Sequence[int],
    source: Ticket,
    target: Ticket,
    *,
    how: str,
    by: Actor | User,
    cause: Event | None = None,
) -> None:
    """Put the messages of `source` with these ids, and what left the house for them, into `target`."""
    with connection.cursor() as cursor:
        cursor.execute(_CARRY, {"ids": list(ids), "source": source.pk, "target": target.pk})
    carry_items(ids, target.pk)
    public = Message.objects.filter(pk__in=ids, visibility=Message.Visibility.PUBLIC).exists()
    recount(source, public=public)
    recount(target, public=public)
    given: dict[str, Any] = {"how": how, "messages": list(ids), "public": public}
    left = events.MessagesLeft(target_id=target.pk, **given)
    came = events.MessagesCame(source_id=source.pk, **given)
    if how != "merge":  # told by the merge itself
        publish(left, about=source, by=by, cause=cause)
    publish(came, about=target, by=by, cause=cause)


def recount(ticket: Ticket, *, public: bool) -> None:
    """What the ticket says of its newest message; `public` when its customers see something new."""
    rows = Message.objects.filter(ticket=ticket).order_by("-pk")
    rows = rows.exclude(visibility="internal", direction="in", kind__in=_MACHINES)
    newest = rows.select_related("author").first()
    said = rows.exclude(kind=Message.Kind.SUPPLIER).first()
    ticket.last_message_id = newest.pk if newest else None
    ticket.last_message_at = newest.created_at if newest else None
    ticket.last_author = newest.author if newest else None
    ticket.last_note = newest.kind if newest and newest.internal else ""
    ticket.last_direction = said.direction if said else "in"
    now = timezone.now()
    ticket.updated_at = now
    if public:
        ticket.public_at = now
    ticket.save()


def unanswered_since(ticket: Ticket, *, without: Message | None = None) -> datetime | None:
    """When its customer wrote what nobody has answered; an answer `without` which never left."""
    public = Message.objects.filter(ticket=ticket, visibility=Message.Visibility.PUBLIC)
    answers = public.filter(direction="out", kind=Message.Kind.HUMAN).order_by("-pk")
    answer = (answers.exclude(pk=without.pk) if without else answers).first()
    asked = public.filter(direction="in", pk__gt=answer.pk if answer else 0).order_by("pk").first()
    return asked.created_at if asked else None


def waits(ticket: Ticket, since: datetime | None, *, cause: Event | None = None) -> None:
    """Its customer waits since then, if he does not wait for longer already: it is open again."""
    if since is None or ticket.spam:
        return
    wake(ticket, cause=cause)
    ticket.waiting_since = min(since, ticket.waiting_since or since)
    ticket.save(update_fields=["waiting_since"])


def waits_less(ticket: Ticket) -> None:
    """Something its customer waited for has gone from it."""
    if ticket.waiting_since is not None:
        ticket.waiting_since = unanswered_since(ticket) if ticket.category in ACTIVE_CATEGORIES else None
        ticket.save(update_fields=["waiting_since"])
