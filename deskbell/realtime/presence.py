"""Who else has a ticket open, and who writes in it: seen before two answer the same customer.

No event and no part of the audit trail: it is forgotten in a minute. Customers never see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from deskbell.people.models import User
from deskbell.realtime import hub, topics
from deskbell.realtime.models import HERE_FOR, Presence
from deskbell.tickets.models import Ticket

#: kind of the notice; its ticket is named `present`, so that nothing else of a ticket's page asks anew
NOTICE = "presence"


class State(StrEnum):
    """What a page says of its reader."""

    HERE = "here"
    WRITING = "writing"
    #: writes no more: sent, or taken back
    STOPPED = "stopped"
    LEFT = "left"


@dataclass(frozen=True)
class Others:
    """The others at a ticket, by name; who writes is not among those who only look."""

    writing: list[User]
    looking: list[User]

    def __bool__(self) -> bool:
        return bool(self.writing or self.looking)


def told(ticket: Ticket, state: State, *, by: User) -> Others:
    """Note what the page of `by` says, and return who else is there. They hear of it when it is news."""
    now = timezone.now()
    with transaction.atomic():
        rows = Presence.objects.select_for_update()
        row, made = rows.get_or_create(ticket_id=ticket.pk, user_id=by.pk, defaults={"seen_at": now})
        before = (False, False) if made else (row.is_here(now), row.writes(now))
        if state is State.LEFT:
            row.delete()
            after = (False, False)
        else:
            row.seen_at = now
            if state is not State.HERE:
                row.writing_at = now if state is State.WRITING else None
            row.save()
            after = (True, row.writes(now))
        if made:  # so often that nobody stands there for long
            Presence.objects.filter(seen_at__lt=now - HERE_FOR).delete()
        others = others_at(ticket, by)
        if before != after and others:
            hub.publish(topics.of_staff(ticket), {"kind": NOTICE, "present": ticket.number})
    return others


def others_at(ticket: Ticket, user: User) -> Others:
    """Who but `user` is at the ticket now."""
    now = timezone.now()
    rows = Presence.objects.filter(ticket_id=ticket.pk, seen_at__gt=now - HERE_FOR).exclude(user_id=user.pk)
    writes = {row.user_id: row.writes(now) for row in rows}
    people = User.objects.filter(pk__in=writes, is_active=True).order_by("name", "pk") if writes else []
    return Others(
        writing=[each for each in people if writes[each.pk]],
        looking=[each for each in people if not writes[each.pk]],
    )
