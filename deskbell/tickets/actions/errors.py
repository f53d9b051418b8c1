"""Expected failures of ticket actions."""

from __future__ import annotations

from deskbell.tickets.models import Ticket
from deskbell.tickets.rules import NotAllowed

__all__ = [
    "BadMove",
    "EmptyMessage",
    "Moved",
    "NotAllowed",
    "NotStaff",
    "Overtaken",
    "TicketGone",
    "TooLate",
    "UploadGone",
]


class TicketGone(Exception):
    """The ticket was deleted meanwhile."""


class Moved(Exception):
    """Another change to the same property came first; `ticket` is as it stands now."""

    def __init__(self, ticket: Ticket, properties: set[str]) -> None:
        super().__init__(", ".join(sorted(properties)))
        self.ticket = ticket
        self.properties = properties


class Overtaken(Exception):
    """Somebody else wrote while this reply was being typed; `message_id` is the newest of theirs."""

    def __init__(self, message_id: int) -> None:
        super().__init__(str(message_id))
        self.message_id = message_id


class EmptyMessage(Exception):
    """Neither words nor a file."""


class UploadGone(Exception):
    """A file named with the message is not there, or not the writer's: nothing is posted without it."""

    def __init__(self, uploads: list[int]) -> None:
        super().__init__(", ".join(map(str, uploads)))
        self.uploads = uploads


class BadMove(Exception):
    """The status cannot follow the present one."""


class NotStaff(Exception):
    """A ticket is assigned to people who work at the desk."""


class TooLate(Exception):
    """A note may be edited for fifteen minutes."""
