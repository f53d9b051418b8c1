"""Reads over several models of a ticket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import cast

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from deskbell.events.models import Event
from deskbell.kit import markdown
from deskbell.kit.compiled import Compiled, Place
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import User
from deskbell.tickets import events
from deskbell.tickets.listrow import ListRow
from deskbell.tickets.models import Attachment, Draft, HeldReply, Message, Ticket, Watcher
from deskbell.tickets.reach import sees_internal
from deskbell.tickets.sentences import Labels, Names, sentence

#: events shown between two messages, newest first; more stand in the audit trail
EVENTS_SHOWN = 200
#: codes of what waits at a linked device that is down, and does not go anywhere soon
STUCK = frozenset({"down", "not_connected", "gateway", "signature"})
EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
#: above every message id
NEWEST = 2**63 - 1
#: told by the message itself, or of no use to a reader
NOT_SHOWN = (
    events.MessageAdded.kind,
    events.Forwarded.kind,
    events.SupplierAnswered.kind,
    events.FileArrived.kind,
    events.MessageParked.kind,
    events.Reacted.kind,
    events.NoteEdited.kind,
    events.PassMade.kind,
    events.ReplyHeld.kind,
    events.ReplyTakenBack.kind,
)


def get_ticket(user: User, number: int) -> Ticket:
    """The ticket with its requester, organisation and queue. Raises Ticket.DoesNotExist when `user` may
    not see it. Staff also get trashed ones.
    """
    visible = Ticket.objects.visible_to(user, trashed=True)
    # each further join makes the plan dearer: all eight cost ten milliseconds of planning
    return visible.select_related("requester", "organization", "queue").get(number=number)


@dataclass(frozen=True)
class SentOn:
    """What a forward sent on, as far as it is still there."""

    messages: list[Message]
    files: list[Attachment]


@dataclass
class Entry:
    """One line of a timeline: a message (with its files and deliveries) or an event (with its sentence)."""

    at: datetime
    message: Message | None = None
    event: Event | None = None
    files: list[Attachment] = field(default_factory=list)
    deliveries: list[OutboxItem] = field(default_factory=list)
    #: what it answers, in a chat
    quoted: Message | None = None
    #: of a forward
    sent_on: SentOn | None = None
    #: the name of our number by which it came or left, in a ticket that was talked about by several
    number: str = ""
    sentence: str = ""
    who: str = ""

    @property
    def stuck(self) -> bool:
        """Whether something of it waits for, or was refused by, a linked device and can be withdrawn."""
        return any(
            item.driver == "whatsapp-web"
            and item.kept  # type: ignore[attr-defined]
            and (item.state == "failed" or (item.state == "queued" and item.error_code in STUCK))
            for item in self.deliveries
        )

    @property
    def attachments_shown(self) -> list[Attachment]:
        """Files that stand below the text: an image within a formatted mail is shown there."""
        message = self.message
        if message and message.markup == Message.Markup.MAIL and message.html:
            return [file for file in self.files if not file.inline]
        return self.files


@dataclass(frozen=True)
class Timeline:
    """Entries in the order of time; `older` is the `before` of the page before, or None."""

    entries: list[Entry]
    older: int | None


def timeline(
    ticket: Ticket,
    user: User,
    *,
    before: int | None = None,
    limit: int = 20,
    labels: Labels | None = None,
) -> Timeline:
    """The latest messages (older than message `before`) `user` may see, and what happened between them.

    `labels` as for `described`.
    """
    staff = sees_internal(user, ticket)
    found = _messages(staff, limit + 1)(ticket.pk, before or NEWEST)
    more, shown = len(found) > limit, found[:limit][::-1]
    until = _time_of(before) if before is not None else None
    entries = _message_entries(shown, staff) + _event_entries(
        ticket,
        None if staff else user,
        since=shown[0].created_at if more else None,
        until=until,
        labels=labels,
    )
    entries.sort(key=lambda entry: entry.at)
    return Timeline(entries, older=shown[0].pk if more else None)


@lru_cache(maxsize=16)
def _messages(staff: bool, count: int) -> Compiled[Message]:
    """The last `count` messages of a ticket before a message, newest first, with their authors."""

    def build(ticket: Place, before: Place) -> QuerySet[Message]:
        rows = Message.objects.filter(ticket=ticket.expression, pk__lt=before.expression)
        if not staff:
            rows = rows.filter(visibility=Message.Visibility.PUBLIC)
        return rows.select_related("author").order_by("-pk")[:count]

    return Compiled(build, 2)


_files = Compiled(
    lambda messages: (
        Attachment.objects.select_related("blob")
        .order_by("pk")
        .extra(where=["tickets_attachment.message_id = any(%s)"], params=[messages])
    ),
    1,
)


def files_of(messages: Sequence[Message]) -> dict[int, list[Attachment]]:
    """The files of messages with their blobs, by message id."""
    found: dict[int, list[Attachment]] = defaultdict(list)
    if messages:
        for file in _files([message.pk for message in messages]):
            found[cast(int, file.message_id)].append(file)
    return found


def _time_of(message_id: int) -> datetime | None:
    return Message.objects.filter(pk=message_id).values_list("created_at", flat=True).first()


def _message_entries(messages: list[Message], staff: bool) -> list[Entry]:
    sent = deliveries([m.pk for m in messages if m.direction == "out"]) if staff else {}
    files = files_of(messages)
    quoted = _quoted(messages)
    forwarded = _sent_on([m for m in messages if m.kind == Message.Kind.FORWARD]) if staff else {}
    return [
        Entry(
            at=message.created_at,
            message=message,
            who=message.author.display_name if message.author else "",
            files=files.get(message.pk, []),
            deliveries=sent.get(message.pk, []),
            quoted=quoted.get(message.in_reply_to),
            sent_on=forwarded.get(message.pk),
        )
        for message in messages
    ]


def _quoted(messages: list[Message]) -> dict[str, Message]:
    """What messages of a chat answer in their own ticket, by the id it has there; no query without any."""
    wanted = {each.in_reply_to for each in messages if each.channel == "whatsapp"} - {""}
    if not wanted:
        return {}
    said = Message.objects.select_related("author").filter(
        ticket=messages[0].ticket_id, visibility=Message.Visibility.PUBLIC
    )
    found = {each.external_id: each for each in said.filter(external_id__in=wanted)}
    sent = OutboxItem.objects.filter(external_id__in=wanted - found.keys(), cause_kind="message")
    ours = dict(sent.values_list("external_id", "cause_id"))
    known = said.in_bulk(ours.values()) if ours else {}
    return found | {wamid: known[pk] for wamid, pk in ours.items() if pk in known}


def _sent_on(forwards: list[Message]) -> dict[int, SentOn]:
    """What each of these forwards sent on, by its id; two queries for any number, none without any."""
    if not forwards:
        return {}
    ids = {what: {pk for each in forwards for pk in each.details[what]} for what in ("messages", "files")}
    messages = Message.objects.select_related("author").in_bulk(ids["messages"])
    files = Attachment.objects.select_related("blob").in_bulk(ids["files"])
    return {
        each.pk: SentOn(
            [messages[pk] for pk in each.details["messages"] if pk in messages],
            [files[pk] for pk in each.details["files"] if pk in files],
        )
        for each in forwards
    }


_deliveries = Compiled(
    lambda messages: (
        OutboxItem.objects.filter(cause_kind="message")
        .extra(where=["outbox_outboxitem.cause_id = any(%s)"], params=[messages])
        .annotate(kept=ExpressionWrapper(Q(payload__isnull=False), BooleanField()))
        .defer("payload")
        .order_by("pk")
    ),
    1,
)


def deliveries(message_ids: list[int]) -> dict[int, list[OutboxItem]]:
    """What left the house for each message, by message id; `kept` tells whether it can be sent again."""
    found: dict[int, list[OutboxItem]] = defaultdict(list)
    if message_ids:
        for item in _deliveries(message_ids):
            found[item.cause_id].append(item)
    return found


def _event_entries(
    ticket: Ticket,
    customer: User | None,
    *,
    since: datetime | None,
    until: datetime | None,
    labels: Labels | None,
) -> list[Entry]:
    happened = _happened(customer is None)(ticket.pk, since or EVER[0], until or EVER[1])
    return described(happened, reader=customer, labels=labels)


@lru_cache(maxsize=2)
def _happened(staff: bool) -> Compiled[Event]:
    """The last events of a ticket between two times, newest first."""

    def build(ticket: Place, since: Place, until: Place) -> QuerySet[Event]:
        rows = Event.objects.filter(about_kind="ticket", about_id=ticket.expression)
        rows = rows.filter(at__gte=since.expression, at__lt=until.expression).exclude(kind__in=NOT_SHOWN)
        if not staff:
            rows = rows.filter(audience=Event.Audience.PUBLIC)
        return rows.select_related("detail").order_by("-id")[:EVENTS_SHOWN]

    return Compiled(build, 3)


def trail(ticket: Ticket, *, staff: bool):
    """Every event about `ticket`; only the public ones unless `staff`."""
    rows = Event.objects.filter(about_kind="ticket", about_id=ticket.pk).select_related("detail")
    return rows if staff else rows.filter(audience=Event.Audience.PUBLIC)


def described(
    happened: list[Event], *, reader: User | None = None, labels: Labels | None = None
) -> list[Entry]:
    """Events with who did it and a sentence, in three queries for any number; in two with `labels`.

    `reader` is a customer; staff know everybody by name.
    """
    names = Names.of(happened, reader=reader, labels=labels)
    return [
        Entry(at=event.at, event=event, sentence=sentence(event, names), who=names.actor(event))
        for event in happened
    ]


def unread(user: User, tickets: Sequence[Ticket | ListRow]) -> set[int]:
    """Ids of those whose newest message `user` has not seen and did not write."""
    newest = {
        ticket.pk: ticket.last_message_id
        for ticket in tickets
        if ticket.last_message_id and ticket.last_author_id != user.pk
    }
    if not newest:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_MARKS, [user.pk, list(newest)])
        marks = dict(cursor.fetchall())
    return {pk for pk, message in newest.items() if marks.get(pk, 0) < message}


_MARKS = "select ticket_id, message_id from tickets_readmark where user_id = %s and ticket_id = any(%s)"


@dataclass(frozen=True)
class PeopleOfTicket:
    copied: list[User]
    followers: list[User]


_watchers = Compiled(
    lambda ticket: Watcher.objects.filter(ticket=ticket.expression).select_related("user").order_by("pk"),
    1,
)


def people_of(ticket: Ticket) -> PeopleOfTicket:
    """Who is copied in and who follows, in one query."""
    watchers = _watchers(ticket.pk)
    return PeopleOfTicket(
        copied=[w.user for w in watchers if w.kind == Watcher.Kind.CC],
        followers=[w.user for w in watchers if w.kind == Watcher.Kind.FOLLOW],
    )


@dataclass(frozen=True)
class Waiting:
    """A reply that leaves in a moment, as the desk shows it."""

    held: HeldReply
    html: str
    files: list[Attachment]


def waiting_replies(ticket: Ticket) -> list[Waiting]:
    """Replies to `ticket` that may still be taken back, in the order in which they will leave."""
    held = list(HeldReply.objects.filter(ticket=ticket).select_related("author", "status").order_by("pk"))
    ids = [pk for one in held for pk in one.uploads]
    files = {file.pk: file for file in Attachment.objects.filter(pk__in=ids)} if ids else {}
    return [
        Waiting(one, markdown.to_html(one.text), [files[pk] for pk in one.uploads if pk in files])
        for one in held
    ]


def draft(user: User, kind: str, ticket: Ticket | None = None) -> Draft | None:
    """What `user` had begun to write."""
    return Draft.objects.filter(user=user, ticket=ticket, kind=kind).first()
