"""Short ways to the people and tickets that tests start from."""

from __future__ import annotations

from itertools import count
from typing import Any

from deskbell.events.actor import SYSTEM
from deskbell.people import actions as people
from deskbell.people.models import Organization, Team, User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Ticket

_numbers = count(1)


def staff(role: str = "agent", *, team: Team | None = None, name: str = "") -> User:
    n = next(_numbers)
    return people.create_user(
        f"{role}{n}@desk.example", name=name or f"{role.title()} {n}", role=role, team=team
    )


def customer(organization: Organization | None = None, *, role: str = "customer", name: str = "") -> User:
    n = next(_numbers)
    user, _ = people.person_for_email(f"customer{n}@mail.example", name=name or f"Customer {n}", how="mail")
    if organization:
        people.change_person(user, by=SYSTEM, organization=organization)
    if role != "customer":
        people.grant(user, role)
    return user


def organization(name: str = "") -> Organization:
    return people.create_organization(name or f"Company {next(_numbers)}")


def team(name: str = "") -> Team:
    return people.create_team(name or f"Team {next(_numbers)}")


def ticket(requester: User | None = None, text: str = "The printer is offline.", **values: Any) -> Ticket:
    requester = requester or customer()
    by = values.pop("by", requester)
    values = {"subject": "Printer", "source": "web"} | values
    return actions.open_ticket(requester=requester, content=Content.markdown(text), by=by, **values)


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)
