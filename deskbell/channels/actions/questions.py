"""What waits until it is known which of a customer's tickets it is about finds its place."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from deskbell.channels import events, reasons
from deskbell.channels.actions import fallback
from deskbell.channels.models import AwaitedFile, InboundItem, ParkedMessage, TicketQuestion
from deskbell.channels.whatsapp import asking
from deskbell.channels.whatsapp.naming import subject_of
from deskbell.channels.whatsapp.turns import wait_for_turn
from deskbell.events.actor import SYSTEM
from deskbell.events.publish import publish
from deskbell.people.models import User
from deskbell.tickets import actions as tickets
from deskbell.tickets import events as ticket_events
from deskbell.tickets import rules
from deskbell.tickets.actions.conversations import park, unpark
from deskbell.tickets.content import Content
from deskbell.tickets.models import ACTIVE_CATEGORIES, Conversation, Message, Queue, Source, Ticket

CHANNEL = "whatsapp"
How = TicketQuestion.How


class SettledAlready(Exception):
    """The customer, a colleague or the clock was quicker."""


def wait_in(question: TicketQuestion, content: Content, *, author: User) -> Message:
    """Park a message under `question`; the tickets that were offered show it."""
    message = park(content, author=author, channel=CHANNEL)
    ParkedMessage.objects.create(question=question, message=message)
    _tell(question)
    return message


@transaction.atomic
def place(question_id: int, ticket: Ticket | None, *, by: User) -> Ticket:
    """An agent says where the waiting messages belong: one of the tickets that were offered, or None for a
    new one. Raises SettledAlready, and NotAllowed where he may not answer.
    """
    question = _held(question_id)
    if question is None:
        raise SettledAlready
    near = Ticket.objects.select_related("queue").filter(pk__in=question.offered)
    if ticket is not None:
        if ticket.pk not in question.offered:
            raise rules.NotAllowed("reply")
        rules.require(by, "reply", ticket)
    elif not any(rules.may(by, "reply", each) for each in near):
        raise rules.NotAllowed("reply")
    return settle(question, ticket, how=How.AGENT, by=by)


@transaction.atomic
def place_unanswered(question_id: int) -> None:
    """Time is up: what waits goes to the open ticket that moved last. Done twice it does nothing."""
    if question := _held(question_id):
        settle(question, _moved_last(question), how=How.TIME)


def open_in(conversation: Conversation) -> TicketQuestion | None:
    """The question that the customer has not answered yet, held until the transaction ends."""
    rows = TicketQuestion.objects.select_related("conversation").select_for_update(no_key=True, of=("self",))
    return rows.filter(conversation=conversation, settled_at=None).first()


def decide_late(question: TicketQuestion, ticket: Ticket) -> None:
    """The chat goes on with `ticket`, as the customer says after the time."""
    TicketQuestion.objects.filter(pk=question.pk).update(ticket_id=ticket.pk, decided_at=timezone.now())


def due() -> list[int]:
    """Questions that nobody has answered in time."""
    late = timezone.now() - asking.PATIENCE
    rows = TicketQuestion.objects.filter(settled_at=None, asked_at__lt=late)
    return list(rows.order_by("asked_at").values_list("pk", flat=True)[:200])


def _held(question_id: int) -> TicketQuestion | None:
    """The open question, in the turn of its sender and held until the transaction ends."""
    rows = TicketQuestion.objects.select_related("conversation")
    found = rows.filter(pk=question_id, settled_at=None).first()
    if found is None:
        return None
    wait_for_turn(found.conversation.address)
    return rows.select_for_update(no_key=True, of=("self",)).filter(pk=question_id, settled_at=None).first()


def settle(question: TicketQuestion, ticket: Ticket | None, *, how: str, by: User | None = None) -> Ticket:
    """Write what waits into `ticket`, or into a new one; the ticket where it stands now.

    The caller holds the sender's turn and the question.
    """
    parked = list(question.parked.select_related("message__author").order_by("pk"))
    placed = ticket
    for each in parked:
        placed = _write(each.message, placed, question, how)
    question.settled_at = question.decided_at = timezone.now()
    question.how, question.ticket_id = how, placed.pk if placed else None
    question.save(update_fields=["settled_at", "decided_at", "how", "ticket_id"])
    assert placed is not None  # a question is asked because of a message
    said = ticket_events.MessagePlaced(message_id=placed.last_message_id or 0, how=how)
    publish(said, about=placed, by=by or SYSTEM)
    _tell(question, gone=True)
    return placed


def _write(parked: Message, ticket: Ticket | None, question: TicketQuestion, how: str) -> Ticket:
    """One message into its ticket, as if it came in now; its row of the ledger says so."""
    awaited = list(AwaitedFile.objects.select_for_update(of=("self",)).filter(message=parked))
    parked = Message.objects.select_for_update(of=("self",)).select_related("author").get(pk=parked.pk)
    author, content = parked.author, unpark(parked)
    assert author is not None
    item = InboundItem.objects.select_related("channel__queue").filter(pk=parked.inbound_id or 0).first()
    opened = ticket is None
    if ticket is None:
        ticket = tickets.open_ticket(
            requester=author,
            subject=subject_of(content.text, content.details.get("whatsapp", {}).get("type", ""), author),
            content=content,
            by=author,
            source=Source.WHATSAPP,
            channel=CHANNEL,
            conversation=question.conversation,
            queue=_queue(item),
        )
        message = ticket.messages.get()
    else:
        fallback.goes_on(ticket, question.conversation)
        message = tickets.customer_reply(ticket, content, by=author, channel=CHANNEL)
        ticket = message.ticket or ticket
    AwaitedFile.objects.filter(pk__in=[each.pk for each in awaited]).update(message=message)
    parked.delete()
    if item is not None:
        item.state = InboundItem.State.TICKETED if opened else InboundItem.State.ADDED
        item.reason, item.reason_text = f"placed_{how}", reasons.PLACED[how]
        item.ticket_id, item.message_id, item.decided_at = ticket.pk, message.pk, timezone.now()
        item.save(update_fields=["state", "reason", "reason_text", "ticket_id", "message_id", "decided_at"])
        decided = events.Decided(state=item.state, reason=item.reason, ticket_id=ticket.pk)
        publish(decided, about=item, by=SYSTEM)
    ticket.last_message_id = message.pk
    return ticket


def _queue(item: InboundItem | None) -> Queue | None:
    queue = item.channel.queue if item else None
    return queue if queue is not None and queue.active else None


def _moved_last(question: TicketQuestion) -> Ticket | None:
    """Of the offered tickets; a new one is opened where none of them is open any more."""
    rows = Ticket.objects.filter(pk__in=question.offered, category__in=ACTIVE_CATEGORIES, trashed_at=None)
    return rows.select_related("queue", "requester", "status").order_by("-last_message_at").first()


def _tell(question: TicketQuestion, *, gone: bool = False) -> None:
    for ticket in Ticket.objects.filter(pk__in=question.offered).order_by("pk"):
        publish(ticket_events.MessageParked(gone=gone), about=ticket, by=SYSTEM)
