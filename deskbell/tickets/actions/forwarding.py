"""Parts of a ticket go to a supplier, and what he answers comes back: all of it for staff alone."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction
from django.db.models import Sum

from deskbell.events.publish import publish
from deskbell.people.addresses import is_email
from deskbell.people.models import User
from deskbell.tickets import content as contents
from deskbell.tickets import events, forwards, rules
from deskbell.tickets.actions.errors import (
    BadRecipients,
    EmptyMessage,
    FilesTooBig,
    NotForwardable,
    TicketGone,
)
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.actions.messages import store, touch
from deskbell.tickets.content import Content
from deskbell.tickets.forwards import Forward
from deskbell.tickets.models import Message, Ticket

MOST_RECIPIENTS = 20
LONGEST_SUBJECT = 200


@transaction.atomic
def forward(ticket: Ticket, given: Forward, *, by: User) -> Message:
    """Send messages and files of `ticket` on; each address gets a mail of its own (notifications).

    Raises NotAllowed, BadRecipients, NotForwardable, FilesTooBig, EmptyMessage, TicketGone.
    """
    ticket = lock(ticket)
    rules.require(by, "forward", ticket)
    return write_forward(ticket, checked(ticket, given), by=by)


def checked(ticket: Ticket, given: Forward) -> Forward:
    """`given` with its recipients once each. Raises as `forward`."""
    wrong = [address for address in given.to if not is_email(address)]
    once = list({address.casefold(): address for address in reversed(given.to)}.values())[::-1]
    if wrong or not once or len(once) > MOST_RECIPIENTS:
        raise BadRecipients(wrong)
    if given.empty:
        raise EmptyMessage
    subject = " ".join(given.subject.replace("\0", "").split())[:LONGEST_SUBJECT] or ticket.subject
    present = what_is_there(ticket, given)
    for what in ("messages", "files"):
        if missing := [pk for pk in getattr(given, what) if pk not in getattr(present, what)]:
            raise NotForwardable(what, missing)
    if given.answers is not None and not _answers_of(ticket).filter(pk=given.answers).exists():
        raise NotForwardable("answers", [given.answers])
    files = forwards.files_of(ticket).filter(pk__in=given.files).order_by()
    size = files.aggregate(size=Sum("blob__size"))["size"] or 0
    if size > contents.FILES_LIMIT:
        raise FilesTooBig(size, contents.FILES_LIMIT)
    return replace(present, to=once, subject=subject)


def what_is_there(ticket: Ticket, given: Forward) -> Forward:
    """`given` without messages and files that are not of `ticket`, or were redacted; each once, in order."""
    messages = forwards.messages_of(ticket).filter(pk__in=given.messages).order_by("pk")
    files = forwards.files_of(ticket).filter(pk__in=given.files)
    return replace(
        given,
        messages=list(messages.values_list("pk", flat=True)),
        files=list(files.values_list("pk", flat=True)),
    )


def _answers_of(ticket: Ticket):
    return Message.objects.filter(ticket=ticket, kind=Message.Kind.SUPPLIER)


def write_forward(ticket: Ticket, given: Forward, *, by: User) -> Message:
    """As `forward`, for a caller that holds the lock and has checked."""
    given = what_is_there(ticket, given)
    content = replace(
        Content.markdown(given.text),
        kind=Message.Kind.FORWARD.value,
        subject=given.subject,
        to=given.to,
        details={
            "messages": given.messages,
            "files": given.files,
            **({"answers": given.answers} if given.answers else {}),
        },
    )
    message = store(
        ticket, content, author=by, direction="out", visibility="internal", by=by, channel="email"
    )
    publish(
        events.Forwarded(message_id=message.pk, to=given.to, messages=given.messages, files=given.files),
        about=ticket,
        by=by,
    )
    touch(ticket, message)
    return message


@transaction.atomic
def supplier_answer(forwarded: Message, content: Content, *, asked: str, by: User) -> Message:
    """What came back to a forward, written by `by`; `asked` is the recipient whom the forward had reached.

    It is news to the desk and changes nothing between desk and customer: it opens, closes and restores
    nothing, and its writer becomes no follower. Raises TicketGone.
    """
    if forwarded.ticket is None:
        raise TicketGone(str(forwarded))
    ticket = lock(forwarded.ticket)
    content = replace(
        content,
        kind=Message.Kind.SUPPLIER.value,
        details={**content.details, "answers": forwarded.pk, "asked": asked},
    )
    message = store(ticket, content, author=by, direction="in", visibility="internal", by=by, channel="email")
    publish(events.SupplierAnswered(message_id=message.pk, forward_id=forwarded.pk), about=ticket, by=by)
    touch(ticket, message)
    return message
