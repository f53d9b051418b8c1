"""Whether somebody agreed to get templates in a chat, and what he says to that."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from deskbell.channels import events
from deskbell.channels.models import Channel, ChatConsent, MessageTemplate
from deskbell.channels.whatsapp import outgoing
from deskbell.channels.whatsapp.errors import NO_CONSENT, STOPPED_ALL
from deskbell.channels.whatsapp.interactive import Option, buttons
from deskbell.channels.whatsapp.stopping import AGAIN
from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people.models import User
from deskbell.people.reader import reading
from deskbell.tickets.models import Conversation, Ticket

Purpose, Source = ChatConsent.Purpose, ChatConsent.Source
MARKETING = "MARKETING"


def latest(conversation: Conversation, purpose: str = Purpose.UPDATES) -> ChatConsent | None:
    rows = ChatConsent.objects.filter(conversation=conversation, purpose=purpose)
    return rows.order_by("-pk").first()


def refusal(conversation: Conversation, category: str = "") -> str:
    """Why a template of that category may not be sent there: an English sentence, empty when it may be."""
    row = latest(conversation)
    if row is not None and not row.given:
        return STOPPED_ALL
    if row is None and conversation.last_in_at is None:
        return NO_CONSENT
    if category == MARKETING and (said := latest(conversation, Purpose.MARKETING)) and not said.given:
        return STOPPED_ALL
    return ""


def category_of(channel_id: int, node: dict[str, Any]) -> str:
    """Of a template as it is sent (templates.to_send)."""
    rows = MessageTemplate.objects.filter(
        channel_id=channel_id, name=node.get("name"), language=node.get("language", {}).get("code")
    )
    return rows.values_list("category", flat=True).first() or ""


def is_stopped(conversation: Conversation) -> bool:
    row = latest(conversation)
    return row is not None and not row.given


def note_first_word(conversation: Conversation, evidence: str) -> None:
    """Who writes to us agrees to be answered there: noted once."""
    if latest(conversation) is None:
        _note(conversation, Purpose.UPDATES, True, Source.WROTE, evidence)


@transaction.atomic
def stop(conversation: Conversation, *, evidence: str, ticket: Ticket | None) -> None:
    """No more templates. Confirmed once, with a button that takes it back."""
    if is_stopped(conversation):
        return
    row = _note(conversation, Purpose.UPDATES, False, Source.WORD, evidence)
    person = conversation.person
    with reading(language=person.language, time_zone=person.time_zone):
        text = _("You will get no more notices from us here. We still answer what you write.")
        node = buttons(text, [Option(AGAIN, _("Send them again"))])
    outgoing.put_interactive(
        conversation,
        kind="consent.stopped",
        cause=("consent", row.pk),
        ticket_id=ticket.pk if ticket else None,
        node=node,
    )


@transaction.atomic
def start(conversation: Conversation, *, evidence: str, ticket: Ticket | None) -> bool:
    """He wants them again. False, and nothing happens, where he had not stopped them."""
    if not is_stopped(conversation):
        return False
    row = _note(conversation, Purpose.UPDATES, True, Source.WORD, evidence)
    person = conversation.person
    with reading(language=person.language, time_zone=person.time_zone):
        text = _("You will get our notices here again. Write STOP to end them.")
    outgoing.put(
        conversation,
        kind="consent.started",
        cause=("consent", row.pk),
        ticket_id=ticket.pk if ticket else None,
        text=text,
    )
    return True


class Stopped(Exception):
    """Only the customer himself can take back that he wants nothing."""


@transaction.atomic
def record(conversation: Conversation, *, how: str, by: User) -> None:
    """Somebody here notes how the customer agreed. Raises Stopped."""
    Conversation.objects.select_for_update(no_key=True).get(pk=conversation.pk)
    row = latest(conversation)
    if row is not None and not row.given:
        raise Stopped
    if row is None:
        _note(conversation, Purpose.UPDATES, True, Source.AGENT, how, by=by)


def prefer(channel: Channel, address: str, *, given: bool) -> None:
    """What he said of marketing in WhatsApp's own settings."""
    conversation = Conversation.objects.filter(channel_id=channel.pk, address=address).first()
    if conversation is None:
        return
    row = latest(conversation, Purpose.MARKETING)
    if row is None or row.given != given:
        _note(conversation, Purpose.MARKETING, given, Source.WHATSAPP, "user_preferences")


def _note(
    conversation: Conversation,
    purpose: str,
    given: bool,
    source: str,
    evidence: str,
    *,
    by: Actor | User = SYSTEM,
) -> ChatConsent:
    row = ChatConsent.objects.create(
        conversation=conversation,
        purpose=purpose,
        given=given,
        source=source,
        evidence=evidence[:500],
        by=by if isinstance(by, User) else None,
    )
    said = events.ConsentChanged(purpose=purpose, given=given, source=source)
    publish(said, about=conversation.person, by=by)
    return row
