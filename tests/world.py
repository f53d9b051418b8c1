"""The small named world: the demo company with its tickets, people of every role among them.

`build()` needs an empty desk (a fresh test database) and the caller's transaction; it takes a second or two.
A module that looks at it in many tests takes the fixture `named_world`, which builds it once for the module.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from deskbell.demo import company, world
from deskbell.people.models import User
from deskbell.tickets.models import Message, Ticket

PASSWORD = company.PASSWORD

#: ticket → a word that stands in one of its internal notes and nowhere else in the world
NOTE_WORDS = {"vpn": "rekey_margin", "scanners": "dBm", "backup": "thinned", "wifi": "injector"}
#: of the customer Samir: two of his own, two of his organisation, two of strangers
OWN, OF_ORGANIZATION, OF_STRANGERS = ("vpn", "keyboard"), ("scanners", "laptop"), ("wifi", "backup")


@dataclass
class World:
    """`people` and `tickets` by the names in `demo.company` and `demo.stories`."""

    people: dict[str, User]
    tickets: dict[str, Ticket]

    def __getitem__(self, slug: str) -> User:
        return self.people[slug]

    def ticket(self, slug: str) -> Ticket:
        """The ticket as it stands now."""
        return Ticket.objects.get(pk=self.tickets[slug].pk)

    def note(self, slug: str) -> Message:
        """The internal note that holds the ticket's word of NOTE_WORDS."""
        return Message.objects.get(
            ticket=self.tickets[slug], visibility="internal", text__contains=NOTE_WORDS[slug]
        )


def build() -> World:
    cast = world.build()
    for user in cast.people.values():
        user.refresh_from_db()
        user.__dict__.pop("_rights", None)
    return World(cast.people, cast.tickets)


@pytest.fixture(scope="module")
def named_world(lasting: None) -> World:
    return build()
