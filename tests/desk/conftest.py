"""A small desk: staff of different reach, two customers, a way to open tickets and to go through HTTP."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from deskbell.events.actor import SYSTEM
from deskbell.people import actions as people
from deskbell.people.models import Team, User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Ticket


@dataclass
class World:
    agent: User
    colleague: User
    networker: User
    auditor: User
    admin: User
    customer: User
    other: User
    team: Team

    def ticket(self, subject: str = "Printer is on fire", **more: Any) -> Ticket:
        """Opened by the customer unless `requester` says otherwise."""
        requester = more.pop("requester", self.customer)
        text = more.pop("text", "It burns.")
        given = {"source": "web", "by": requester, **more}
        return actions.open_ticket(
            requester=requester, subject=subject, content=Content.markdown(text), **given
        )


@pytest.fixture
def world(everybody: World, db: None, settings: Any, tmp_path: Any) -> World:
    settings.FILES_DIR = tmp_path / "files"
    return deepcopy(everybody)


@pytest.fixture(scope="module")
def everybody(lasting: None) -> World:
    team = people.create_team("Network")

    def staff(name: str, role: str, team: Team | None = None) -> User:
        return people.create_user(f"{name.lower()}@desk.example", name=name, role=role, team=team)

    customer, _ = people.person_for_email("eva@fjord.example", name="Eva Brandt", how="mail")
    other, _ = people.person_for_email("ole@elsewhere.example", name="Ole Nygaard", how="mail")
    return World(
        agent=staff("Mara", "agent"),
        colleague=staff("Tom", "agent"),
        networker=staff("Nora", "agent", team),
        auditor=staff("Ada", "auditor"),
        admin=staff("Root", "admin"),
        customer=customer,
        other=other,
        team=team,
    )


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    def enter(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return enter


@pytest.fixture
def desk(world: World, sign_in: Callable[[User], Client]) -> Client:
    """A browser in which the agent Mara is signed in."""
    return sign_in(world.agent)


#: headers of a request by htmx
HTMX = {"HX-Request": "true"}
SYSTEM_ACTOR = SYSTEM
