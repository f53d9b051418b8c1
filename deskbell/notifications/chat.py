"""What customers are told in the chat in which they wrote."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from deskbell.channels.chats import talked_about
from deskbell.channels.models import LinkedDevice, WhatsAppNumber
from deskbell.channels.whatsapp import outgoing
from deskbell.kit import markdown
from deskbell.kit.time import clock
from deskbell.kit.time import day as on_day
from deskbell.people.hours import Hours
from deskbell.people.queries import company
from deskbell.people.reader import reading
from deskbell.tickets.models import Attachment, Conversation, Message, Ticket

CHANNEL = "whatsapp"
#: kind of the notice that nobody is there
AWAY = "ticket.away"


def answers_here(ticket: Ticket, message: Message) -> bool:
    """Whether `message` leaves by the ticket's chat."""
    return message.channel == CHANNEL and ticket.conversation is not None


def left_already(message: Message) -> bool:
    """Whether it was written outside the desk: nobody is to get it again."""
    return bool(message.details.get(CHANNEL, {}).get("phone"))


def put_reply(ticket: Ticket, message: Message, *, kind: str) -> None:
    """By the ticket's chat, or by the other one that its writer chose."""
    assert ticket.conversation is not None
    said, conversation = message.details.get(CHANNEL, {}), ticket.conversation
    if other := said.get("chat"):
        conversation = Conversation.objects.get(pk=other)
        talked_about(ticket, conversation)
    if template := said.get("template"):
        cause = ("message", message.pk)
        outgoing.put_template(conversation, kind=kind, cause=cause, ticket_id=ticket.pk, template=template)
        return
    files = Attachment.objects.filter(message=message).order_by("pk").values_list("blob_id", "filename")
    outgoing.put(
        conversation,
        kind=kind,
        cause=("message", message.pk),
        ticket_id=ticket.pk,
        text=markdown.to_chat(message.text)
        if message.markup == Message.Markup.MARKDOWN
        else message.new_text,
        files=list(files),
        quoted=message.in_reply_to,
    )


def put_received(ticket: Ticket, *, kind: str) -> None:
    """We have it, where the number greets, and when somebody is back, where it says so: in one message."""
    number, person = _number(ticket), ticket.requester
    if number is None:
        return
    with reading(language=person.language, time_zone=person.time_zone):
        text = _("Thank you, we have your message. Your ticket is #%(number)s; you can simply write on here.")
        received = text % {"number": ticket.number} if number.greets else ""
        away = _away(ticket.created_at) if number.tells_hours else ""
    if words := " ".join(filter(None, (received, away))):
        _put(ticket, AWAY if away else kind, ("ticket", ticket.pk), words)


def put_away(ticket: Ticket, *, at: datetime) -> None:
    """He wrote more outside the opening hours: told once for a ticket, its first notice included."""
    number, person = _number(ticket), ticket.requester
    if number is None or not number.tells_hours:
        return
    with reading(language=person.language, time_zone=person.time_zone):
        words = _away(at)
    if words:
        _put(ticket, AWAY, ("ticket", ticket.pk), words)


def _number(ticket: Ticket) -> WhatsAppNumber | None:
    conversation = ticket.conversation
    return WhatsAppNumber.objects.filter(channel=conversation.channel_id).first() if conversation else None


def hours() -> Hours:
    return Hours.of(company().hours, settings.TIME_ZONE)


def _away(at: datetime) -> str:
    """When somebody is there again, for a message of that time; nothing where somebody is."""
    opens = None if hours().is_open(at) else hours().next_opening(at)
    if opens is None:
        return ""
    day = timezone.localdate(opens)
    clock_said = {"time": clock(opens), "day": on_day(opens), "weekday": date_format(day, "l")}
    if day == timezone.localdate(at):
        return _("Nobody is here right now; we are back today at %(time)s.") % clock_said
    if day == timezone.localdate(at) + timedelta(days=1):
        return _("Nobody is here right now; we are back tomorrow at %(time)s.") % clock_said
    return _("Nobody is here right now; we are back on %(weekday)s, %(day)s, at %(time)s.") % clock_said


def may_automate(conversation: Conversation) -> bool:
    """Whether words that nobody wrote may leave now: not by a linked device that is in trouble."""
    device = LinkedDevice.objects.filter(channel=conversation.channel_id).first()
    return device is None or device.may_send


def put_resolved(ticket: Ticket, *, kind: str, event: int) -> None:
    conversation = ticket.conversation
    if conversation and LinkedDevice.objects.filter(channel=conversation.channel_id).exists():
        return  # each automatic message of a linked device is a risk: the greeting has to do
    person = ticket.requester
    with reading(language=person.language, time_zone=person.time_zone):
        text = _("We have resolved #%(number)s. If something is still wrong, just answer here.")
    _put(ticket, kind, ("event", event), text % {"number": ticket.number})


def _put(ticket: Ticket, kind: str, cause: tuple[str, int], text: str) -> None:
    """What nobody wrote is sent only while it costs no template."""
    conversation = ticket.conversation
    if conversation is not None and conversation.is_open and may_automate(conversation):
        outgoing.put(conversation, kind=kind, cause=cause, ticket_id=ticket.pk, text=text)
