"""What came in from a person, as it came: its words stand in messages, the rest goes."""

from __future__ import annotations

import re

from django.db.models import BooleanField, Func, Q, QuerySet, Value
from django.db.models.expressions import F
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from deskbell.channels.models import (
    Channel,
    ChatConsent,
    ChatReference,
    DeviceMessage,
    InboundFile,
    InboundItem,
    PastMessage,
    SenderRule,
    SentCopy,
    Webhook,
)
from deskbell.outbox.models import OutboxItem
from deskbell.people.traces import Trace, gone, store
from deskbell.tickets.models import Message
from deskbell.tickets.traces import tickets_of

_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
State = InboundItem.State


def _received(trace: Trace) -> QuerySet[InboundItem]:
    """What is not decided yet is read after this, and opens a new person."""
    his = Message.objects.filter(author=trace.user).values("pk")
    sent = InboundItem.objects.annotate(sender=Lower("envelope_from")).exclude(state=State.RECEIVED)
    return sent.filter(Q(sender__in=trace.lowered) | Q(message_id__in=his))


@store("received", _("Source and sender of what was received from the person"), _received)
def forget_received(trace: Trace) -> None:
    ids = list(_received(trace).values_list("pk", flat=True))
    InboundFile.objects.filter(item__in=ids).delete()
    rows = InboundItem.objects.filter(pk__in=ids)
    rows.filter(state=State.QUARANTINED).update(state=State.BLOCKED, reason="anonymised", reason_text="")
    rows.update(raw=b"", envelope_from=trace.stand_in)
    for item in rows.exclude(reason_text="").only("reason_text"):
        item.reason_text = trace.blank(item.reason_text, name=True)
        item.save(update_fields=["reason_text"])


def _holding(column: str, trace: Trace) -> Q:
    """Condition: the bytes in `column` hold an address of his, as it was written or in lower case."""
    found = Q(pk__in=[])
    for text in sorted(
        {form for each in (*trace.addresses, *trace.numbers) for form in (each, each.lower())}
    ):
        place = Func(Value(text.encode()), F(column), template="position(%(expressions)s)", arg_joiner=" in ")
        found |= Q(
            Func(place, Value(0), template="%(expressions)s", arg_joiner=" > ", output_field=BooleanField())
        )
    return found


def _copied(trace: Trace) -> QuerySet[InboundItem]:
    """Mails of others in his tickets that name him in their head."""
    rows = InboundItem.objects.filter(
        channel__kind=Channel.Kind.EMAIL, ticket_id__in=tickets_of(trace).values("pk")
    )
    return rows.filter(_holding("raw", trace))


@store("heads", _("The person’s address in mails of others to the same tickets"), _copied)
def forget_in_heads(trace: Trace) -> None:
    pattern = re.compile(trace.naming.encode(), re.IGNORECASE)
    for item in _copied(trace):
        raw = bytes(item.raw)
        ends = _HEAD_ENDS.search(raw)
        head = raw[: ends.start()] if ends else raw
        item.raw = pattern.sub(trace.stand_in.encode(), head) + raw[len(head) :]
        item.save(update_fields=["raw"])


def _webhooks(trace: Trace) -> QuerySet[Webhook]:
    return Webhook.objects.filter(_holding("raw", trace), handled_at__isnull=False)


@store("webhooks", _("Deliveries of WhatsApp that hold the person’s number"), _webhooks)
def forget_webhooks(trace: Trace) -> None:
    _webhooks(trace).update(raw=b"")


def _copies(trace: Trace) -> QuerySet[SentCopy]:
    sent = OutboxItem.objects.annotate(to=Lower("recipient")).filter(to__in=trace.lowered)
    return SentCopy.objects.filter(message_id__in=sent.exclude(external_id="").values("external_id"))


gone("copies", _("Copies of answers on their way to a mailbox"), _copies)
gone(
    "senders",
    _("Rules for the person’s address as a sender"),
    lambda trace: SenderRule.objects.filter(sender__in=trace.lowered),
)
gone(
    "past_messages",
    _("Earlier chats of the person on our phone"),
    lambda trace: PastMessage.objects.filter(address__in=trace.lowered),
)
gone(
    "references",
    _("Links by which the person’s chat was to be known"),
    lambda trace: ChatReference.objects.filter(person=trace.user),
)


def _consents(trace: Trace) -> QuerySet[ChatConsent]:
    return ChatConsent.objects.filter(conversation__person=trace.user).exclude(evidence="")


@store("consents", _("What shows that the person agreed to messages, or wants none"), _consents)
def forget_evidence(trace: Trace) -> None:
    _consents(trace).update(evidence="")


def _handed_over(trace: Trace) -> QuerySet[DeviceMessage]:
    return DeviceMessage.objects.filter(address__in=trace.lowered)


@store("handed_over", _("The person’s address in what was handed to WhatsApp Web"), _handed_over)
def forget_handed_over(trace: Trace) -> None:
    _handed_over(trace).update(address=trace.stand_in)
