"""What customers are told in the chat in which they wrote."""

from __future__ import annotations

from django.utils.translation import gettext as _

from deskbell.channels.models import LinkedDevice, WhatsAppNumber
from deskbell.channels.whatsapp import outgoing
from deskbell.kit import markdown
from deskbell.people.reader import reading
from deskbell.tickets.models import Attachment, Conversation, Message, Ticket

CHANNEL = "whatsapp"


def answers_here(ticket: Ticket, message: Message) -> bool:
    """Whether `message` leaves by the ticket's chat."""
    return message.channel == CHANNEL and ticket.conversation is not None


def left_already(message: Message) -> bool:
    """Whether it was written outside the desk: nobody is to get it again."""
    return bool(message.details.get(CHANNEL, {}).get("phone"))


def put_reply(ticket: Ticket, message: Message, *, kind: str) -> None:
    assert ticket.conversation is not None
    if template := message.details.get("whatsapp", {}).get("template"):
        cause = ("message", message.pk)
        outgoing.put_template(
            ticket.conversation, kind=kind, cause=cause, ticket_id=ticket.pk, template=template
        )
        return
    files = Attachment.objects.filter(message=message).order_by("pk").values_list("blob_id", "filename")
    outgoing.put(
        ticket.conversation,
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
    """We have it: one message, where the number greets."""
    conversation = ticket.conversation
    if (
        conversation is None
        or not WhatsAppNumber.objects.filter(channel=conversation.channel_id, greets=True).exists()
    ):
        return
    person = ticket.requester
    with reading(language=person.language, time_zone=person.time_zone):
        text = _("Thank you, we have your message. Your ticket is #%(number)s; you can simply write on here.")
    _put(ticket, kind, ("ticket", ticket.pk), text % {"number": ticket.number})


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
