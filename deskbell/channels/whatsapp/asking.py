"""Which of several open tickets a customer means: how he is asked, and how his answer is read."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from deskbell.channels.models import TicketQuestion
from deskbell.channels.whatsapp import outgoing
from deskbell.channels.whatsapp.incoming import Incoming
from deskbell.channels.whatsapp.interactive import ROW_TITLE, ROWS, Option, cut, listing
from deskbell.people.models import User
from deskbell.people.reader import reading
from deskbell.tickets.models import Conversation, Message, Ticket

#: since a ticket's last word in the chat: until then the chat goes on with it and nobody is asked
STICKY = timedelta(hours=2)
#: after that what waits goes to the ticket that moved last
PATIENCE = timedelta(minutes=15)
#: how long an answer is taken for one
ANSWERED_WITHIN = timedelta(minutes=30)
ASKED_EVERY = timedelta(hours=12)
#: tickets in a question; the last option is a new request
OFFERED = ROWS - 1
PREFIX, NEW = "tkt:", "tkt:new"
#: characters of a ticket in the words of the question
SUBJECT = 64
_TYPED = re.compile(r"\W*(\d{1,18})\W*")


def lately(conversation: Conversation, tickets: list[Ticket]) -> Ticket | None:
    """The one of `tickets` that the chat was about within STICKY: its last public message, or what the
    customer said when he was asked.
    """
    known = {ticket.pk: ticket for ticket in tickets}
    since = timezone.now() - STICKY
    said = Message.objects.filter(
        ticket__in=known, channel="whatsapp", visibility=Message.Visibility.PUBLIC, created_at__gt=since
    )
    last = said.order_by("-pk").values_list("ticket_id", "created_at").first()
    chosen = latest(conversation)
    if chosen and chosen.decided_at and chosen.ticket_id in known and chosen.decided_at > since:
        last = max(last, (chosen.ticket_id, chosen.decided_at), key=lambda each: each[1]) if last else None
        return known[last[0] if last else chosen.ticket_id]
    return known[last[0]] if last else None


def latest(conversation: Conversation) -> TicketQuestion | None:
    return TicketQuestion.objects.filter(conversation=conversation).order_by("-asked_at", "-pk").first()


def may_ask(conversation: Conversation) -> bool:
    asked = latest(conversation)
    return asked is None or asked.asked_at < timezone.now() - ASKED_EVERY


def ask(conversation: Conversation, person: User, tickets: list[Ticket]) -> TicketQuestion:
    """Store the question and put the message that asks it; `tickets` are open ones, the last moved first."""
    offered = tickets[:OFFERED]
    question = TicketQuestion.objects.create(
        conversation=conversation, offered=[ticket.pk for ticket in offered], asked_at=timezone.now()
    )
    with reading(language=person.language, time_zone=person.time_zone):
        new = _("New request")
        named = [cut(f"#{each.number} {each.subject}", SUBJECT) for each in offered]
        lines = [f"{number}. {each}" for number, each in enumerate(named, 1)]
        body = _(
            "You have several open requests. Which one is this about? Choose it from the list, "
            "or answer with its number:"
        )
        node = listing(
            "\n".join([body, *lines, f"{len(offered) + 1}. {new}"]),
            label=_("Choose"),
            options=[
                *map(_option, offered),
                Option(NEW, new, _("It is about something else")),
            ],
        )
    outgoing.put_interactive(
        conversation,
        kind="ticket.question",
        cause=("question", question.pk),
        ticket_id=offered[0].pk,
        node=node,
    )
    return question


def _option(ticket: Ticket) -> Option:
    """Its whole subject stands below the title where that had to be cut."""
    title = f"#{ticket.number} {ticket.subject}"
    return Option(f"{PREFIX}{ticket.number}", title, ticket.subject if len(title) > ROW_TITLE else "")


def answered(incoming: Incoming, conversation: Conversation) -> tuple[TicketQuestion, Ticket | None] | None:
    """The question that a message answers, and the ticket it names (none for a new request).

    By the id of an option that we offered, or a number typed on its own; anything else is no answer.
    """
    question = latest(conversation)
    if question is None or question.asked_at < timezone.now() - ANSWERED_WITHIN:
        return None
    offered = Ticket.objects.select_related("queue", "requester", "status").in_bulk(question.offered)
    in_order = [offered.get(pk) for pk in question.offered]
    by_number = {ticket.number: ticket for ticket in offered.values()}
    if incoming.choice:
        if incoming.choice == NEW:
            return question, None
        named = incoming.choice.removeprefix(PREFIX)
        ticket = (
            by_number.get(int(named)) if named.isascii() and named.isdecimal() and len(named) < 19 else None
        )
        return (question, ticket) if ticket else None
    typed = _TYPED.fullmatch(incoming.text) if incoming.type == "text" else None
    if typed is None:
        return None
    number = int(typed[1])
    if number == len(in_order) + 1 and "#" not in incoming.text:
        return question, None
    ticket = by_number.get(number) or (in_order[number - 1] if 0 < number <= len(in_order) else None)
    return (question, ticket) if ticket else None
