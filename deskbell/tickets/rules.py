"""Who may do what to a ticket. Views, the API and templates ask the same rule by its name."""

from __future__ import annotations

from collections.abc import Callable

from deskbell.events.actor import Actor
from deskbell.people import permissions
from deskbell.people.models import User
from deskbell.people.rights import rights_of
from deskbell.people.rules import reads_only
from deskbell.tickets.models import Category, Ticket
from deskbell.tickets.reach import is_customer_of, reaches, sees_internal

Rule = Callable[[User, Ticket], bool]


class NotAllowed(Exception):
    """`rule` is the name of the rule that refused."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def _staff(permission: str) -> Rule:
    return lambda user, ticket: reaches(user, ticket, permission)


def _here(permission: str) -> Rule:
    """As `_staff`, for what is of no use at a ticket that is part of another."""
    return lambda user, ticket: ticket.merged_into_id is None and reaches(user, ticket, permission)


def _writes(user: User, ticket: Ticket, *, copied: bool = True) -> bool:
    """As a customer who does not only read."""
    return is_customer_of(user, ticket, copied=copied) and not reads_only(user)


def _customer_open(user: User, ticket: Ticket) -> bool:
    return not ticket.trashed and _writes(user, ticket, copied=False)


RULES: dict[str, Rule] = {
    "see_internal": sees_internal,
    "reply": _here(permissions.TICKET_REPLY),
    "forward": _here(permissions.TICKET_FORWARD),
    "note": _here(permissions.TICKET_NOTE),
    "status": _here(permissions.TICKET_STATUS),
    "classify": _here(permissions.TICKET_CLASSIFY),
    "edit": _here(permissions.TICKET_EDIT),
    "assign": _here(permissions.TICKET_ASSIGN),
    "claim": lambda user, ticket: (
        ticket.merged_into_id is None
        and (
            reaches(user, ticket, permissions.TICKET_ASSIGN) or reaches(user, ticket, permissions.TICKET_EDIT)
        )
    ),
    # merging, undoing it, splitting and moving messages: at both tickets
    "merge": _staff(permissions.TICKET_EDIT),
    "watch": sees_internal,
    "trash": _staff(permissions.TICKET_TRASH),
    "spam": _staff(permissions.TICKET_TRASH),
    "delete": _staff(permissions.TICKET_DELETE),
    "redact": _staff(permissions.TICKET_REDACT),
    "copy": lambda user, ticket: (
        ticket.merged_into_id is None
        and (reaches(user, ticket, permissions.TICKET_REPLY) or _customer_open(user, ticket))
    ),
    "customer_reply": _writes,
    "end_links": lambda user, ticket: (
        reaches(user, ticket, permissions.TICKET_REPLY) or is_customer_of(user, ticket, copied=False)
    ),
    "customer_close": lambda user, ticket: (
        ticket.category != Category.CLOSED and _customer_open(user, ticket)
    ),
    "customer_reopen": lambda user, ticket: (
        ticket.category in {Category.RESOLVED, Category.CLOSED}
        and ticket.merged_into_id is None
        and _customer_open(user, ticket)
    ),
}


#: property of a ticket → the rule for changing it; the assignee's depends on who it is to be
PROPERTY = {
    "status": "status",
    "priority": "classify",
    "type": "classify",
    "due_at": "classify",
    "tags": "classify",
    "subject": "edit",
    "queue": "edit",
    "team": "edit",
    "site": "edit",
}


def may(user: User, rule: str, ticket: Ticket) -> bool:
    """Whether `rule` lets `user` at `ticket`. KeyError for a rule that does not exist."""
    return RULES[rule](user, ticket)


def may_open(user: User) -> bool:
    """Opens tickets of his own."""
    return not reads_only(user)


def may_open_for_others(user: User) -> bool:
    return rights_of(user).has(permissions.TICKET_CREATE)


def may_oversee(user: User) -> bool:
    """Sees figures of everybody's work."""
    return rights_of(user).has(permissions.FIGURES)


def require(by: Actor | User, rule: str, ticket: Ticket) -> None:
    """Raises NotAllowed; the system may do anything."""
    if isinstance(by, User) and not may(by, rule, ticket):
        raise NotAllowed(rule)
