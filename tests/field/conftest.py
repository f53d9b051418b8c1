"""An engineer with his phone, and a customer at a site."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from deskbell.events.actor import SYSTEM
from deskbell.people import actions as people
from deskbell.people.models import Site, User
from deskbell.tickets.models import Ticket
from tests import stories


@dataclass
class World:
    engineer: User
    customer: User
    site: Site

    def ticket(self, subject: str = "Scanner", **values: Any) -> Ticket:
        """The customer's; the engineer's unless `assignee` says otherwise."""
        return stories.ticket(
            self.customer, subject=subject, by=SYSTEM, **{"assignee": self.engineer, **values}
        )


@pytest.fixture
def world(everybody: World, db: None, settings: Any, tmp_path: Any) -> World:
    settings.FILES_DIR = tmp_path / "files"
    return deepcopy(everybody)


@pytest.fixture(scope="module")
def everybody(lasting: None) -> World:
    company = stories.organization("Quayside")
    site = people.create_site(company, "Warehouse", address="Dock Road 7\nMilltown", access_notes="Gate 7")
    customer = stories.customer(company, name="Lena")
    people.add_identity(customer, "phone", "+44 1632 960117", by=SYSTEM)
    return World(stories.staff("engineer", name="Kofi"), customer, site)


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    def enter(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return enter


@pytest.fixture
def phone(world: World, sign_in: Callable[[User], Client]) -> Client:
    """The engineer Kofi's, signed in."""
    return sign_in(world.engineer)
