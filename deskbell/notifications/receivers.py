"""What this area hears, and whom it tells. Each runs once per event, in a transaction of its own."""

from __future__ import annotations

import re
from dataclasses import replace

from deskbell.events import subscribe
from deskbell.events.models import Event
from deskbell.notifications import answers, chat, links, mail, recipients
from deskbell.notifications.notice import Notice
from deskbell.notifications.wanted import Event as Choice
from deskbell.notifications.wanted import wanting
from deskbell.outbox.events import Failed
from deskbell.outbox.models import OutboxItem
from deskbell.people.events import Invited, InvitedAgain, MembershipAsked, MembershipDecided
from deskbell.people.models import Invitation, MembershipRequest, User
from deskbell.people.queries import deciders, reachable
from deskbell.tickets.actions.deliveries import FORWARD
from deskbell.tickets.events import (
    Assigned,
    CopyAdded,
    Forwarded,
    MessageAdded,
    Opened,
    StatusChanged,
    SupplierAnswered,
)
from deskbell.tickets.models import ENDED_CATEGORIES, Category, Message, Ticket
from deskbell.tickets.reach import sees_internal

#: kinds of the outbox that hold what a person wrote to somebody outside
WRITTEN = ("ticket.reply", "ticket.opened_for_you", FORWARD)
#: the number of a part: an answer by chat is several messages
_PART = re.compile(r"\.\d+$")


@subscribe.later(Opened)
def tell_requester(event: Event) -> None:
    """We have it; or, when somebody here opened it for the customer, what was written."""
    ticket, message = _ticket(event), _message(event)
    if ticket is None or not event.data["tell"]:
        return
    if event.actor_kind == "user" and event.actor_id != ticket.requester_id:
        _tell_of_opening_for_him(event, ticket, message)
    elif ticket.conversation is not None:
        chat.put_received(ticket, kind=answers.KIND)
    elif not event.data["automatic"] and answers.may_answer(ticket, message):
        notice = Notice(
            text="received",
            kind=answers.KIND,
            cause=("ticket", ticket.pk),
            ticket=ticket,
            automatic="auto-replied",
        )
        _put(notice, [ticket.requester])


def _tell_of_opening_for_him(event: Event, ticket: Ticket, message: Message | None) -> None:
    shown = message if message and message.visibility == Message.Visibility.PUBLIC else None
    notice = Notice(
        text="opened_for_you",
        kind="ticket.opened_for_you",
        cause=("message", shown.pk) if shown else ("ticket", ticket.pk),
        ticket=ticket,
        message=shown,
        actor=_actor(event),
        automatic="",
    )
    _put(notice, recipients.told([ticket.requester], event))


@subscribe.later(Opened)
def tell_team_of_new_ticket(event: Event) -> None:
    ticket = _ticket(event)
    if ticket is None or ticket.spam or ticket.assignee_id:
        return  # an assignee hears by `tell_assignee`
    notice = Notice(
        text="new_ticket",
        kind="ticket.new",
        cause=("event", event.pk),
        ticket=ticket,
        message=_message(event),
        actor=_actor(event),
        answerable=False,
    )
    _put(notice, recipients.told(recipients.in_charge(ticket), event))


@subscribe.later(MessageAdded)
def tell_of_message(event: Event) -> None:
    """A reply goes to the customers, a customer's message to those in charge."""
    ticket, message = _ticket(event), _message(event)
    if ticket is None or message is None or event.data["first"] or ticket.spam:
        return
    noted = message.visibility != Message.Visibility.PUBLIC
    if message.kind != Message.Kind.HUMAN or (noted and message.direction == Message.Direction.OUT):
        return  # what a read-only contact wrote by mail is noted on the ticket, and told to those in charge
    if chat.left_already(message):
        return
    if message.direction == Message.Direction.OUT:
        _send_reply(event, ticket, message)
    else:
        _tell_those_in_charge(event, ticket, message)
        if message.channel == chat.CHANNEL and message.inbound_id and ticket.category not in ENDED_CATEGORIES:
            chat.put_away(ticket, at=message.created_at)


def _send_reply(event: Event, ticket: Ticket, message: Message) -> None:
    notice = Notice(
        text="reply",
        kind="ticket.reply",
        cause=("message", message.pk),
        ticket=ticket,
        message=message,
        actor=message.author,
        history=True,
        automatic="",
    )
    requester, *copied = recipients.customers(ticket)
    told = wanting(copied, Choice.COPY_REPLY)
    if chat.answers_here(ticket, message):
        chat.put_reply(ticket, message, kind=notice.kind)
    else:
        told = [requester, *told]
    _put(notice, recipients.told(told, event))
    _send_blind(notice, message, seen={str(person.email).casefold() for person in [requester, *copied]})


def _send_blind(notice: Notice, message: Message, *, seen: set[str]) -> None:
    """A mail each for those whom the others do not see; who gets it openly gets no second one."""
    blind = replace(notice, kind="ticket.reply_blind", answerable=False)
    for address in dict.fromkeys(message.bcc):
        if address.casefold() not in seen:
            mail.put_blind(blind, address)


def _tell_those_in_charge(event: Event, ticket: Ticket, message: Message) -> None:
    notice = Notice(
        text="customer_replied",
        kind="ticket.customer_replied",
        cause=("event", event.pk),
        ticket=ticket,
        message=message,
        actor=message.author,
        answerable=False,
    )
    _put(notice, recipients.told(recipients.in_charge(ticket), event))


@subscribe.later(Forwarded)
def send_forward(event: Event) -> None:
    """A mail to each supplier whom an agent sends something on to."""
    ticket, message = _ticket(event), _message(event)
    if ticket is not None and message is not None:
        for address in message.to:
            mail.put_forward(ticket, message, address)


@subscribe.later(SupplierAnswered)
def tell_of_supplier(event: Event) -> None:
    """Those in charge hear of a supplier's answer as of a customer's; nobody outside does."""
    ticket, message = _ticket(event), _message(event)
    if ticket is None or message is None or ticket.spam:
        return
    notice = Notice(
        text="supplier_answered",
        kind="ticket.supplier_answered",
        cause=("event", event.pk),
        ticket=ticket,
        message=message,
        actor=message.author,
        answerable=False,
    )
    told = recipients.told(recipients.in_charge(ticket), event)
    _put(notice, wanting(told, Choice.CUSTOMER_REPLIED))


@subscribe.later(Assigned)
def tell_assignee(event: Event) -> None:
    ticket = _ticket(event)
    if ticket is None or not event.data["after"]:
        return
    assignee = User.objects.filter(pk=event.data["after"]).first()
    notice = Notice(
        text="assigned",
        kind="ticket.assigned",
        cause=("event", event.pk),
        ticket=ticket,
        message=Message.objects.filter(ticket=ticket).order_by("pk").first(),
        actor=_actor(event),
        answerable=False,
    )
    _put(notice, recipients.told([assignee], event))


@subscribe.later(StatusChanged)
def tell_of_resolution(event: Event) -> None:
    data, ticket = event.data, _ticket(event)
    if ticket is None or ticket.spam or not data["tell"]:
        return
    if data["after_category"] != Category.RESOLVED or data["before_category"] == Category.CLOSED:
        return
    if ticket.conversation is not None:
        chat.put_resolved(ticket, kind="ticket.resolved", event=event.pk)
        return
    notice = Notice(
        text="resolved",
        kind="ticket.resolved",
        cause=("event", event.pk),
        ticket=ticket,
        actor=_actor(event),
    )
    _put(notice, recipients.told([ticket.requester], event))


@subscribe.later(CopyAdded)
def tell_copied(event: Event) -> None:
    """Somebody here or the customer copied a person in.

    People whom a mail named in its Cc are copied in by the system and not told: they have that mail, and
    otherwise anybody could make the desk write to strangers.
    """
    ticket = _ticket(event)
    if ticket is None or ticket.spam or event.actor_kind != "user":
        return
    person = User.objects.filter(pk=event.data["user_id"]).first()
    public = Message.objects.filter(ticket=ticket, visibility=Message.Visibility.PUBLIC)
    notice = Notice(
        text="copied",
        kind="ticket.copied",
        cause=("event", event.pk),
        ticket=ticket,
        message=public.order_by("-pk").first(),
        actor=_actor(event),
    )
    _put(notice, recipients.told([person], event))


@subscribe.later(Failed)
def tell_of_failure(event: Event) -> None:
    """What somebody here wrote did not arrive outside: whoever has the ticket hears it, else its writer.

    Notices and automatic answers that come back are told to nobody by mail: it would be a circle.
    """
    if _PART.sub("", event.data["item_kind"]) not in WRITTEN:
        return
    item = OutboxItem.objects.defer("payload").filter(pk=event.about_id).first()
    ticket = _ticket_with(item.ticket_id) if item and item.ticket_id else None
    if item is None or ticket is None:
        return
    message = _message_with(item.cause_id) if item.cause_kind == "message" else None
    notice = Notice(
        text="undelivered",
        kind="ticket.undelivered",
        cause=("event", event.pk),
        ticket=ticket,
        message=message,
        answerable=False,
        said={"failure.address": item.shown_recipient, "failure.reason": item.error_text},
    )
    told = ticket.assignee or (message.author if message else None)
    _put(notice, [each for each in recipients.told([told], event) if sees_internal(each, ticket)])


@subscribe.later(Invited, InvitedAgain)
def send_invitation(event: Event) -> None:
    invitation = Invitation.objects.select_related("invited_by").filter(pk=event.about_id).first()
    if invitation is None or invitation.accepted_at or invitation.withdrawn_at:
        return
    cause = ("invitation", invitation.pk) if event.kind == Invited.kind else ("event", event.pk)
    mail.put_invitation(invitation, links.of_invitation(invitation), cause=cause)


@subscribe.later(MembershipAsked)
def tell_of_request(event: Event) -> None:
    """Whoever decides hears that somebody would belong to an organisation."""
    asked = _request(event)
    if asked is None or asked.decided_at is not None:
        return
    for person in deciders(asked.organization):
        mail.put_membership(asked, person, links.of_request(asked, person), template="membership_asked")


@subscribe.later(MembershipDecided)
def tell_of_decision(event: Event) -> None:
    """Who was let in hears it; who was not keeps his own tickets and is not told of others' doubts."""
    asked = _request(event)
    if asked is None or not asked.approved or not asked.user.is_active or not asked.user.email:
        return
    mail.put_membership(asked, asked.user, links.of_portal(), template="membership_approved")


def _request(event: Event) -> MembershipRequest | None:
    rows = MembershipRequest.objects.select_related("user", "organization")
    return rows.filter(pk=event.data["request_id"]).first()


def _put(notice: Notice, people: list[User]) -> None:
    wanted = wanting(people, notice.kind)
    for person in reachable(wanted) if notice.automatic else wanted:
        if person.email and person.is_active:
            mail.put(notice, person)


def _ticket(event: Event) -> Ticket | None:
    """The ticket `event` is about; none when it was deleted or thrown away since."""
    return _ticket_with(event.about_id)


def _ticket_with(ticket_id: int) -> Ticket | None:
    related = ("queue", "requester", "assignee", "status", "conversation")
    ticket = Ticket.objects.select_related(*related).filter(pk=ticket_id).first()
    return None if ticket is None or ticket.trashed else ticket


def _message(event: Event) -> Message | None:
    """The message `event` is about, unless it was redacted since."""
    message_id = event.data.get("message_id")
    return None if message_id is None else _message_with(message_id)


def _message_with(message_id: int) -> Message | None:
    return Message.objects.select_related("author").filter(pk=message_id, redacted_at=None).first()


def _actor(event: Event) -> User | None:
    if event.actor_kind != "user" or event.actor_id is None:
        return None
    return User.objects.filter(pk=event.actor_id).first()
