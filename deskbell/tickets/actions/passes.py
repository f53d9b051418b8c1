"""Links that open one ticket for one person without a sign-in (docs/decisions/0020)."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from deskbell.events.actor import SYSTEM
from deskbell.events.publish import publish
from deskbell.people.models import User
from deskbell.people.queries import company
from deskbell.people.rights import rights_of
from deskbell.tickets import events, rules
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.models import Ticket, TicketPass
from deskbell.tickets.pointers import final
from deskbell.tickets.reach import is_customer_of

SALT = "tickets.pass"


def may_have_pass(user: User, ticket: Ticket) -> bool:
    """A customer who could not sign in with a password, where the company sends such links at all."""
    return (
        company().ticket_link_days > 0
        and not user.has_usable_password()
        and not rights_of(user).staff
        and is_customer_of(user, ticket)
    )


@transaction.atomic
def make_pass(ticket: Ticket, user: User) -> str:
    """The signed part of the link; a link sent before lasts as long as this newest one."""
    ticket = lock(ticket)
    until = timezone.now() + timedelta(days=company().ticket_link_days)
    row, made = TicketPass.objects.get_or_create(
        ticket=ticket, user=user, revoked_at=None, defaults={"expires_at": until}
    )
    if made:
        publish(events.PassMade(user_id=user.pk), about=ticket, by=SYSTEM)
    elif row.expires_at < until:
        row.expires_at = until
        row.save(update_fields=["expires_at"])
    return signing.dumps(row.pk, salt=SALT)


def pass_of(token: str) -> int | None:
    """The id that a link was made for; whether it still opens anything is for `open_pass` to say."""
    try:
        return int(signing.loads(token, salt=SALT))
    except (signing.BadSignature, TypeError, ValueError):
        return None


def open_pass(pk: int) -> TicketPass | None:
    """The pass while it opens its ticket: neither ended nor too old, the ticket there and still his."""
    row = TicketPass.objects.select_related("user").filter(pk=pk).first()
    if row is None or row.revoked_at is not None or row.expires_at < timezone.now():
        return None
    row.ticket = Ticket.objects.with_row().get(pk=row.ticket_id)
    if row.ticket.merged_into_id is not None:
        row.ticket = Ticket.objects.with_row().get(pk=final(row.ticket).pk)
    user = row.user
    alive = user.is_active and not row.ticket.trashed and not rights_of(user).staff
    return row if alive and company().ticket_link_days > 0 and is_customer_of(user, row.ticket) else None


@transaction.atomic
def end_passes(ticket: Ticket, *, by: User, only: TicketPass | None = None) -> int:
    """No link sent so far opens the ticket any more, or `only` that one; how many. Raises NotAllowed.

    Whoever holds a pass may end it.
    """
    ticket = lock(ticket)
    if only is None or only.user_id != by.pk:
        rules.require(by, "end_links", ticket)
    here = Q(ticket=ticket) | Q(ticket__merged_into=ticket)
    rows = TicketPass.objects.filter(here, revoked_at=None)
    if only is not None:
        rows = rows.filter(pk=only.pk)
    ended = rows.update(revoked_at=timezone.now())
    if ended:
        publish(events.PassesRevoked(passes=ended), about=ticket, by=by)
    return ended
