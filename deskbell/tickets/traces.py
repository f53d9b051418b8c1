"""What tickets keep about a person beside the words of messages, which stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from deskbell.events.models import EventDetail
from deskbell.kit.anonymised import stand_in
from deskbell.people import own_traces  # noqa: F401  stands below in the list
from deskbell.people.models import User
from deskbell.people.traces import Trace, gone, locks, store
from deskbell.tickets.models import (
    Attachment,
    Conversation,
    Draft,
    HeldReply,
    Message,
    ReadMark,
    SavedReply,
    Ticket,
    TicketPass,
    Watcher,
)

#: columns of addresses
COPIED = ("to", "cc", "bcc")


def tickets_of(trace: Trace) -> QuerySet[Ticket]:
    """Those he asked, wrote in or followed: where his name means him."""
    wrote = Message.objects.filter(author=trace.user, ticket__isnull=False).values("ticket")
    follows = Watcher.objects.filter(user=trace.user).values("ticket")
    return Ticket.objects.filter(Q(requester=trace.user) | Q(pk__in=wrote) | Q(pk__in=follows))


@locks
def hold_tickets(traces: Sequence[Trace]) -> None:
    """In one order, whoever holds them."""
    his = Q(pk__in=[])
    for trace in traces:
        his |= Q(pk__in=tickets_of(trace).values("pk"))
    list(Ticket.objects.filter(his).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def _details(trace: Trace) -> QuerySet[EventDetail]:
    said = EventDetail.objects.annotate(said=Cast("values", TextField()))
    ids = tickets_of(trace).values("pk")
    return said.filter(event__about_kind="ticket", event__about_id__in=ids, said__iregex=trace.naming)


gone("ticket_details", _("Details in the history of tickets that name the person"), _details)


def _chats(trace: Trace) -> QuerySet[Conversation]:
    return Conversation.objects.filter(person=trace.user)


@store("chats", _("Addresses of chats"), _chats)
def forget_chats(trace: Trace) -> None:
    """Their tickets stand without a chat from now on: nothing can be written into it."""
    Ticket.objects.filter(conversation__person=trace.user).update(conversation=None)
    for chat in _chats(trace).select_for_update(no_key=True).order_by("pk"):
        chat.address, chat.name, chat.open_until = stand_in(trace.user.pk, chat.pk), "", None
        chat.save(update_fields=["address", "name", "open_until"])


def _addressed(trace: Trace) -> QuerySet[Message]:
    """A mail's own head, and what was read of it beside its words."""
    texts = {f"{name}_text": Cast(name, TextField()) for name in (*COPIED, "details")}
    anywhere = Q()
    for name in texts:
        anywhere |= Q(**{f"{name}__iregex": trace.pattern})
    named = Q(author=trace.user, details_text__iregex=trace.naming)
    return Message.objects.annotate(**texts).filter(anywhere | named)


@store("recipients", _("The person’s address among the recipients of messages"), _addressed)
def forget_recipients(trace: Trace) -> None:
    for message in _addressed(trace).only("details", "author", *COPIED):
        for name in COPIED:
            setattr(message, name, trace.without(getattr(message, name)))
        message.details = trace.blank_all(message.details, name=message.author_id == trace.user.pk)
        message.save(update_fields=[*COPIED, "details"])


def _held(trace: Trace) -> QuerySet[HeldReply]:
    texts = {f"{name}_text": Cast(name, TextField()) for name in ("copy", "bcc", "forward")}
    anywhere = Q(author=trace.user)
    for name in texts:
        anywhere |= Q(**{f"{name}__iregex": trace.pattern})
    return HeldReply.objects.annotate(**texts).filter(anywhere)


@store("held", _("Replies that have not left yet"), _held)
def forget_held(trace: Trace) -> None:
    for held in _held(trace):
        if held.author_id == trace.user.pk:
            held.delete()
            continue
        held.copy, held.bcc = trace.without(held.copy), trace.without(held.bcc)
        held.forward = _without(held.forward, trace)
        held.save(update_fields=["copy", "bcc", "forward"])


def _without(value: Any, trace: Trace) -> Any:
    """A JSON value with the person's addresses left out of its lists."""
    if isinstance(value, list):
        return [_without(each, trace) for each in value if not (isinstance(each, str) and trace.is_his(each))]
    if isinstance(value, dict):
        return {key: _without(each, trace) for key, each in value.items()}
    return value


gone("drafts", _("Drafts"), lambda trace: Draft.objects.filter(user=trace.user))
gone(
    "uploads",
    _("Files that were not sent"),
    lambda trace: Attachment.objects.filter(uploader=trace.user, message=None),
)
gone(
    "saved_replies", _("Saved replies of the person’s own"), lambda t: SavedReply.objects.filter(owner=t.user)
)
gone("followed", _("Tickets the person follows"), lambda trace: Watcher.objects.filter(user=trace.user))
gone("passes", _("Links to tickets"), lambda trace: TicketPass.objects.filter(user=trace.user))
gone("read", _("Marks of what the person has read"), lambda trace: ReadMark.objects.filter(user=trace.user))


@dataclass(frozen=True)
class Stays:
    tickets: int
    messages: int


def what_stays(person: User) -> Stays:
    """Tickets the person asked, and messages he wrote."""
    asked, wrote = Ticket.objects.filter(requester=person), Message.objects.filter(author=person)
    return Stays(asked.count(), wrote.count())
