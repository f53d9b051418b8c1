"""What a role may allow, and the roles every new desk has."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

#: may work at the desk: sees internal notes of the tickets he reaches
DESK = "desk.enter"
TICKET_CREATE = "ticket.create"
TICKET_REPLY = "ticket.reply"
TICKET_NOTE = "ticket.note"
TICKET_EDIT = "ticket.edit"
TICKET_ASSIGN = "ticket.assign"
TICKET_TRASH = "ticket.trash"
TICKET_DELETE = "ticket.delete"
TICKET_REDACT = "ticket.redact"
PEOPLE_VIEW = "people.view"
PEOPLE_EDIT = "people.edit"
PEOPLE_INVITE = "people.invite"
SETUP = "setup.enter"
AUDIT = "audit.view"
#: opens tickets of one's own, writes to those one sees as a customer, closes and reopens them
CUSTOMER_WRITE = "customer.write"
#: may hand out roles that can hand out roles
OWN = "desk.own"

WORK = (TICKET_CREATE, TICKET_REPLY, TICKET_NOTE, TICKET_EDIT, TICKET_ASSIGN)
EVERYTHING = (
    DESK,
    *WORK,
    TICKET_TRASH,
    TICKET_DELETE,
    TICKET_REDACT,
    PEOPLE_VIEW,
    PEOPLE_EDIT,
    PEOPLE_INVITE,
    SETUP,
    AUDIT,
    CUSTOMER_WRITE,
    OWN,
)


@dataclass(frozen=True)
class SeededRole:
    slug: str
    name: str
    scope: str
    permissions: tuple[str, ...]


SEEDED_ROLES = (
    SeededRole("owner", _("Owner"), "all", EVERYTHING),
    SeededRole("admin", _("Administrator"), "all", tuple(p for p in EVERYTHING if p != OWN)),
    SeededRole(
        "supervisor",
        _("Supervisor"),
        "all",
        (DESK, *WORK, TICKET_TRASH, TICKET_REDACT, PEOPLE_VIEW, PEOPLE_EDIT, AUDIT, CUSTOMER_WRITE),
    ),
    SeededRole(
        "agent",
        _("Agent"),
        "all",
        (DESK, *WORK, TICKET_TRASH, PEOPLE_VIEW, PEOPLE_EDIT, CUSTOMER_WRITE),
    ),
    SeededRole(
        "engineer",
        _("Field engineer"),
        "assigned",
        (DESK, TICKET_CREATE, TICKET_REPLY, TICKET_NOTE, TICKET_EDIT, CUSTOMER_WRITE),
    ),
    SeededRole("auditor", _("Auditor"), "all", (DESK, PEOPLE_VIEW, AUDIT, CUSTOMER_WRITE)),
    SeededRole("customer_manager", _("Customer manager"), "organization", (CUSTOMER_WRITE,)),
    SeededRole("customer", _("Customer"), "own", (CUSTOMER_WRITE,)),
    SeededRole("read_only", _("Read-only contact"), "own", ()),
    SeededRole("read_only_organization", _("Read-only contact of the organisation"), "organization", ()),
)
#: what a customer manager may make of the people of his organisation
CUSTOMER_LEVELS = ("customer", "read_only", "read_only_organization")
