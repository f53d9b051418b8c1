"""One kind of mail about a ticket, before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deskbell.people.models import User
from deskbell.tickets.models import Message, Ticket


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One kind of mail about a ticket. `part` keeps the Message-IDs of mails about one thing apart."""

    #: key of texts.MAILS: what it says
    text: str
    kind: str
    #: a plain (kind, id): once per cause, recipient and kind
    cause: tuple[str, int]
    ticket: Ticket
    message: Message | None = None
    #: whose name the mail bears
    actor: User | None = None
    #: an answer to it finds the ticket
    answerable: bool = True
    history: bool = False
    #: "auto-replied", "auto-generated" (RFC 3834), or empty for what a person wrote
    automatic: str = "auto-generated"
    #: values of variables that it alone has
    said: Mapping[str, str] = field(default_factory=dict)
