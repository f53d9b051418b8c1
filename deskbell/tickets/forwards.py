"""What may be sent on of a ticket, to whom it went before, and the conversation with a supplier."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from deskbell.files.models import Blob
from deskbell.people.models import User
from deskbell.people.queries import find_people
from deskbell.tickets.models import Attachment, Message, Ticket

#: offered in the form; an older one is chosen by coming from it
MESSAGES_OFFERED = 50
ADDRESSES_OFFERED = 12
#: forwards that are looked through for addresses used before
FORWARDS_READ = 200
#: answers of a conversation that its next mail names
THREAD = 20
#: what a machine told the desk is of no use to others
NOT_OFFERED = (Message.Kind.BOUNCE, Message.Kind.SYSTEM)


@dataclass(frozen=True, kw_only=True)
class Forward:
    """What goes to a supplier: the agent's words, and ids of messages and files of the ticket."""

    to: list[str]
    text: str
    subject: str = ""
    messages: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    #: the supplier's message that it answers
    answers: int | None = None

    @property
    def empty(self) -> bool:
        return not (self.text.strip() or self.messages or self.files)

    @property
    def beside_text(self) -> dict[str, Any]:
        """As a held one keeps it."""
        return {name: value for name, value in vars(self).items() if name != "text"}


def messages_of(ticket: Ticket) -> QuerySet[Message]:
    """What may be sent on, newest first: not what was redacted."""
    kept = Message.objects.filter(ticket=ticket, redacted_at=None).exclude(kind__in=NOT_OFFERED)
    return kept.select_related("author").order_by("-pk")


def files_of(ticket: Ticket) -> QuerySet[Attachment]:
    """Files of those messages that are safe to send on."""
    kept = Attachment.objects.filter(message__ticket=ticket, message__redacted_at=None)
    rows = kept.exclude(message__kind__in=NOT_OFFERED).exclude(blob__scan=Blob.Scan.INFECTED)
    return rows.select_related("blob").order_by("pk")


def offered(ticket: Ticket, chosen: Iterable[int] = ()) -> list[Message]:
    """The newest messages and the `chosen` ones, newest first."""
    rows = messages_of(ticket)
    newest = list(rows[:MESSAGES_OFFERED])
    listed = {message.pk for message in newest}
    return [*newest, *rows.filter(pk__in=[pk for pk in chosen if pk not in listed])]


def used_before(user: User, ticket: Ticket) -> list[str]:
    """Addresses that forwards `user` may see went to: those of this ticket first, then the latest."""
    sent = Message.objects.visible_to(user).filter(kind=Message.Kind.FORWARD)
    latest = sent.order_by("-pk").values_list("to", flat=True)
    both = [*latest.filter(ticket=ticket)[:FORWARDS_READ], *latest[:FORWARDS_READ]]
    first = {address.casefold(): address for addresses in reversed(both) for address in reversed(addresses)}
    return list(first.values())[::-1]


def known_addresses(user: User, ticket: Ticket, words: str) -> list[tuple[str, str]]:
    """(address, name) of those `words` may mean: used before, then people whom `user` may look up."""
    words = words.strip()[:100]
    found = find_people(user, words, limit=ADDRESSES_OFFERED) if len(words) > 1 else []
    offered = {
        address.casefold(): (address, "")
        for address in used_before(user, ticket)
        if words.casefold() in address.casefold()
    }
    for person in found:
        if person.email:
            address, _name = offered.get(person.email.casefold(), (person.email, ""))
            offered[person.email.casefold()] = (address, person.name)
    return list(offered.values())[:ADDRESSES_OFFERED]


def conversation(message: Message) -> list[Message]:
    """The answer and the forward by turns that led to the forward `message`, oldest first, without itself."""
    found: list[Message] = []
    current: Message | None = message
    while current is not None and len(found) < THREAD:
        before = current.details.get("answers")
        current = Message.objects.filter(pk=before, ticket=message.ticket_id).first() if before else None
        if current is not None:
            found.append(current)
    return found[::-1]
