"""The verbs in which the demo's tickets are told. Each makes a `Step`: when, and which action it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from deskbell.demo.whatsapp.phones import Phones
from deskbell.files.actions import store
from deskbell.kit.html import clean_mail
from deskbell.people.models import Team, User
from deskbell.tickets import actions
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.models import Queue, Status, Ticket, TicketType

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOTHING = timedelta()


@dataclass(frozen=True)
class File:
    """`content` gets the moment at which it is attached."""

    name: str
    content: Callable[[datetime], bytes]


@dataclass
class Cast:
    """Who and what the stories name, the moment at which one is told, and the tickets told so far."""

    people: dict[str, User]
    moment: datetime
    tickets: dict[str, Ticket] = field(default_factory=dict)
    #: of the customers, while chats are told (chats.telling)
    phones: Phones | None = None

    def __getitem__(self, slug: str) -> User:
        return self.people[slug]

    def words(self, text: str, files: tuple[File, ...], author: User) -> Content:
        """`text` as typed on a page, with `files` uploaded before."""
        uploads = [
            actions.upload(BytesIO(file.content(self.moment)), filename=file.name, by=author).pk
            for file in files
        ]
        return Content.markdown(text, uploads=uploads)

    def mail(self, text: str, files: tuple[File, ...], author: User, subject: str) -> Content:
        """`text` as it comes by mail: plain and HTML, under a Message-ID of the sender's."""
        paragraphs = "".join(f"<p>{part}</p>" for part in text.split("\n\n"))
        clean = clean_mail(paragraphs, cid=lambda _: None)
        domain = str(author.email).rpartition("@")[2]
        return Content(
            text=text,
            new_text=text,
            html=clean.html,
            markup="mail",
            subject=subject,
            external_id=f"<{self.moment:%Y%m%d%H%M%S}.{author.pk}@{domain}>",
            sent_at=self.moment - timedelta(seconds=20),
            files=[NewFile(store(file.content(self.moment)), file.name) for file in files],
        )


@dataclass(frozen=True)
class Step:
    ago: timedelta
    act: Callable[[Cast, Ticket], object]


@dataclass(frozen=True, kw_only=True)
class Story:
    """A ticket from its first words on. Times are given as how long ago; `due` counts from now."""

    slug: str
    ago: timedelta
    who: str
    subject: str
    text: str
    source: str = "web"
    #: staff who wrote it down: an internal note, or the customer's words taken on the phone
    taken_by: str = ""
    internal: bool = False
    queue: str = "support"
    priority: int = 2
    type: str = "incident"
    tags: tuple[str, ...] = ()
    due: timedelta | None = None
    files: tuple[File, ...] = ()
    copy: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    def open(self, cast: Cast, now: datetime) -> Ticket:
        """The story's ticket as it was opened."""
        return _open(self, cast, now)


def _open(story: Story, cast: Cast, now: datetime) -> Ticket:
    requester = cast[story.who]
    by = cast[story.taken_by] if story.taken_by else requester
    if story.source == "mail":
        content = cast.mail(story.text, story.files, requester, story.subject)
    else:
        content = cast.words(story.text, story.files, by)
    ticket = actions.open_ticket(
        requester=requester,
        subject=story.subject,
        content=content,
        by=by,
        source=story.source,
        channel="email" if story.source == "mail" else "web",
        internal=story.internal,
        queue=Queue.objects.get(slug=story.queue),
        priority=story.priority,
        type=TicketType.objects.get(slug=story.type),
        due_at=now + story.due if story.due is not None else None,
        copy=[cast[slug] for slug in story.copy],
    )
    if story.tags:
        actions.change(ticket, by=cast[story.taken_by or "supervisor"], tags=story.tags)
    return ticket


def says(ago: timedelta, who: str, text: str, *files: File) -> Step:
    """The customer writes, by the door he came through."""

    def act(cast: Cast, ticket: Ticket) -> object:
        author = cast[who]
        if ticket.channel == "email":
            content = cast.mail(text, files, author, f"Re: {ticket.subject}")
        else:
            content = cast.words(text, files, author)
        return actions.customer_reply(ticket, content, by=author, channel=ticket.channel)

    return Step(ago, act)


def is_absent(ago: timedelta, who: str, text: str) -> Step:
    """The answer of a machine while `who` is away: kept for the staff, wakes nothing."""

    def act(cast: Cast, ticket: Ticket) -> object:
        mail = cast.mail(text, (), cast[who], f"Automatic reply: {ticket.subject}")
        content = replace(mail, kind="auto")
        return actions.add_message(
            ticket, content, author=cast[who], direction="in", visibility="internal", channel="email"
        )

    return Step(ago, act)


def replies(ago: timedelta, who: str, text: str, *files: File, status: str = "") -> Step:
    def act(cast: Cast, ticket: Ticket) -> object:
        chosen = Status.objects.get(slug=status) if status else None
        return actions.reply(ticket, cast.words(text, files, cast[who]), by=cast[who], status=chosen)

    return Step(ago, act)


def notes(ago: timedelta, who: str, text: str, *files: File) -> Step:
    return Step(
        ago, lambda cast, ticket: actions.note(ticket, cast.words(text, files, cast[who]), by=cast[who])
    )


def claims(ago: timedelta, who: str) -> Step:
    return Step(ago, lambda cast, ticket: actions.claim(ticket, by=cast[who]))


def assigns(ago: timedelta, who: str, to: str) -> Step:
    return Step(ago, lambda cast, ticket: actions.assign(ticket, cast[to], by=cast[who]))


def sets(ago: timedelta, who: str, *, status: str = "", team: str = "", **properties: Any) -> Step:
    """Give properties other values: `status` by its slug, `team` by its name, the rest as they are."""

    def act(cast: Cast, ticket: Ticket) -> object:
        if status:
            properties["status"] = Status.objects.get(slug=status)
        if team:
            properties["team"] = Team.objects.get(name=team)
        return actions.change(ticket, by=cast[who], **properties)

    return Step(ago, act)


def resolves(ago: timedelta, who: str) -> Step:
    return Step(ago, lambda cast, ticket: actions.resolve(ticket, by=cast[who]))


def closes(ago: timedelta, who: str) -> Step:
    return Step(ago, lambda cast, ticket: actions.close(ticket, by=cast[who]))


def reopens(ago: timedelta, who: str) -> Step:
    return Step(ago, lambda cast, ticket: actions.customer_reopen(ticket, by=cast[who]))


def follows(ago: timedelta, who: str) -> Step:
    return Step(ago, lambda cast, ticket: actions.watch(ticket, by=cast[who]))


def reads(ago: timedelta, *who: str) -> Step:
    def act(cast: Cast, ticket: Ticket) -> None:
        for slug in who:
            actions.mark_read(Ticket.objects.get(pk=ticket.pk), by=cast[slug])

    return Step(ago, act)


def links(ago: timedelta, who: str, to: str) -> Step:
    return Step(
        ago, lambda cast, ticket: actions.link(ticket, cast.tickets[to], kind="related", by=cast[who])
    )


def trashes(ago: timedelta, who: str) -> Step:
    return Step(ago, lambda cast, ticket: actions.trash(ticket, by=cast[who]))


def marks_spam(ago: timedelta, who: str) -> Step:
    return Step(ago, lambda cast, ticket: actions.mark_spam(ticket, by=cast[who]))
