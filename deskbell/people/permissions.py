"""What a role may allow, in words, and the roles every new desk has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

#: may work at the desk: sees internal notes of the tickets he reaches
DESK = "desk.enter"
TICKET_CREATE = "ticket.create"
TICKET_REPLY = "ticket.reply"
#: hand messages and files on to people outside, suppliers above all
TICKET_FORWARD = "ticket.forward"
TICKET_NOTE = "ticket.note"
TICKET_STATUS = "ticket.status"
TICKET_CLASSIFY = "ticket.classify"
TICKET_EDIT = "ticket.edit"
TICKET_ASSIGN = "ticket.assign"
TICKET_TRASH = "ticket.trash"
TICKET_DELETE = "ticket.delete"
TICKET_REDACT = "ticket.redact"
PEOPLE_VIEW = "people.view"
PEOPLE_EDIT = "people.edit"
PEOPLE_INVITE = "people.invite"
#: make two customers who are one person one
PEOPLE_MERGE = "people.merge"
#: take away for good who a person is
PEOPLE_ANONYMISE = "people.anonymise"
FIGURES = "figures.view"
AUDIT = "audit.view"
SETUP = "setup.enter"
#: queues, statuses, types and tags
SHAPE = "setup.tickets"
TEAMS = "setup.teams"
ROLES = "setup.roles"
#: opens tickets of one's own, writes to those one sees as a customer, closes and reopens them; every role but
#: those of customers has it without saying so
CUSTOMER_WRITE = "customer.write"
#: may hand out roles that can hand out roles
OWN = "desk.own"

#: what an administrator does to change anything about tickets; before they were three this was TICKET_EDIT
CHANGE = (TICKET_STATUS, TICKET_CLASSIFY, TICKET_EDIT)
WORK = (TICKET_CREATE, TICKET_REPLY, TICKET_FORWARD, TICKET_NOTE, *CHANGE, TICKET_ASSIGN)
#: each opens some page of the setup
SETTING_UP = (SETUP, SHAPE, TEAMS, ROLES, PEOPLE_INVITE)
EVERYTHING = (
    DESK,
    *WORK,
    TICKET_TRASH,
    TICKET_DELETE,
    TICKET_REDACT,
    PEOPLE_VIEW,
    PEOPLE_EDIT,
    PEOPLE_INVITE,
    PEOPLE_MERGE,
    PEOPLE_ANONYMISE,
    FIGURES,
    AUDIT,
    SETUP,
    SHAPE,
    TEAMS,
    ROLES,
    OWN,
)
#: those whose reach is a set of tickets; the others hold for the desk as a whole
OF_TICKETS = frozenset({DESK, *WORK, TICKET_TRASH, TICKET_DELETE, TICKET_REDACT, FIGURES, AUDIT})

Words = str | Promise


@dataclass(frozen=True)
class Permission:
    """`title` names it in a list, `sentence` says what it lets somebody do."""

    key: str
    title: Words
    sentence: Words


@dataclass(frozen=True)
class Group:
    title: Words
    permissions: tuple[Permission, ...]


#: every permission that a role may be given by hand; OWN is the owner's alone
GROUPS = (
    Group(
        gettext_lazy("Tickets"),
        (
            Permission(
                DESK,
                gettext_lazy("Work at the desk"),
                gettext_lazy("Read the tickets within reach, with their internal notes."),
            ),
            Permission(
                TICKET_CREATE,
                gettext_lazy("Open for others"),
                gettext_lazy("Open tickets in the name of customers, after a call for example."),
            ),
            Permission(
                TICKET_REPLY,
                gettext_lazy("Answer customers"),
                gettext_lazy("Write what the customer reads, and copy other people in."),
            ),
            Permission(
                TICKET_FORWARD,
                gettext_lazy("Forward to suppliers"),
                gettext_lazy("Hand messages and files on to people outside, and write to them."),
            ),
            Permission(
                TICKET_NOTE,
                gettext_lazy("Write notes"),
                gettext_lazy("Write internal notes, and correct one’s own."),
            ),
            Permission(
                TICKET_STATUS,
                gettext_lazy("Set the status"),
                gettext_lazy("Say where a ticket stands: in progress, waiting, resolved, closed."),
            ),
            Permission(
                TICKET_CLASSIFY,
                gettext_lazy("Sort"),
                gettext_lazy("Set priority, type, due time and tags."),
            ),
            Permission(
                TICKET_EDIT,
                gettext_lazy("Move and rename"),
                gettext_lazy(
                    "Change subject, queue, team and site, link, merge and split tickets, take one oneself."
                ),
            ),
            Permission(
                TICKET_ASSIGN,
                gettext_lazy("Assign"),
                gettext_lazy("Give tickets to other people, or take one oneself."),
            ),
        ),
    ),
    Group(
        gettext_lazy("Removing"),
        (
            Permission(
                TICKET_TRASH,
                gettext_lazy("Trash and spam"),
                gettext_lazy("Move tickets to the trash and back, and mark spam."),
            ),
            Permission(
                TICKET_DELETE,
                gettext_lazy("Delete for ever"),
                gettext_lazy("Delete a ticket from the trash, with all its messages and files."),
            ),
            Permission(
                TICKET_REDACT,
                gettext_lazy("Take words out"),
                gettext_lazy("Remove a message’s text or a file for good, with a reason."),
            ),
        ),
    ),
    Group(
        gettext_lazy("People"),
        (
            Permission(
                PEOPLE_VIEW,
                gettext_lazy("Look people up"),
                gettext_lazy("Find customers and organisations, with their addresses and tickets."),
            ),
            Permission(
                PEOPLE_EDIT,
                gettext_lazy("Change customers"),
                gettext_lazy("Change names, addresses, organisation and notes of customers."),
            ),
            Permission(
                PEOPLE_INVITE,
                gettext_lazy("Manage staff"),
                gettext_lazy("Invite people, give and take back roles, close accounts."),
            ),
            Permission(
                PEOPLE_MERGE,
                gettext_lazy("Merge customers"),
                gettext_lazy("Make two customers one, with all their tickets and addresses, and undo that."),
            ),
            Permission(
                PEOPLE_ANONYMISE,
                gettext_lazy("Anonymise people"),
                gettext_lazy("Erase for good who a person is, on request; messages stay."),
            ),
        ),
    ),
    Group(
        gettext_lazy("Overview"),
        (
            Permission(
                FIGURES,
                gettext_lazy("See the figures"),
                gettext_lazy("See how much work there is and who does how much of it."),
            ),
            Permission(
                AUDIT,
                gettext_lazy("Read the audit trail"),
                gettext_lazy("Read who did what and when, as far as the role reaches."),
            ),
        ),
    ),
    Group(
        gettext_lazy("Setup"),
        (
            Permission(
                SETUP,
                gettext_lazy("Set up the desk"),
                gettext_lazy("Company, organisations, announcement, mail, shared replies and the system."),
            ),
            Permission(
                SHAPE,
                gettext_lazy("Shape tickets"),
                gettext_lazy("Add, change and remove queues, statuses, types and tags."),
            ),
            Permission(
                TEAMS,
                gettext_lazy("Shape teams"),
                gettext_lazy("Add, rename and remove teams."),
            ),
            Permission(
                ROLES,
                gettext_lazy("Shape roles"),
                gettext_lazy("Make roles and change what they may, never more than one may oneself."),
            ),
        ),
    ),
)
OFFERED = tuple(permission.key for group in GROUPS for permission in group.permissions)
#: what a role of customers may be given
FOR_CUSTOMERS = Group(
    gettext_lazy("Tickets"),
    (
        Permission(
            CUSTOMER_WRITE,
            gettext_lazy("Write"),
            gettext_lazy("Open tickets, answer, close and reopen them. Without it the person only reads."),
        ),
    ),
)
OFFERED_TO_CUSTOMERS = tuple(permission.key for permission in FOR_CUSTOMERS.permissions)


def complete(chosen: Iterable[str]) -> list[str]:
    """`chosen` with what they are of no use without, in the order of EVERYTHING.

    Who does something with tickets reads them; who changes, invites or anonymises people finds them; who
    merges them changes them.
    """
    given = set(chosen)
    if given & OF_TICKETS:
        given.add(DESK)
    if PEOPLE_MERGE in given:
        given.add(PEOPLE_EDIT)
    if given & {PEOPLE_EDIT, PEOPLE_INVITE, PEOPLE_ANONYMISE}:
        given.add(PEOPLE_VIEW)
    return [permission for permission in EVERYTHING if permission in given]


#: the role that is always complete, and those that the desk gives by itself: none of them can be removed
OWNER = "owner"
KEPT = frozenset({OWNER, "customer", "customer_manager", "read_only", "read_only_organization"})


@dataclass(frozen=True)
class SeededRole:
    slug: str
    name: str
    scope: str
    permissions: tuple[str, ...]


SEEDED_ROLES = (
    SeededRole(OWNER, _("Owner"), "all", EVERYTHING),
    SeededRole("admin", _("Administrator"), "all", tuple(p for p in EVERYTHING if p != OWN)),
    SeededRole(
        "supervisor",
        _("Supervisor"),
        "all",
        (DESK, *WORK, TICKET_TRASH, TICKET_REDACT, PEOPLE_VIEW, PEOPLE_EDIT, PEOPLE_MERGE, FIGURES, AUDIT),
    ),
    SeededRole(
        "agent",
        _("Agent"),
        "all",
        (DESK, *WORK, TICKET_TRASH, PEOPLE_VIEW, PEOPLE_EDIT),
    ),
    SeededRole(
        "engineer",
        _("Field engineer"),
        "assigned",
        (DESK, TICKET_CREATE, TICKET_REPLY, TICKET_NOTE, *CHANGE),
    ),
    SeededRole("auditor", _("Auditor"), "all", (DESK, PEOPLE_VIEW, FIGURES, AUDIT)),
    SeededRole("customer_manager", _("Customer manager"), "organization", (CUSTOMER_WRITE,)),
    SeededRole("customer", _("Customer"), "own", (CUSTOMER_WRITE,)),
    SeededRole("read_only", _("Read-only contact"), "own", ()),
    SeededRole("read_only_organization", _("Read-only contact of the organisation"), "organization", ()),
)
#: what a customer manager may make of the people of his organisation
CUSTOMER_LEVELS = ("customer", "read_only", "read_only_organization")
