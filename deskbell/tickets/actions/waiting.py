"""Replies that wait until the customer writes in his chat."""

from __future__ import annotations

from deskbell.events.actor import Actor
from deskbell.events.models import Event
from deskbell.events.publish import publish
from deskbell.people.models import User
from deskbell.tickets import events
from deskbell.tickets.actions.drafts import keep_draft
from deskbell.tickets.models import Draft, HeldReply, Ticket


def return_waiting(ticket: Ticket, *, why: str, by: Actor | User, cause: Event | None = None) -> None:
    """None of them leaves any more: each is its writer's draft again. The caller holds the lock."""
    for held in (
        HeldReply.objects.filter(ticket=ticket, leaves_at=None).select_related("author").order_by("pk")
    ):
        as_draft(held)
        HeldReply.objects.filter(pk=held.pk).delete()
        publish(events.ReplyReturned(held_id=held.pk, why=why), about=ticket, by=by, cause=cause)


def as_draft(held: HeldReply) -> str:
    """Keep its words as the writer's draft; the whole text of that draft."""
    begun = Draft.objects.filter(user=held.author, ticket=held.ticket, kind=Draft.Kind.REPLY).first()
    text = "\n\n".join(part for part in (held.text, begun.text if begun else "") if part.strip())
    keep_draft(held.author, kind=Draft.Kind.REPLY, text=text, ticket=held.ticket)
    return text
