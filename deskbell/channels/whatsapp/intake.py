"""What becomes of one message from WhatsApp: its rules, in their order. Runs inside the transaction of
channels.inbound; the sender's number or id was proven by WhatsApp.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from deskbell.channels import reasons
from deskbell.channels.case import Verdict, believable
from deskbell.channels.email.counters import takes_ticket
from deskbell.channels.models import AwaitedFile, InboundItem
from deskbell.channels.whatsapp.incoming import ABOUT, Incoming, placeholder
from deskbell.channels.whatsapp.thanks import is_thanks
from deskbell.events.actor import SYSTEM
from deskbell.outbox.models import OutboxItem
from deskbell.people.actions import person_for_whatsapp
from deskbell.people.models import User
from deskbell.people.queries import company
from deskbell.people.rules import reads_only
from deskbell.tickets import actions as tickets
from deskbell.tickets import rules
from deskbell.tickets.actions.conversations import heard_in_chat
from deskbell.tickets.actions.properties import within_reopening
from deskbell.tickets.content import Content, NewFile
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
CHANNEL = "whatsapp"
#: bold, slanted, struck
_MARKED = re.compile(r"(?<!\w)([*_~])(\S(?:.*?\S)?)\1(?!\w)")
#: what a person writes to name a ticket: #4711
_NUMBER = re.compile(r"(?<![\w&#-])#(\d{1,18})(?!\w)")


@dataclass(frozen=True)
class Chat:
    """One message to be decided, with its file where it could be fetched at once."""

    item: InboundItem
    incoming: Incoming
    file: NewFile | None = None


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
    if incoming.type in ABOUT:
        return _about_another(chat)
    person, _made = person_for_whatsapp(
        wa_id=incoming.wa_id,
        bsuid=incoming.bsuid,
        scope=chat.item.channel.whatsapp.waba_id,
        name=incoming.name,
    )
    if not person.is_active:
        return Verdict.quarantined("deactivated", N_("The sender's account is closed"))
    if reads_only(person):
        return Verdict.quarantined("read_only", N_("The sender may look at tickets, not open any"))
    at = believable(incoming.at) or timezone.now()
    conversation = heard_in_chat(chat.item.channel_id, incoming.sender, person, at=at)
    found = _find(chat, conversation, person)
    if found and is_thanks(incoming.text) and found.ticket.category in (Category.RESOLVED, Category.CLOSED):
        return _thanked(chat, found, person)
    return _add(chat, found, person) if found else _open(chat, person, conversation)


# --- what is said about another message -----------------------------------------------------------


def _about_another(chat: Chat) -> Verdict:
    """Kept on the ticket of the message it is about, without waking it."""
    incoming = chat.incoming
    if incoming.type == "system":
        return _moved(chat)
    ticket = _ticket_about(chat.item.channel_id, incoming.about)
    if ticket is None:
        return Verdict.blocked("about_nothing", N_("It is about a message that is not known here"))
    match incoming.type:
        case "reaction" if incoming.text:
            text = _("Reacted with %(sign)s") % {"sign": incoming.text}
        case "reaction":
            text = _("Took the reaction back")
        case "revoke":
            text = _("Deleted this message on WhatsApp")
        case _:
            text = _("Changed this message on WhatsApp: %(text)s") % {"text": incoming.text}
    content = _content(chat, text, kind=Message.Kind.SYSTEM)
    return _annotate(ticket, content, "reaction" if incoming.type == "reaction" else "change")


def _moved(chat: Chat) -> Verdict:
    """The sender has another number now: told on his newest ticket, for somebody to look at."""
    rows = Conversation.objects.filter(channel_id=chat.item.channel_id, address=chat.incoming.sender)
    conversation = rows.first()
    ticket = conversation and conversation.tickets.order_by("-updated_at").first()
    if not ticket:
        return Verdict.blocked("about_nothing", N_("It is about a person who is not known here"))
    text = _("WhatsApp says that this person has another number now.")
    if chat.incoming.moved_to:
        text = _("WhatsApp says that this person now has the number +%(number)s.") % {
            "number": chat.incoming.moved_to
        }
    return _annotate(ticket, _content(chat, text, kind=Message.Kind.SYSTEM), "number_changed")


def _annotate(ticket: Ticket, content: Content, reason: str) -> Verdict:
    message = tickets.add_message(
        ticket, content, author=None, direction="in", visibility="internal", channel=CHANNEL, by=SYSTEM
    )
    said = reasons.NOTED[reason]
    return Verdict(State.ANNOTATED, reason, said, ticket_id=ticket.pk, message_id=message.pk)


def _thanked(chat: Chat, found: Found, person: User) -> Verdict:
    """A mere thank-you does not open again what is done."""
    content = _content(chat, chat.incoming.text, kind=Message.Kind.HUMAN)
    message = tickets.add_message(
        found.ticket, content, author=person, direction="in", visibility="public", channel=CHANNEL, by=SYSTEM
    )
    said = reasons.NOTED["thanks"]
    return Verdict(State.ANNOTATED, "thanks", said, ticket_id=found.ticket.pk, message_id=message.pk)


# --- which ticket ---------------------------------------------------------------------------------


def _find(chat: Chat, conversation: Conversation, person: User) -> Found | None:
    """The first that fits: the number he writes, the message he quotes, the ticket of his chat that is open
    and was last active, the last one that is done while it can still be reopened.
    """
    for ticket in _named(chat.incoming.text):
        if rules.may(person, "customer_reply", ticket):
            return Found(ticket, "chat_number")
    quoted = _ticket_about(chat.item.channel_id, chat.incoming.about)
    if quoted and rules.may(person, "customer_reply", quoted):
        return Found(quoted, "chat_quote")
    his = conversation.tickets.select_related("queue", "requester", "status").filter(trashed_at=None)
    latest = his.filter(category__in=ACTIVE_CATEGORIES).order_by("-last_message_at").first()
    if latest:
        return Found(latest, "chat_open")
    done = his.exclude(category__in=ACTIVE_CATEGORIES).order_by("-resolved_at").first()
    if done and done.merged_into_id is not None:
        whole = final(done)
        if rules.may(person, "customer_reply", whole) and not whole.trashed:
            if whole.category in ACTIVE_CATEGORIES:
                return Found(whole, "chat_open")
            done = whole
    return Found(done, "chat_reopened") if done and within_reopening(done, CHANNEL) else None


def _named(text: str) -> list[Ticket]:
    numbers = [int(number) for number in _NUMBER.findall(text)[:3]]
    rows = Ticket.objects.select_related("queue", "requester", "status").filter(number__in=numbers)
    found = {ticket.number: ticket for ticket in rows} if numbers else {}
    return [final(found[number]) for number in numbers if number in found]


def _ticket_about(channel_id: int, external_id: str) -> Ticket | None:
    """The ticket of a message that WhatsApp knows by this id: a customer's, or whatever we have sent."""
    if not external_id:
        return None
    rows = Ticket.objects.select_related("queue", "requester", "status")
    written = Message.objects.filter(external_id=external_id, channel=CHANNEL)
    sent = OutboxItem.objects.filter(external_id=external_id, channel_id=channel_id)
    ids = [*written.values_list("ticket_id", flat=True)[:1], *sent.values_list("ticket_id", flat=True)[:1]]
    return rows.filter(pk__in=[pk for pk in ids if pk]).first()


# --- into the ticket ------------------------------------------------------------------------------


def _add(chat: Chat, found: Found, person: User) -> Verdict:
    message = tickets.customer_reply(found.ticket, _said(chat), by=person, channel=CHANNEL)
    _await_file(chat, message)
    ticket = message.ticket or found.ticket
    if ticket.pk != found.ticket.pk:
        return Verdict(State.TICKETED, "follow_up", ticket_id=ticket.pk, message_id=message.pk)
    said = reasons.FOUND_BY[found.how]
    return Verdict(State.ADDED, found.how, said, ticket_id=ticket.pk, message_id=message.pk)


def _open(chat: Chat, person: User, conversation: Conversation) -> Verdict:
    if not takes_ticket(chat.item, chat.incoming.sender):
        return Verdict.quarantined("too_many", reasons.TOO_MANY % {"count": company().tickets_per_sender})
    ticket = tickets.open_ticket(
        requester=person,
        subject=_subject(chat.incoming, person),
        content=_said(chat),
        by=person,
        source=Source.WHATSAPP,
        channel=CHANNEL,
        conversation=conversation,
        queue=_queue(chat.item),
    )
    _await_file(chat, ticket.messages.get())
    return Verdict(State.TICKETED, "new", ticket_id=ticket.pk, message_id=ticket.last_message_id)


def _subject(incoming: Incoming, person: User) -> str:
    """The first words, or what came: a chat has no subject."""
    line = _MARKED.sub(r"\2", " ".join(incoming.text.split()))
    if line:
        return line if len(line) <= 60 else line[:60].rsplit(" ", 1)[0] + " …"
    names = {
        "image": _("Photo from %(name)s"),
        "video": _("Video from %(name)s"),
        "audio": _("Voice message from %(name)s"),
        "document": _("Document from %(name)s"),
        "location": _("Location from %(name)s"),
    }
    return names.get(incoming.type, _("WhatsApp message from %(name)s")) % {"name": person.display_name}


def _queue(item: InboundItem) -> Queue | None:
    queue = item.channel.queue
    return queue if queue is not None and queue.active else None


def _said(chat: Chat) -> Content:
    return _content(chat, chat.incoming.text or placeholder(chat.incoming), kind=Message.Kind.HUMAN)


def _content(chat: Chat, text: str, *, kind: str) -> Content:
    incoming = chat.incoming
    awaited = incoming.media is not None and chat.file is None
    details: dict[str, Any] = {"type": incoming.type}
    details |= {"forwarded": True} if incoming.forwarded else {}
    details |= {"file": "waiting"} if awaited else {}
    return Content(
        text=text,
        new_text=text,
        markup=Message.Markup.PLAIN,
        kind=kind,
        external_id=incoming.external_id,
        in_reply_to=incoming.about,
        sent_at=believable(incoming.at),
        inbound_id=chat.item.pk,
        files=[chat.file] if chat.file else [],
        details={"whatsapp": details},
        awaits_file=awaited,
    )


def _await_file(chat: Chat, message: Message) -> None:
    """Note the file that could not be fetched, for who fetches it later."""
    media = chat.incoming.media
    if media is None or chat.file is not None:
        return
    AwaitedFile.objects.create(
        message=message,
        channel=chat.item.channel,
        media_id=media.media_id,
        filename=media.filename,
        sha256=media.sha256,
        next_try_at=timezone.now(),
    )
