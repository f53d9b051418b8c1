"""Variables in saved replies: `{{customer.name}}`. A fixed set, filled in by plain substitution."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deskbell.people.models import User
from deskbell.people.queries import company
from deskbell.tickets.models import Ticket

Value = Callable[[Ticket, User], str]

#: name → what it stands for in words, and its value at a ticket for the agent who writes; may be empty
VARIABLES: dict[str, tuple[str | Promise, Value]] = {
    "ticket.number": (_("Number of the ticket"), lambda ticket, agent: f"#{ticket.number}"),
    "ticket.subject": (_("Subject of the ticket"), lambda ticket, agent: ticket.subject),
    "customer.name": (_("Name of the customer"), lambda ticket, agent: ticket.requester.name),
    "customer.first_name": (
        _("First name of the customer"),
        lambda ticket, agent: ticket.requester.name.partition(" ")[0],
    ),
    "agent.name": (_("Your name"), lambda ticket, agent: agent.display_name),
    "company.name": (_("Name of our company"), lambda ticket, agent: company().name),
    "organization.name": (
        _("Organisation of the customer"),
        lambda ticket, agent: ticket.organization.name if ticket.organization else "",
    ),
}

#: a space before it, and the name between the braces
VARIABLE = re.compile(r"( ?)\{\{([^{}\n]*)\}\}")


def unknown(text: str) -> list[str]:
    """Names in `text` that are no variables, in their order."""
    return [name for name in variables_in(text) if name not in VARIABLES]


def variables_in(text: str) -> list[str]:
    """Each name in double braces once, in their order."""
    return list(dict.fromkeys(match[2].strip() for match in VARIABLE.finditer(text)))


def fill_in(text: str, ticket: Ticket, agent: User) -> str:
    """`text` with the values of its variables. An empty one goes with the space before it: "Hello," is left
    of "Hello {{customer.first_name}},". What a value contains is never looked at again.
    """

    def value(match: re.Match[str]) -> str:
        known = VARIABLES.get(match[2].strip())
        if known is None:
            return match[0]
        shown = " ".join(known[1](ticket, agent).split())
        return f"{match[1]}{shown}" if shown else ""

    return VARIABLE.sub(value, text)
