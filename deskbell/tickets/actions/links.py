from __future__ import annotations

from django.db import transaction

from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.people.models import User
from deskbell.tickets import events, rules
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.models import Ticket, TicketLink


@transaction.atomic
def link(ticket: Ticket, target: Ticket, *, kind: str, by: Actor | User) -> None:
    """Say that `ticket` comes from (follow_up) or has to do with (related) the older `target`."""
    ticket = lock(ticket)
    rules.require(by, "edit", ticket)
    _, made = TicketLink.objects.get_or_create(ticket=ticket, target=target, kind=kind)
    if made:
        publish(events.Linked(link_kind=kind, target_id=target.pk), about=ticket, by=by)
