from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.people.models import Site, Team, User
from deskbell.people.rights import rights_of
from deskbell.tickets import events, rules
from deskbell.tickets.actions.errors import EmptyMessage, NotStaff
from deskbell.tickets.actions.messages import add, touch
from deskbell.tickets.actions.properties import _tags, clean_subject, default_status
from deskbell.tickets.actions.watching import put_copy
from deskbell.tickets.content import Content
from deskbell.tickets.models import Category, Conversation, Queue, Ticket, TicketLink, TicketType


@transaction.atomic
def open_ticket(
    *,
    requester: User,
    subject: str,
    content: Content,
    by: Actor | User,
    source: str,
    channel: str = "web",
    conversation: Conversation | None = None,
    internal: bool = False,
    queue: Queue | None = None,
    team: Team | None = None,
    assignee: User | None = None,
    priority: int = 2,
    type: TicketType | None = None,
    due_at: datetime | None = None,
    site: Site | None = None,
    tags: Iterable[str] = (),
    copy: Iterable[User] = (),
    follow_up_of: Ticket | None = None,
    tell: bool = True,
    spam: bool = False,
) -> Ticket:
    """A new ticket with its first message, which is the requester's own words or, `internal`, a note.

    Without a queue the first public one takes it; without a team the queue's. `tell` lets the customer know.
    Raises NotAllowed when `by` reads only or opens one for somebody else without the permission,
    EmptyMessage, UploadGone, NotStaff.
    """
    if isinstance(by, User) and not (
        rules.may_open(by) if by == requester else rules.may_open_for_others(by)
    ):
        raise rules.NotAllowed("open")
    if internal and isinstance(by, User) and not rights_of(by).staff:
        raise rules.NotAllowed("note")
    subject = clean_subject(subject) or clean_subject(content.text[:60])
    if not subject and content.empty:
        raise EmptyMessage
    if assignee and not (assignee.is_active and rights_of(assignee).takes_tickets):
        raise NotStaff(str(assignee))
    queue = queue or first_queue()
    now = timezone.now()
    ticket = Ticket.objects.create(
        subject=subject or clean_subject(content.files[0].filename if content.files else str(requester)),
        requester=requester,
        organization_id=requester.organization_id,
        site=site or requester.site or _only_site(requester),
        queue=queue,
        team=team or queue.team,
        assignee=assignee,
        status=default_status(Category.NEW),
        category=Category.NEW,
        priority=priority,
        type=type,
        source=source,
        channel=channel,
        conversation=conversation,
        due_at=due_at,
        spam=spam,
        created_at=now,
        updated_at=now,
        public_at=now,
        waiting_since=None if internal or spam else now,
    )
    author = by if internal and isinstance(by, User) else requester
    message = add(
        ticket,
        content,
        author=author,
        direction="out" if internal else "in",
        visibility="internal" if internal else "public",
        by=by,
        channel=channel,
        first=True,
    )
    touch(ticket, message, new=True)
    publish(
        events.Opened(
            number=ticket.number,
            source=source,
            requester_id=requester.pk,
            message_id=message.pk,
            follow_up_of=follow_up_of.pk if follow_up_of else None,
            tell=tell and not spam,
            automatic=content.kind != "human",
        ),
        about=ticket,
        by=by,
    )
    _furnish(ticket, tags, copy, follow_up_of, by)
    if assignee:
        publish(events.Assigned(version=1, before=None, after=assignee.pk), about=ticket, by=by)
    return ticket


def _furnish(
    ticket: Ticket, tags: Iterable[str], copy: Iterable[User], follow_up_of: Ticket | None, by: Actor | User
) -> None:
    if tagged := _tags(ticket, tags, ticket.version, False, by) if tags else None:
        publish(tagged, about=ticket, by=by)
    for person in copy:
        put_copy(ticket, person, by=by)
    if follow_up_of:
        TicketLink.objects.create(ticket=ticket, target=follow_up_of, kind=TicketLink.Kind.FOLLOW_UP)
        publish(events.Linked(link_kind="follow_up", target_id=follow_up_of.pk), about=ticket, by=by)


def _only_site(requester: User) -> Site | None:
    """The place of the requester's organisation, if it has just one."""
    if requester.organization_id is None:
        return None
    places = list(Site.objects.filter(organization=requester.organization_id)[:2])
    return places[0] if len(places) == 1 else None


def first_queue() -> Queue:
    """The queue for requests that name none."""
    return Queue.objects.filter(active=True).order_by("-public", "position", "pk")[0]
