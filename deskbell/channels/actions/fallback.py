"""The Cloud API number by which a customer is answered while the WhatsApp Web number of his chat is down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext_noop as N_

from deskbell.channels.actions import consent
from deskbell.channels.chats import is_beside, talked_about
from deskbell.channels.models import Channel, DeviceMessage
from deskbell.channels.whatsapp.outgoing import DRIVER
from deskbell.channels.whatsapp_web.outgoing import DRIVER as LINKED
from deskbell.channels.whatsapp_web.words import trouble_of
from deskbell.gateway.protocol import Code
from deskbell.kit.chats import phone_of
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import Identity, User
from deskbell.tickets import rules
from deskbell.tickets.actions.carrying import unanswered_since, waits
from deskbell.tickets.actions.conversations import answer_in
from deskbell.tickets.actions.drafts import keep_draft
from deskbell.tickets.actions.errors import ChatClosed, LeftAlready
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.content import Content
from deskbell.tickets.models import Conversation, Draft, Message, Ticket

#: of what a gateway will not send
REFUSED = frozenset(Code) - {Code.TIMEOUT_UNKNOWN}
#: the way of a form, or of a program, that means this number
WAY = "cloud"
NO_CHAT = N_("This customer does not write in a chat")
NOT_LINKED = N_("This chat is not by a WhatsApp Web number: answer in it")
WORKS = N_("WhatsApp Web works: answer in the chat")
NO_NUMBER = N_("No number at WhatsApp’s API is on")
NO_PHONE = N_("The phone number of this customer is not known")
WAITING = N_(
    "An answer still waits for WhatsApp Web: withdraw it first, else the customer gets both once it works"
)


class NoFallback(Exception):
    """There is none now; the message is one of the sentences above, in English."""


@dataclass(frozen=True)
class Fallback:
    """`conversation` is None while nothing was ever said by this number."""

    channel: Channel
    address: str
    conversation: Conversation | None = None

    @property
    def is_open(self) -> bool:
        """Whether free words are taken; a template always is."""
        return self.conversation is not None and self.conversation.is_open

    @property
    def until(self) -> datetime | None:
        return self.conversation.open_until if self.conversation else None

    @property
    def closes_at(self) -> datetime | None:
        return self.conversation.closes_at if self.conversation else None

    def refusal(self, category: str = "") -> str:
        """As consent.refusal; who writes to one of our numbers agrees to be answered by another."""
        return consent.refusal(self.conversation, category) if self.conversation else ""


def fallback_of(ticket: Ticket) -> Fallback:
    """By which number `ticket` can be answered in place of its own. Raises NoFallback."""
    chat = ticket.conversation
    if chat is None:
        raise NoFallback(NO_CHAT)
    rows = Channel.objects.select_related("device").filter(kind=Channel.Kind.WHATSAPP_WEB)
    channel = rows.filter(pk=chat.channel_id).first()
    if channel is None:
        raise NoFallback(NOT_LINKED)
    if not trouble_of(channel):
        raise NoFallback(WORKS)
    return _number_for(chat)


def _number_for(chat: Conversation) -> Fallback:
    """The one by which he can be written to freely, or wrote last; else the first."""
    on = Channel.objects.filter(kind=Channel.Kind.WHATSAPP_CLOUD, state=Channel.State.OK)
    numbers = {each.pk: each for each in on.order_by("pk")}
    if not numbers:
        raise NoFallback(NO_NUMBER)
    chats = Conversation.objects.filter(channel_id__in=numbers)
    latest = F("open_until").desc(nulls_last=True)
    if his := chats.filter(person=chat.person_id).order_by(latest, "pk").first():
        return Fallback(numbers[his.channel_id], his.address, his)
    digits, first = phone_of(chat.address) or number_of(chat.person_id), next(iter(numbers.values()))
    if not digits or chats.filter(channel_id=first.pk, address=digits).exists():  # of somebody else
        raise NoFallback(NO_PHONE)
    return Fallback(first, digits)


def number_of(person_id: int) -> str:
    """The WhatsApp number of a customer whose chat has a hidden id; empty when it is not known."""
    rows = Identity.objects.filter(user=person_id, kind=Identity.Kind.WA_ID).order_by("pk")
    return rows.values_list("key", flat=True).first() or ""


@transaction.atomic
def through(ticket: Ticket, content: Content) -> Content:
    """The reply `content` as it leaves by that number. Raises NoFallback, and ChatClosed where it would take
    a template and `content` is none.
    """
    found = fallback_of(ticket)
    if _waiting(ticket).exists():
        raise NoFallback(WAITING)
    said = content.details.get("whatsapp", {})
    if "template" not in said and not found.is_open:
        raise ChatClosed
    conversation = _opened(found, ticket)
    if "template" in said:
        return replace(content, details={**content.details, "whatsapp": {**said, "chat": conversation.pk}})
    return replace(content, way=f"chat:{conversation.pk}")


def goes_on(ticket: Ticket, conversation: Conversation) -> None:
    """The customer writes about `ticket` there. Where it was talked about there before, beside its own chat,
    that is where he is answered from now on.
    """
    if is_beside(ticket, conversation):
        assert ticket.conversation is not None
        talked_about(ticket, ticket.conversation, beside=True)
        answer_in(ticket, conversation)


def _opened(found: Fallback, ticket: Ticket) -> Conversation:
    """Its conversation; the first one notes by which words of his the customer agreed to be written to."""
    if found.conversation:
        return found.conversation
    assert ticket.conversation is not None
    conversation, _made = Conversation.objects.get_or_create(
        channel_id=found.channel.pk,
        address=found.address,
        defaults={"person_id": ticket.conversation.person_id, "name": ticket.conversation.name},
    )
    his = Message.objects.filter(ticket=ticket, direction=Message.Direction.IN).exclude(external_id="")
    consent.note_first_word(
        conversation, his.order_by("-pk").values_list("external_id", flat=True).first() or ""
    )
    return conversation


def _waiting(ticket: Ticket) -> QuerySet[OutboxItem]:
    """What people here wrote that waits for the linked device, and was never handed to it."""
    rows = OutboxItem.objects.filter(ticket_id=ticket.pk, driver=LINKED, cause_kind="message")
    handed = DeviceMessage.objects.filter(item=OuterRef("uuid"))
    return rows.filter(~Exists(handed), state=OutboxItem.State.QUEUED)


@transaction.atomic
def withdraw(message: Message, *, by: User, again: bool = False) -> None:
    """What of `message` has not left by its linked device leaves there no more: its words are a draft of
    `by`, or with `again` it leaves by the other number at once.

    Raises LeftAlready where nothing can be withdrawn (any more), NotAllowed, NoFallback, ChatClosed: nothing
    is written then.
    """
    if message.ticket is None:
        raise LeftAlready
    ticket = lock(message.ticket)
    rules.require(by, "reply", ticket)
    items = list(_withdrawable(message))
    if not items:
        raise LeftAlready
    found = fallback_of(ticket) if again else None
    if found and not found.is_open:
        raise ChatClosed
    held = [outbox.withdraw(item.pk, by=by) for item in items]
    if found:
        _put_again(message, items, held, _opened(found, ticket))
        return
    if any("text" in each for each in held):
        begun = Draft.objects.filter(user=by, ticket=ticket, kind=Draft.Kind.REPLY).first()
        both = [message.text, begun.text if begun else ""]
        keep_draft(by, kind=Draft.Kind.REPLY, text="\n\n".join(filter(str.strip, both)), ticket=ticket)
    waits(ticket, unanswered_since(ticket, without=message))


def _withdrawable(message: Message) -> list[OutboxItem]:
    """Its parts that have surely not left; held until the transaction ends. What was offered to the gateway
    may be on its way, unless it has said that it will not send it.
    """
    rows = OutboxItem.objects.filter(cause_kind="message", cause_id=message.pk, driver=LINKED)
    open_ones = rows.filter(state__in=("queued", "failed"), payload__isnull=False)
    items = list(open_ones.select_for_update(no_key=True).order_by("pk"))
    offered = DeviceMessage.objects.filter(item__in=[each.uuid for each in items])
    given = set(offered.values_list("item", flat=True))
    return [each for each in items if each.uuid not in given or each.error_code in REFUSED]


def _put_again(
    message: Message, items: list[OutboxItem], held: list[dict[str, Any]], conversation: Conversation
) -> None:
    assert message.ticket is not None
    before: OutboxItem | None = None
    for item, payload in zip(items, held, strict=True):
        kept = {key: value for key, value in payload.items() if key != "quoted"}  # an id of the other chat
        before = outbox.put(
            DRIVER,
            recipient=conversation.address,
            kind=item.kind,
            cause=("message", message.pk),
            payload={**kept, "conversation": conversation.pk},
            ticket_id=item.ticket_id,
            channel_id=conversation.channel_id,
            after=before,
        )
    talked_about(message.ticket, conversation)
