"""Who may change what belongs to the channels, and what is refused."""

from __future__ import annotations

from deskbell.events.actor import Actor
from deskbell.people import permissions
from deskbell.people.models import User
from deskbell.people.rights import rights_of


class NotAllowed(Exception):
    """Channels and the ledger are for administrators."""


class BadChannel(ValueError):
    """A channel, or what it signs in by, cannot be like this; the message is for people."""


class InUse(Exception):
    """Something came in by the channel, or mailboxes sign in by the provider: it cannot be removed."""


def require_setup(by: Actor | User) -> None:
    if isinstance(by, User) and not rights_of(by).has(permissions.SETUP):
        raise NotAllowed(permissions.SETUP)
