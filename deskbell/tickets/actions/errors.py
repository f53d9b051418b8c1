"""Expected failures of ticket actions."""

from __future__ import annotations

from deskbell.tickets.models import Ticket
from deskbell.tickets.rules import NotAllowed

__all__ = [
    "BadMove",
    "BadRecipients",
    "ColleagueSends",
    "DraftMoved",
    "EmptyMessage",
    "FilesTooBig",
    "LeftAlready",
    "Moved",
    "NameTaken",
    "NotAllowed",
    "NotForwardable",
    "NotMergeable",
    "NotMovable",
    "NotStaff",
    "NothingToWaitFor",
    "Overtaken",
    "TicketGone",
    "TicketMerged",
    "TooLate",
    "TooLateToUndo",
    "TooManyCopies",
    "UnknownVariable",
    "UploadGone",
    "WrongSite",
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


class ColleagueSends(Exception):
    """A reply of a colleague to the same ticket leaves in a moment; `name` is the colleague's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TicketMerged(Exception):
    """The ticket is part of another now: `ticket` is that one."""

    def __init__(self, ticket: Ticket) -> None:
        super().__init__(str(ticket))
        self.ticket = ticket


class NotMergeable(Exception):
    """`reason`: "same" ticket, "merged" elsewhere, "removed" (spam or trash), "held" (a reply to it has not
    left), "customer" (it would show its customer's words to another's customer), "not_merged" (nothing to
    undo), "target_merged" (undo that first).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotMovable(Exception):
    """`reason`: "none" chosen, "gone" (not of this ticket any more), "all" (nothing would stay), "same"
    ticket, "customer" (the ticket is another customer's), "merged" or "removed".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChatClosed(Exception):
    """The customer wrote too long ago: in his chat he cannot be answered freely any more, `days` after."""

    def __init__(self, days: int = 1) -> None:
        super().__init__(days)
        self.days = days


class NothingToWaitFor(Exception):
    """A reply waits for the customer only where he writes in a chat that is closed."""


class LeftAlready(Exception):
    """A reply can be taken back only until it leaves."""


class EmptyMessage(Exception):
    """Neither words nor a file."""


class BadRecipients(Exception):
    """Nobody, too many, or `wrong`, which are no addresses."""

    def __init__(self, wrong: list[str]) -> None:
        super().__init__(", ".join(wrong))
        self.wrong = wrong


class NotForwardable(Exception):
    """`ids` of `what` (messages, files, answers) are not of this ticket, or were taken away."""

    def __init__(self, what: str, ids: list[int]) -> None:
        super().__init__(", ".join(map(str, ids)))
        self.what, self.ids = what, ids


class FilesTooBig(Exception):
    """More bytes of files than one mail takes."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(str(size))
        self.size, self.limit = size, limit


class UploadGone(Exception):
    """A file named with the message is not there, or not the writer's: nothing is posted without it."""

    def __init__(self, uploads: list[int]) -> None:
        super().__init__(", ".join(map(str, uploads)))
        self.uploads = uploads


class BadMove(Exception):
    """The status cannot follow the present one."""


class NotStaff(Exception):
    """A ticket is assigned to people who work at the desk and may answer."""


class WrongSite(Exception):
    """The site is not one of the ticket's organisation."""


class TooManyCopies(Exception):
    """A customer copies in a limited number of people, fewer of them from outside."""


class TooLate(Exception):
    """A note may be edited for fifteen minutes."""


class TooLateToUndo(Exception):
    """A bulk change may be undone once, for ten minutes after it ended."""


class NameTaken(Exception):
    """There is one with this name already."""


class UnknownVariable(Exception):
    """`names` stand in a saved reply like variables and are none."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class DraftMoved(Exception):
    """Another window has kept other words since; `text` is theirs, `stamp` names them."""

    def __init__(self, text: str, stamp: str) -> None:
        super().__init__(stamp)
        self.text = text
        self.stamp = stamp
