"""From plots to rows: what the actions would have written. tests/demo/test_seed.py compares the two."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deskbell.demo.seed import words
from deskbell.demo.seed.load import Table, reserve, reserve_numbers
from deskbell.demo.seed.plots import Act, Plot
from deskbell.events.kinds import Happened
from deskbell.tickets import events
from deskbell.tickets.models import ACTIVE_CATEGORIES, Queue, Status, Tag, TicketType

TICKET = (
    "id number subject requester_id organization_id queue_id team_id assignee_id status_id category priority "
    "type_id source channel custom version spam trashed_at due_at created_at updated_at public_at "
    "first_responded_at resolved_at closed_at waiting_since last_message_at last_message_id "
    "last_author_id last_direction last_note"
)
MESSAGE = (
    "id ticket_id direction visibility channel kind author_id subject markup text new_text html "
    "remote_images external_id in_reply_to to cc created_at"
)
EVENT = "id at kind actor_kind actor_id about_kind about_id audience data"
TABLES = [
    "tickets_ticket", "tickets_message", "tickets_watcher", "tickets_readmark", "tickets_ticket_tags",
    "events_event", "search_document",
]  # fmt: skip


@dataclass
class Names:
    """Ids of what plots name by slug."""

    statuses: dict[str, tuple[int, str]]
    queues: dict[str, int]
    types: dict[str, int]
    tags: dict[str, int]

    @classmethod
    def read(cls, tags: Iterable[str] = words.TAGS) -> Names:
        """`tags` are made where they are missing."""
        Tag.objects.bulk_create((Tag(name=name) for name in tags), ignore_conflicts=True)
        return cls(
            statuses={each.slug: (each.pk, each.category) for each in Status.objects.all()},
            queues=dict(Queue.objects.values_list("slug", "pk")),
            types=dict(TicketType.objects.values_list("slug", "pk")),
            tags={name.lower(): pk for pk, name in Tag.objects.values_list("pk", "name")},
        )


@dataclass(slots=True)
class Said:
    """A message without its id, which follows from the order of time among all."""

    at: datetime
    ticket: Told
    direction: str
    visibility: str
    channel: str
    author: int
    text: str
    id: int = 0


@dataclass(slots=True)
class Happening:
    at: datetime
    event: type[Happened]
    values: dict[str, Any]
    by: int | None
    ticket: Told
    message: Said | None = None


@dataclass(slots=True)
class Told:
    """A ticket as the acts change it; the names are the columns'."""

    plot: Plot
    id: int = 0
    number: int = 0
    status: str = "new"
    category: str = "new"
    assignee: int | None = None
    version: int = 1
    spam: bool = False
    trashed_at: datetime | None = None
    updated_at: datetime | None = None
    public_at: datetime | None = None
    first_responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    waiting_since: datetime | None = None
    last: Said | None = None


@dataclass
class Ledger:
    """Gathers what plots lead to, then writes it with `write` in the caller's transaction."""

    names: Names
    tickets: list[Told] = field(default_factory=list)
    messages: list[Said] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    watchers: list[tuple[Told, int, str, datetime]] = field(default_factory=list)
    reads: dict[tuple[int, int], Said] = field(default_factory=dict)

    def tell(self, plot: Plot) -> None:
        ticket = Told(plot)
        self.tickets.append(ticket)
        self._open(ticket, plot)
        for act in plot.acts:
            getattr(self, f"_{act.verb}")(ticket, act)

    # --- verbs, as in tickets.actions ---------------------------------------------------------

    def _open(self, ticket: Told, plot: Plot) -> None:
        by = plot.taken_by or plot.requester.user
        ticket.updated_at = ticket.waiting_since = plot.at
        message = self._say(ticket, plot.at, plot.requester.user, plot.text, by=by, first=True)
        self._happen(
            ticket,
            plot.at,
            events.Opened,
            by,
            message,
            number=0,
            source=plot.source,
            requester_id=plot.requester.user,
            follow_up_of=None,
            tell=True,
            automatic=False,
        )
        if plot.tags:
            self._happen(
                ticket, plot.at, events.TagsChanged, by, version=1, added=sorted(plot.tags), removed=[]
            )
        if plot.copy:
            self.watchers.append((ticket, plot.copy, "cc", plot.at))
            self._happen(ticket, plot.at, events.CopyAdded, by, user_id=plot.copy)

    def _reply(self, ticket: Told, act: Act) -> None:
        self._say(ticket, act.at, act.by or 0, act.text, direction="out")
        ticket.first_responded_at = ticket.first_responded_at or act.at
        ticket.waiting_since = None
        status = act.status or ("open" if ticket.category == "new" else "")
        if status:
            self._set(ticket, act.at, act.by, status=status, tell=False)

    def _customer_reply(self, ticket: Told, act: Act) -> None:
        self._say(ticket, act.at, act.by or 0, act.text)
        if ticket.spam:
            return
        ticket.waiting_since = ticket.waiting_since or act.at
        if ticket.category in ("pending", "on_hold"):
            self._set(ticket, act.at, None, status="open")
            ticket.updated_at = act.at

    def _note(self, ticket: Told, act: Act) -> None:
        self._say(ticket, act.at, act.by or 0, act.text, direction="out", visibility="internal")

    def _claim(self, ticket: Told, act: Act) -> None:
        self._set(ticket, act.at, act.by, assignee=act.by, status="in-progress")

    def _assign(self, ticket: Told, act: Act) -> None:
        self._set(ticket, act.at, act.by, assignee=act.to)

    def _change_status(self, ticket: Told, act: Act) -> None:
        self._set(ticket, act.at, act.by, status=act.status)

    def _resolve(self, ticket: Told, act: Act) -> None:
        self._set(ticket, act.at, act.by, status="resolved")

    def _close(self, ticket: Told, act: Act) -> None:
        self._set(ticket, act.at, act.by, status="closed")

    def _watch(self, ticket: Told, act: Act) -> None:
        self.watchers.append((ticket, act.by or 0, "follow", act.at))
        self._happen(ticket, act.at, events.Watched, act.by, user_id=act.by)

    def _mark_read(self, ticket: Told, act: Act) -> None:
        if ticket.last:
            self.reads[id(ticket), act.by or 0] = ticket.last

    def _mark_spam(self, ticket: Told, act: Act) -> None:
        ticket.spam, ticket.waiting_since, ticket.updated_at = True, None, act.at
        self._happen(ticket, act.at, events.MarkedSpam, act.by)

    def _trash(self, ticket: Told, act: Act) -> None:
        ticket.trashed_at = ticket.updated_at = act.at
        self._happen(ticket, act.at, events.Trashed, act.by)

    # --- what they have in common -------------------------------------------------------------

    def _say(
        self,
        ticket: Told,
        at: datetime,
        author: int,
        text: str,
        *,
        by: int | None = None,
        direction: str = "in",
        visibility: str = "public",
        first: bool = False,
    ) -> Said:
        channel = "email" if ticket.plot.source == "mail" else "web"
        message = Said(at, ticket, direction, visibility, channel, author, text)
        self.messages.append(message)
        ticket.last, ticket.updated_at = message, at
        if visibility == "public":
            ticket.public_at = at
        self._happen(
            ticket,
            at,
            events.MessageAdded,
            by or author,
            message,
            visibility=visibility,
            direction=direction,
            message_kind="human",
            first=first,
        )
        return message

    def _set(
        self,
        ticket: Told,
        at: datetime,
        by: int | None,
        *,
        assignee: int | None = None,
        status: str = "",
        tell: bool = True,
    ) -> None:
        """As `properties.write`: one version for all, an event for each property that took another value."""
        version = ticket.version + 1
        if assignee and assignee != ticket.assignee:
            self._happen(
                ticket, at, events.Assigned, by, version=version, before=ticket.assignee, after=assignee
            )
            ticket.assignee, ticket.version, ticket.updated_at = assignee, version, at
        if status and status != ticket.status:
            self._move(ticket, at, by, status, version, tell)

    def _move(
        self, ticket: Told, at: datetime, by: int | None, status: str, version: int, tell: bool
    ) -> None:
        category = self.names.statuses[status][1]
        self._happen(
            ticket,
            at,
            events.StatusChanged,
            by,
            version=version,
            before=ticket.status,
            after=status,
            before_category=ticket.category,
            after_category=category,
            tell=tell,
        )
        if category != ticket.category:
            ticket.public_at = at
        ticket.status, ticket.category, ticket.version, ticket.updated_at = status, category, version, at
        if category in ACTIVE_CATEGORIES:
            ticket.resolved_at = ticket.closed_at = None
        else:
            ticket.waiting_since = None
            ticket.resolved_at = ticket.resolved_at or at
            ticket.closed_at = at if category == "closed" else None

    def _happen(
        self,
        ticket: Told,
        at: datetime,
        event: type[Happened],
        by: int | None,
        message: Said | None = None,
        **values: Any,
    ) -> None:
        self.happenings.append(Happening(at, event, values, by, ticket, message))

    # --- rows ---------------------------------------------------------------------------------

    def write(self) -> list[int]:
        """COPY all of it. Returns the ids of the tickets."""
        self._number()
        for table in (
            self._ticket_rows(), self._message_rows(), self._event_rows(), self._tag_rows(),
            self._watcher_rows(), self._read_rows(),
        ):  # fmt: skip
            table.copy()
        return [ticket.id for ticket in self.tickets]

    def _number(self) -> None:
        ids, numbers = reserve("tickets_ticket", len(self.tickets)), reserve_numbers(len(self.tickets))
        for ticket, pk, number in zip(self.tickets, ids, numbers, strict=True):
            ticket.id, ticket.number = pk, number
        self.messages.sort(key=lambda message: message.at)
        ids = reserve("tickets_message", len(self.messages))
        for message, pk in zip(self.messages, ids, strict=True):
            message.id = pk

    def _ticket_rows(self) -> Table:
        table, names = Table("tickets_ticket", TICKET), self.names
        for ticket in self.tickets:
            plot, last = ticket.plot, ticket.last
            table.add(
                ticket.id,
                ticket.number,
                plot.subject,
                plot.requester.user,
                plot.requester.organization,
                names.queues[plot.queue],
                plot.team,
                ticket.assignee,
                names.statuses[ticket.status][0],
                ticket.category,
                plot.priority,
                names.types[plot.type],
                plot.source,
                "email" if plot.source == "mail" else "web",
                "{}",
                ticket.version,
                ticket.spam,
                ticket.trashed_at,
                plot.due_at,
                plot.at,
                ticket.updated_at,
                ticket.public_at,
                ticket.first_responded_at,
                ticket.resolved_at,
                ticket.closed_at,
                ticket.waiting_since,
                last.at if last else None,
                last.id if last else None,
                last.author if last else None,
                last.direction if last else "in",
                "human" if last and last.visibility == "internal" else "",
            )
        return table

    def _message_rows(self) -> Table:
        table = Table("tickets_message", MESSAGE)
        for each in self.messages:
            markup = "mail" if each.channel == "email" and each.direction == "in" else "markdown"
            table.add(
                each.id,
                each.ticket.id,
                each.direction,
                each.visibility,
                each.channel,
                "human",
                each.author,
                "",
                markup,
                each.text,
                each.text,
                words.html(each.text),
                0,
                "",
                "",
                [],
                [],
                each.at,
            )
        return table

    def _event_rows(self) -> Table:
        table = Table("events_event", EVENT)
        self.happenings.sort(key=lambda each: each.at)
        ids = reserve("events_event", len(self.happenings))
        for pk, each in zip(ids, self.happenings, strict=True):
            if each.message:
                each.values["message_id"] = each.message.id
            if "number" in each.values:
                each.values["number"] = each.ticket.number
            event = each.event(**each.values)
            kind = "user" if each.by else "system"
            data = json.dumps(event.plain())
            table.add(
                pk, each.at, event.kind, kind, each.by, "ticket", each.ticket.id, event.heard_by(), data
            )
        return table

    def _tag_rows(self) -> Table:
        table = Table("tickets_ticket_tags", "ticket_id tag_id")
        for ticket in self.tickets:
            for tag in ticket.plot.tags:
                table.add(ticket.id, self.names.tags[tag])
        return table

    def _watcher_rows(self) -> Table:
        table = Table("tickets_watcher", "ticket_id user_id kind created_at")
        for ticket, user, kind, at in self.watchers:
            table.add(ticket.id, user, kind, at)
        return table

    def _read_rows(self) -> Table:
        table = Table("tickets_readmark", "user_id ticket_id message_id")
        for (_, user), message in self.reads.items():
            table.add(user, message.ticket.id, message.id)
        return table
