"""What an engineer at the customer's place says with one button: on site, waiting, done."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deskbell.kit.time import clock
from deskbell.people.models import User
from deskbell.tickets import rules
from deskbell.tickets.actions.errors import EmptyMessage
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.actions.messages import note, reply
from deskbell.tickets.actions.properties import default_status, status_called, write
from deskbell.tickets.content import Content
from deskbell.tickets.models import Category, Message, Ticket


@transaction.atomic
def arrive(
    ticket: Ticket,
    content: Content,
    *,
    by: User,
    public: bool = False,
    after: int | None = None,
    now: datetime | None = None,
) -> Message:
    """`by` is at the customer's: a note says since when, the ticket is his and its status says so.

    What `content` says goes into that note or, if `public`, to the customer; it may be empty. `after` as for
    `reply`. Raises NotAllowed, Overtaken, UploadGone, TicketGone; nothing is written then.
    """
    ticket = lock(ticket)
    rules.require(by, "claim", ticket)
    rules.require(by, "status", ticket)
    since = _("On site since %(time)s") % {"time": clock(now or timezone.now())}
    if public and not content.empty:
        note(ticket, Content.markdown(since), by=by)
        said = reply(ticket, content, by=by, after=after)
    else:
        whole = f"{since}\n\n{content.text}"
        said = note(ticket, Content.markdown(whole, uploads=content.uploads), by=by)
    write(lock(ticket), {"assignee": by, "status": status_called("on-site")}, by=by)
    return said


def wait_for_customer(
    ticket: Ticket, content: Content, *, by: User, public: bool = False, after: int | None = None
) -> Message:
    """The customer must do something first: `content` says what. Raises as `arrive`, and EmptyMessage."""
    return _say_and_set(ticket, content, Category.PENDING, by=by, public=public, after=after)


def finish(
    ticket: Ticket, content: Content, *, by: User, public: bool = False, after: int | None = None
) -> Message:
    """It is done: `content` says what was. A `public` one tells the customer, after a note a mail does.

    Raises as `wait_for_customer`.
    """
    return _say_and_set(ticket, content, Category.RESOLVED, by=by, public=public, after=after)


@transaction.atomic
def _say_and_set(
    ticket: Ticket, content: Content, category: str, *, by: User, public: bool, after: int | None
) -> Message:
    ticket = lock(ticket)
    rules.require(by, "status", ticket)
    if not content.text.strip():
        raise EmptyMessage
    status = default_status(category)
    if public:
        return reply(ticket, content, by=by, status=status, after=after)
    return note(ticket, content, by=by, status=status)
