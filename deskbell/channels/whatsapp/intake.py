"""What becomes of one message from WhatsApp: its rules, in their order. Runs inside the transaction of
channels.inbound; the sender's number or id was proven by WhatsApp.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from deskbell.channels import events, reasons, senders
from deskbell.channels.actions import consent, fallback, questions
from deskbell.channels.case import Verdict, believable, refusal
from deskbell.channels.chats import tickets_in
from deskbell.channels.email.counters import takes_ticket
from deskbell.channels.models import Channel, InboundItem, SenderRule, TicketQuestion
from deskbell.channels.whatsapp import asking, echoes, who
from deskbell.channels.whatsapp.incoming import ABOUT
from deskbell.channels.whatsapp.naming import subject_of
from deskbell.channels.whatsapp.reading import (
    CHANNEL,
    Chat,
    annotate,
    await_file,
    content_of,
    message_about,
    revised,
    said,
    ticket_about,
)
from deskbell.channels.whatsapp.stopping import wish_of
from deskbell.channels.whatsapp.thanks import is_thanks
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people.models import User
from deskbell.people.queries import company
from deskbell.people.rules import reads_only
from deskbell.tickets import actions as tickets
from deskbell.tickets import rules
from deskbell.tickets.actions.conversations import heard_in_chat, set_reaction
from deskbell.tickets.actions.properties import within_reopening
from deskbell.tickets.content import Content
from deskbell.tickets.models import (
    ACTIVE_CATEGORIES,
    Category,
    Conversation,
    Message,
    Queue,
    Source,
    Ticket,
)
from deskbell.tickets.pointers import final

State = InboundItem.State
#: in which one person may write so much and no more
AT_ONCE = timedelta(minutes=10)
#: what a person writes to name a ticket: #4711
_NUMBER = re.compile(r"(?<![\w&#-])#(\d{1,18})(?!\w)")


@dataclass(frozen=True)
class Found:
    ticket: Ticket
    how: str


def decide(chat: Chat) -> Verdict:
    """What becomes of a message that is here for the first time."""
    incoming = chat.incoming
    if not incoming.sender:
        return Verdict.quarantined("no_sender", N_("The message names nobody who could be answered"))
    if incoming.group:
        return Verdict.blocked("group", N_("It was written in a group, and groups are left alone"))
    if incoming.echo:
        return echoes.decide(chat)
    if refused := refusal(senders.kind_of_number(incoming.wa_id)):
        return refused
    if incoming.type in ABOUT:
        return _about_another(chat)
    at = believable(incoming.at) or timezone.now()
    sender = who.sender_of(chat, at=at)
    verdict = _from_person(sender.chat, sender.person, at)
    if sender.note and verdict.ticket_id:
        _note(verdict.ticket_id, sender.note)
    return verdict


def _from_person(chat: Chat, person: User, at: datetime) -> Verdict:
    incoming = chat.incoming
    if not person.is_active:
        return Verdict.quarantined("deactivated", N_("The sender's account is closed"))
    if reads_only(person):
        return Verdict.quarantined("read_only", N_("The sender may look at tickets, not open any"))
    if _too_many_at_once(chat, person, at):
        most = chat.item.channel.whatsapp.most_at_once
        return Verdict.quarantined("flood", reasons.FLOOD % {"count": most})
    conversation = heard_in_chat(
        chat.item.channel_id,
        incoming.sender,
        person,
        at=at,
        name=incoming.name,
        open_days=open_days(chat.item.channel),
    )
    consent.note_first_word(conversation, incoming.external_id)
    if wished := _wish(chat, conversation, person):
        return wished
    if answer := asking.answered(incoming, conversation):
        return _answered(chat, conversation, *answer)
    found = _find(chat, conversation, person)
    if waiting := questions.open_in(conversation):
        if found is None or found.how not in ("chat_number", "chat_quote"):
            return _park(chat, waiting, person)
        if found.ticket.pk in waiting.offered:
            questions.settle(waiting, found.ticket, how=TicketQuestion.How.CUSTOMER)
    if found and found.how == "chat_several":
        several = _several(conversation, person)
        return _park(chat, asking.ask(conversation, person, several), person)
    if found and is_thanks(incoming.text) and found.ticket.category in (Category.RESOLVED, Category.CLOSED):
        return _thanked(chat, found, person)
    if found is None:
        return _open(chat, person, conversation)
    fallback.goes_on(found.ticket, conversation)
    return _add(chat, found, person)


def open_days(channel: Channel) -> int:
    """For how many days after his message a person may be answered by it."""
    return channel.device.reply_days if channel.kind == Channel.Kind.WHATSAPP_WEB else 1


def _too_many_at_once(chat: Chat, person: User, at: datetime) -> bool:
    """By the times at which he wrote; an administrator's word, and his who always is welcome, let all in."""
    most = chat.item.channel.whatsapp.most_at_once
    if not most or senders.kind_of_number(chat.incoming.wa_id) == SenderRule.Kind.ALLOW:
        return False
    his = Message.objects.filter(author=person, channel=CHANNEL, direction=Message.Direction.IN)
    if his.filter(sent_at__gt=at - AT_ONCE, sent_at__lte=at)[:most].count() < most:
        return False
    replayed = Event.objects.filter(
        about_kind="inbounditem", about_id=chat.item.pk, kind=events.Replayed.kind
    )
    return not replayed.exists()


def _wish(chat: Chat, conversation: Conversation, person: User) -> Verdict | None:
    """STOP and START as the whole text: noted on his newest ticket, and confirmed once."""
    wish, evidence = wish_of(chat.incoming), chat.incoming.external_id
    if not wish or chat.item.channel.kind != Channel.Kind.WHATSAPP_CLOUD:  # templates are sent by no other
        return None
    rows = tickets_in(conversation).filter(trashed_at=None, requester=person)
    ticket = rows.order_by("-active", "-last_message_at").first()
    if wish == "start" and not consent.start(conversation, evidence=evidence, ticket=ticket):
        return None
    if wish == "stop":
        consent.stop(conversation, evidence=evidence, ticket=ticket)
    if ticket is None:
        return _noted(wish, None)
    if wish == "stop":
        words = _("Wrote “%(text)s”: no more templates may be sent in this chat.")
    else:
        words = _("Wrote “%(text)s”: templates may be sent in this chat again.")
    content = content_of(chat, words % {"text": chat.incoming.text}, kind=Message.Kind.SYSTEM)
    return annotate(ticket, content, wish)


# --- what is said about another message -----------------------------------------------------------


def _about_another(chat: Chat) -> Verdict:
    """Kept on the ticket of the message it is about, without waking it."""
    incoming = chat.incoming
    if incoming.type == "system":
        return who.moved(chat)
    if verdict := revised(chat):
        return verdict
    ticket = ticket_about(chat.item.channel_id, incoming.about)
    if ticket is None:
        return Verdict.blocked("about_nothing", N_("It is about a message that is not known here"))
    if incoming.type == "reaction" and (message := message_about(chat.item.channel_id, incoming.about)):
        set_reaction(message.pk, incoming.text[:20], theirs=True, by=SYSTEM)
        why = reasons.NOTED["reaction"]
        return Verdict(State.ANNOTATED, "reaction", why, ticket_id=message.ticket_id, message_id=message.pk)
    match incoming.type:
        case "reaction" if incoming.text:
            text = _("Reacted with %(sign)s") % {"sign": incoming.text}
        case "reaction":
            text = _("Took the reaction back")
        case "revoke":
            text = _("Deleted this message on WhatsApp")
        case _:
            text = _("Changed this message on WhatsApp: %(text)s") % {"text": incoming.text}
    content = content_of(chat, text, kind=Message.Kind.SYSTEM)
    return annotate(ticket, content, "reaction" if incoming.type == "reaction" else "change")


def _note(ticket_id: int, text: str) -> None:
    """For the desk alone."""
    content = Content(text=text, markup=Message.Markup.PLAIN, kind=Message.Kind.SYSTEM)
    tickets.add_message(
        Ticket.objects.get(pk=ticket_id),
        content,
        author=None,
        direction="in",
        visibility="internal",
        channel=CHANNEL,
        by=SYSTEM,
    )


def _thanked(chat: Chat, found: Found, person: User) -> Verdict:
    """A mere thank-you does not open again what is done."""
    content = content_of(chat, chat.incoming.text, kind=Message.Kind.HUMAN)
    message = tickets.add_message(
        found.ticket, content, author=person, direction="in", visibility="public", channel=CHANNEL, by=SYSTEM
    )
    said = reasons.NOTED["thanks"]
    return Verdict(State.ANNOTATED, "thanks", said, ticket_id=found.ticket.pk, message_id=message.pk)


# --- which ticket ---------------------------------------------------------------------------------


def _find(chat: Chat, conversation: Conversation, person: User) -> Found | None:
    """The first that fits: the number he writes, the message he quotes, the one ticket of his chat that is
    open, of several the one it was about lately, the last one that is done while it can still be reopened.

    `chat_several`: nobody but him can know.
    """
    for ticket in _named(chat.incoming.text):
        if rules.may(person, "customer_reply", ticket):
            return Found(ticket, "chat_number")
    quoted = ticket_about(chat.item.channel_id, chat.incoming.about)
    if quoted and rules.may(person, "customer_reply", quoted):
        return Found(quoted, "chat_quote")
    several = _several(conversation, person)
    if len(several) == 1:
        return Found(several[0], "chat_open")
    if several:
        if lately := asking.lately(conversation, several):
            return Found(lately, "chat_lately")
        asks = chat.item.channel.whatsapp.asks and not is_thanks(chat.incoming.text)
        return Found(several[0], "chat_several" if asks and asking.may_ask(conversation) else "chat_latest")
    his = tickets_in(conversation).filter(trashed_at=None)
    done = his.exclude(category__in=ACTIVE_CATEGORIES).order_by("-resolved_at").first()
    if done and done.merged_into_id is not None:
        done = final(done)
        if done.trashed or not rules.may(person, "customer_reply", done):
            return None
        if done.category in ACTIVE_CATEGORIES:
            return Found(done, "chat_open")
    if done is None or not rules.may(person, "customer_reply", done) or not within_reopening(done, CHANNEL):
        return None
    return Found(done, "chat_reopened")


def _several(conversation: Conversation, person: User) -> list[Ticket]:
    """The open tickets of the chat, the last moved first."""
    rows = tickets_in(conversation)
    rows = rows.filter(trashed_at=None, category__in=ACTIVE_CATEGORIES).order_by("-last_message_at", "-pk")
    return [each for each in rows[:20] if rules.may(person, "customer_reply", each)]


def _named(text: str) -> list[Ticket]:
    numbers = [int(number) for number in _NUMBER.findall(text)[:3]]
    rows = Ticket.objects.select_related("queue", "requester", "status").filter(number__in=numbers)
    found = {ticket.number: ticket for ticket in rows} if numbers else {}
    return [final(found[number]) for number in numbers if number in found]


# --- which one he means ---------------------------------------------------------------------------


def _park(chat: Chat, question: TicketQuestion, person: User) -> Verdict:
    message = questions.wait_in(question, said(chat), author=person)
    await_file(chat, message)
    return Verdict(State.ANNOTATED, "parked", reasons.PARKED, message_id=message.pk)


def _answered(
    chat: Chat, conversation: Conversation, question: TicketQuestion, ticket: Ticket | None
) -> Verdict:
    """He says which ticket he means: what waits goes there. An answer that comes too late for that is noted,
    and the chat goes on with that ticket.
    """
    if question.settled_at is None:
        placed = questions.settle(question, ticket, how=TicketQuestion.How.CUSTOMER)
        return _noted("question_answered", placed.pk)
    if ticket is None or ticket.pk == question.ticket_id:
        return _noted("question_answered", question.ticket_id)
    before = Ticket.objects.filter(pk=question.ticket_id or 0).values_list("number", flat=True).first()
    questions.decide_late(question, ticket)
    text = _(
        "The customer says that what he wrote just before is about this ticket. It stands in #%(number)s."
    )
    content = content_of(chat, text % {"number": before or "?"}, kind=Message.Kind.SYSTEM)
    return annotate(ticket, content, "question_answered")


def _noted(reason: str, ticket_id: int | None) -> Verdict:
    return Verdict(State.ANNOTATED, reason, reasons.NOTED[reason], ticket_id=ticket_id)


# --- into the ticket ------------------------------------------------------------------------------


def _add(chat: Chat, found: Found, person: User) -> Verdict:
    message = tickets.customer_reply(found.ticket, said(chat), by=person, channel=CHANNEL)
    await_file(chat, message)
    ticket = message.ticket or found.ticket
    if ticket.pk != found.ticket.pk:
        return Verdict(State.TICKETED, "follow_up", ticket_id=ticket.pk, message_id=message.pk)
    why = reasons.FOUND_BY[found.how]
    return Verdict(State.ADDED, found.how, why, ticket_id=ticket.pk, message_id=message.pk)


def _open(chat: Chat, person: User, conversation: Conversation) -> Verdict:
    if not takes_ticket(chat.item, chat.incoming.sender):
        return Verdict.quarantined("too_many", reasons.TOO_MANY % {"count": company().tickets_per_sender})
    ticket = tickets.open_ticket(
        requester=person,
        subject=subject_of(chat.incoming.text, chat.incoming.type, person),
        content=said(chat),
        by=person,
        source=Source.WHATSAPP,
        channel=CHANNEL,
        conversation=conversation,
        queue=_queue(chat.item),
    )
    await_file(chat, ticket.messages.get())
    return Verdict(State.TICKETED, "new", ticket_id=ticket.pk, message_id=ticket.last_message_id)


def _queue(item: InboundItem) -> Queue | None:
    queue = item.channel.queue
    return queue if queue is not None and queue.active else None
