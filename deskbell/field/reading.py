"""What the phone shows of tickets, in as few statements as it can."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from django.utils import timezone

from deskbell.kit import markdown
from deskbell.people.models import Site, User
from deskbell.people.queries import phones_of
from deskbell.tickets.models import Message, Ticket

#: tickets on the list; whoever has more open ones finds the rest on the desk
LISTED = 200
#: characters of the last message on the list
LINE = 140


@dataclass(frozen=True)
class Line:
    """The beginning of a message."""

    text: str
    who: str
    internal: bool


@dataclass(frozen=True)
class Job:
    """A ticket with how to reach its customer and place; addresses of links are "" where nothing is known."""

    ticket: Ticket
    phone: str
    whatsapp: str
    map: str
    overdue: bool
    last: Line | None = None


def my_tickets(user: User, *, agent: str) -> list[Job]:
    """The open tickets of `user` by due date, then priority; those without a date come last.

    `agent` is the browser's name, for links to its map.
    """
    mine = (
        Ticket.objects.visible_to(user).filter(assignee=user, active=True).with_row().select_related("site")
    )
    found = list(mine.order_by("due_order", "-priority", "pk")[: LISTED + 1])
    phones = phones_of(ticket.requester for ticket in found)
    lines = _last_lines(found)
    return [job(ticket, phones, agent, lines.get(ticket.last_message_id)) for ticket in found]


def job(ticket: Ticket, phones: dict[int, str], agent: str, last: Line | None = None) -> Job:
    """`phones` as `people.queries.phones_of` gives them."""
    phone = phones.get(ticket.requester_id, "")
    return Job(
        ticket=ticket,
        phone=phone,
        whatsapp=f"https://wa.me/{phone.lstrip('+')}" if phone else "",
        map=map_link(ticket.site, agent),
        overdue=bool(ticket.due_at and ticket.active and ticket.due_at < timezone.now()),
        last=last,
    )


def map_link(site: Site | None, agent: str) -> str:
    """An address the phone opens in its own map: Apple knows no `geo:`, computers neither."""
    if site is None or not site.address.strip():
        return ""
    place = quote(" ".join(site.address.split()))
    if re.search("iPhone|iPad|Macintosh", agent):
        return f"https://maps.apple.com/?q={place}"
    if "Android" in agent:
        return f"geo:0,0?q={place}"
    return f"https://www.openstreetmap.org/search?query={place}"


def _last_lines(tickets: list[Ticket]) -> dict[int | None, Line]:
    ids = [ticket.last_message_id for ticket in tickets if ticket.last_message_id]
    messages = Message.objects.filter(pk__in=ids, redacted_at=None).select_related("author")
    return {message.pk: _line(message) for message in messages.defer("html", "text")}


def _line(message: Message) -> Line:
    said = message.new_text[: LINE * 4]
    plain = markdown.to_text(said) if message.markup == Message.Markup.MARKDOWN else said
    text = " ".join(plain.split())
    return Line(
        text=text if len(text) <= LINE else text[: LINE - 1].rstrip() + "…",
        who=message.author.display_name if message.author else "",
        internal=message.internal,
    )
