"""Answers to what was forwarded.

Whoever has a reference of the forward may answer: it was signed for its recipient, who may hand it to a
colleague, and what comes of it is for staff alone, whoever else the writer is.
"""

from __future__ import annotations

from dataclasses import replace

from deskbell.channels import reasons
from deskbell.channels.case import Case, State, Verdict, content_of
from deskbell.channels.email import counters
from deskbell.channels.routing import Found
from deskbell.people.models import User
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content


def answer(case: Case, found: Found, sender: User) -> Verdict:
    """An internal message on the ticket of the forward, with its files; news to those in charge."""
    assert found.forward is not None
    if not counters.takes_supplier(found.forward.pk):
        count = counters.SUPPLIER_PER_HOUR
        return Verdict.quarantined("too_many", reasons.SUPPLIER_FLOOD % {"count": count})
    content = content_of(case, kind="supplier")
    content = replace(content, details={**content.details, "from": case.mail.sender[1]})
    message = tickets.supplier_answer(found.forward, content, asked=found.asked, by=sender)
    return Verdict(State.ANNOTATED, "supplier", found.said, ticket_id=found.ticket.pk, message_id=message.pk)


def noting(content: Content, forward_id: int, asked: str) -> Content:
    """`content`, of a machine, with the forward and the recipient that it is about."""
    return replace(content, details={**content.details, "answers": forward_id, "asked": asked})
