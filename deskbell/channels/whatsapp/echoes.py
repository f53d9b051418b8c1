"""What somebody of us wrote on the phone that has the number: on its ticket it is the desk's answer."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from deskbell.channels import reasons
from deskbell.channels.case import Verdict, believable
from deskbell.channels.chats import tickets_in
from deskbell.channels.models import InboundItem
from deskbell.channels.whatsapp.incoming import ABOUT
from deskbell.channels.whatsapp.reading import (
    Chat,
    annotate,
    await_file,
    content_of,
    message_about,
    revised,
    said,
    ticket_about,
)
from deskbell.events.actor import SYSTEM
from deskbell.outbox.models import OutboxItem
from deskbell.tickets import actions as tickets
from deskbell.tickets.actions.conversations import set_reaction
from deskbell.tickets.models import Conversation, Message, Ticket


def decide(chat: Chat) -> Verdict:
    """Nothing of it is sent again, and it opens no ticket."""
    sent = OutboxItem.objects.filter(channel_id=chat.item.channel_id, external_id=chat.incoming.external_id)
    if chat.incoming.external_id and sent.exists():
        return Verdict.blocked("own_message", N_("Deskbell sent this message itself"))
    if chat.incoming.type in ABOUT:
        return _about_another(chat)
    ticket = ticket_about(chat.item.channel_id, chat.incoming.about) or _latest(chat)
    if ticket is None:
        return Verdict.blocked("phone_alone", N_("It was written on our phone to somebody without a ticket"))
    content = said(chat, phone=True)
    at = believable(chat.incoming.at) or timezone.now()
    message = tickets.note_sent_elsewhere(ticket, content, channel="whatsapp", at=at)
    await_file(chat, message)
    return Verdict(
        InboundItem.State.ADDED, "phone", reasons.ON_THE_PHONE, ticket_id=ticket.pk, message_id=message.pk
    )


def _about_another(chat: Chat) -> Verdict:
    if verdict := revised(chat):
        return verdict
    incoming = chat.incoming
    ticket = ticket_about(chat.item.channel_id, incoming.about)
    if ticket is None:
        return Verdict.blocked("about_nothing", N_("It is about a message that is not known here"))
    about = message_about(chat.item.channel_id, incoming.about)
    if incoming.type == "reaction" and about and about.direction == Message.Direction.IN:
        set_reaction(about.pk, incoming.text[:20], theirs=False, by=SYSTEM)
        why = reasons.NOTED["reaction"]
        state = InboundItem.State.ANNOTATED
        return Verdict(state, "reaction", why, ticket_id=about.ticket_id, message_id=about.pk)
    if incoming.type == "revoke":
        text = _("Deleted this message on our phone")
    elif incoming.type == "edit":
        text = _("Changed this message on our phone: %(text)s") % {"text": incoming.text}
    else:
        text = _("Reacted on our phone with %(sign)s") % {"sign": incoming.text or "–"}
    return annotate(ticket, content_of(chat, text, kind=Message.Kind.SYSTEM), "phone_change")


def _latest(chat: Chat) -> Ticket | None:
    """The ticket that this chat was about last, open ones first."""
    conversation = Conversation.objects.filter(
        channel_id=chat.item.channel_id, address=chat.incoming.sender
    ).first()
    if conversation is None:
        return None
    return tickets_in(conversation).filter(trashed_at=None).order_by("-active", "-last_message_at").first()
