"""Subjects, compared and made."""

from __future__ import annotations

from django.utils.translation import gettext as _

from deskbell.channels.email.quotes import bare_subject
from deskbell.channels.email.references import without_token
from deskbell.tickets.models import Message, Ticket


def plain(subject: str) -> str:
    """`subject` without reply marks, tokens and the difference of capitals."""
    return bare_subject(without_token(subject)).casefold()


def of_forward(ticket: Ticket, answered: Message | None = None) -> str:
    """What a mail to a supplier is usually called; `answered` is what he wrote before."""
    if answered is None:
        return _("Fwd: %(subject)s") % {"subject": ticket.subject}
    subject = bare_subject(without_token(answered.subject)) or ticket.subject
    return _("Re: %(subject)s") % {"subject": subject}
