"""Status, priority, queue, team, assignee, type, subject, due date, site, tags: changed by one function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.kinds import Happened
from deskbell.events.models import Event
from deskbell.events.publish import publish
from deskbell.kit.compiled import Compiled
from deskbell.people import permissions
from deskbell.people.models import Site, Team, User
from deskbell.people.rights import rights_of
from deskbell.tickets import events, rules
from deskbell.tickets.actions.errors import BadMove, Moved, NotStaff, WrongSite
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.actions.waiting import return_waiting
from deskbell.tickets.models import Category, Queue, Status, Tag, Ticket, TicketType
from deskbell.tickets.models.settings import ACTIVE_CATEGORIES, ENDED_CATEGORIES

#: property → kind of the event that a change of it writes
EVENT_OF = {
    "status": events.StatusChanged.kind,
    "priority": events.PriorityChanged.kind,
    "queue": events.QueueChanged.kind,
    "team": events.TeamChanged.kind,
    "assignee": events.Assigned.kind,
    "type": events.TypeChanged.kind,
    "subject": events.SubjectChanged.kind,
    "due_at": events.DueChanged.kind,
    "site": events.SiteChanged.kind,
    "tags": events.TagsChanged.kind,
}


@transaction.atomic
def change(
    ticket: Ticket,
    *,
    by: Actor | User,
    version: int | None = None,
    cause: Event | None = None,
    tell: bool = True,
    **properties: Any,
) -> Ticket:
    """Give the named properties (keys of EVENT_OF) new values; those that have them already stay silent.

    `tags` is the whole set of names. With `version`, raises Moved if a named property has changed since.
    Raises NotAllowed, BadMove, NotStaff, WrongSite, TicketGone.
    """
    ticket = lock(ticket)
    _allowed(ticket, by, properties)
    _fresh(ticket, version, properties)
    return write(ticket, properties, by=by, cause=cause, tell=tell)


def _allowed(ticket: Ticket, by: Actor | User, properties: dict[str, Any]) -> None:
    if unknown := properties.keys() - EVENT_OF.keys():
        raise TypeError(f"not properties of a ticket: {', '.join(sorted(unknown))}")
    if "assignee" in properties:
        to_himself = isinstance(by, User) and properties["assignee"] == by
        rules.require(by, "claim" if to_himself else "assign", ticket)
    for rule in sorted({rules.PROPERTY[name] for name in properties.keys() - {"assignee"}}):
        rules.require(by, rule, ticket)


def _fresh(ticket: Ticket, version: int | None, properties: dict[str, Any]) -> None:
    if version is None or version >= ticket.version:
        return
    kinds = {EVENT_OF[name]: name for name in properties}
    since = Event.objects.filter(
        about_kind="ticket", about_id=ticket.pk, kind__in=kinds, data__version__gt=version
    )
    if changed := {kinds[kind] for kind in since.values_list("kind", flat=True)}:
        raise Moved(ticket, changed)


def write(
    ticket: Ticket,
    properties: dict[str, Any],
    *,
    by: Actor | User,
    cause: Event | None = None,
    tell: bool = True,
) -> Ticket:
    """As `change`, for a caller that holds the lock and has checked. Saves once, one version higher."""
    version = ticket.version + 1
    happened = [
        event
        for name, value in properties.items()
        if (event := _SETTERS[name](ticket, value, version, tell, by))
    ]
    if happened:
        ticket.version = version
        ticket.updated_at = timezone.now()
        ticket.save()
    for event in happened:
        publish(event, about=ticket, by=by, cause=cause)
    if ticket.category in ENDED_CATEGORIES and any(each.kind == EVENT_OF["status"] for each in happened):
        return_waiting(ticket, why="ended", by=by, cause=cause)
    return ticket


def _status(ticket: Ticket, status: Status, version: int, tell: bool, by: Actor | User) -> Any:
    if status.pk == ticket.status_id:
        return None
    if status.category == Category.NEW:
        raise BadMove(status.slug)
    return _move(ticket, status, version, tell)


def _move(ticket: Ticket, status: Status, version: int, tell: bool) -> events.StatusChanged:
    before = ticket.status
    now = timezone.now()
    ticket.status, ticket.category = status, status.category
    if status.category != before.category:
        ticket.public_at = now
    if status.category in ACTIVE_CATEGORIES:
        ticket.resolved_at = ticket.closed_at = None
    else:
        ticket.waiting_since = None
        ticket.resolved_at = ticket.resolved_at or now
        ticket.closed_at = now if status.category == Category.CLOSED else None
    return events.StatusChanged(
        version=version,
        before=before.slug,
        after=status.slug,
        before_category=before.category,
        after_category=status.category,
        tell=tell,
    )


def _assignee(ticket: Ticket, person: User | None, version: int, tell: bool, by: Actor | User) -> Any:
    if (person.pk if person else None) == ticket.assignee_id:
        return None
    if person and not (person.is_active and rights_of(person).takes_tickets):
        raise NotStaff(str(person))
    before, ticket.assignee = ticket.assignee_id, person
    return events.Assigned(version=version, before=before, after=person.pk if person else None)


def _priority(ticket: Ticket, value: int, version: int, tell: bool, by: Actor | User) -> Any:
    if value == ticket.priority:
        return None
    before, ticket.priority = ticket.priority, value
    return events.PriorityChanged(version=version, before=before, after=value)


def _queue(ticket: Ticket, queue: Queue, version: int, tell: bool, by: Actor | User) -> Any:
    if queue.pk == ticket.queue_id:
        return None
    before, ticket.queue = ticket.queue_id, queue
    return events.QueueChanged(version=version, before=before, after=queue.pk)


def _team(ticket: Ticket, team: Team | None, version: int, tell: bool, by: Actor | User) -> Any:
    if (team.pk if team else None) == ticket.team_id:
        return None
    before, ticket.team = ticket.team_id, team
    return events.TeamChanged(version=version, before=before, after=team.pk if team else None)


def _type(ticket: Ticket, kind: TicketType | None, version: int, tell: bool, by: Actor | User) -> Any:
    if (kind.pk if kind else None) == ticket.type_id:
        return None
    before, ticket.type = ticket.type_id, kind
    return events.TypeChanged(version=version, before=before, after=kind.pk if kind else None)


def _subject(ticket: Ticket, subject: str, version: int, tell: bool, by: Actor | User) -> Any:
    subject = clean_subject(subject)
    if not subject or subject == ticket.subject:
        return None
    before, ticket.subject, ticket.public_at = ticket.subject, subject, timezone.now()
    return events.SubjectChanged(version=version, before=before, after=subject)


def _due(ticket: Ticket, due_at: datetime | None, version: int, tell: bool, by: Actor | User) -> Any:
    if due_at == ticket.due_at:
        return None
    before, ticket.due_at = ticket.due_at, due_at
    return events.DueChanged(
        version=version,
        before=before.isoformat() if before else None,
        after=due_at.isoformat() if due_at else None,
    )


def _site(ticket: Ticket, site: Site | None, version: int, tell: bool, by: Actor | User) -> Any:
    if (site.pk if site else None) == ticket.site_id:
        return None
    if site and site.organization_id != ticket.organization_id:
        raise WrongSite(str(site))
    before, ticket.site = ticket.site_id, site
    return events.SiteChanged(version=version, before=before, after=site.pk if site else None)


def _tags(ticket: Ticket, names: Iterable[str], version: int, tell: bool, by: Actor | User) -> Any:
    wanted = {name.casefold(): name for name in (clean_tag(given) for given in names) if name}
    present = {tag.name.casefold(): tag for tag in ticket.tags.all()}
    added = [name for key, name in wanted.items() if key not in present]
    removed = [tag for key, tag in present.items() if key not in wanted]
    if not added and not removed:
        return None
    ticket.tags.remove(*removed)
    ticket.tags.add(*(_tag_named(name) for name in added))
    return events.TagsChanged(version=version, added=sorted(added), removed=sorted(t.name for t in removed))


#: property → function that sets it on the ticket and says what happened, or nothing
_SETTERS: dict[str, Callable[[Ticket, Any, int, bool, Actor | User], Happened | None]] = {
    "status": _status,
    "assignee": _assignee,
    "priority": _priority,
    "queue": _queue,
    "team": _team,
    "type": _type,
    "subject": _subject,
    "due_at": _due,
    "site": _site,
    "tags": _tags,
}


def clean_subject(given: str) -> str:
    return " ".join(given.replace("\0", "").split())[:255]


def clean_tag(given: str) -> str:
    return " ".join(given.replace("\0", "").replace(",", " ").split())[:50]


def _tag_named(name: str) -> Tag:
    Tag.objects.bulk_create([Tag(name=name)], ignore_conflicts=True)
    return Tag.objects.annotate(key=Lower("name")).get(key=name.lower())


# --- single verbs -------------------------------------------------------------------------------


def assign(ticket: Ticket, person: User | None, *, by: Actor | User) -> Ticket:
    """Put somebody (or nobody) in charge. Raises NotAllowed, NotStaff."""
    return change(ticket, by=by, assignee=person)


def claim(ticket: Ticket, *, by: User) -> Ticket:
    """Take a ticket oneself. It is in progress then, if its taker may set its status, unless it was already.

    Raises NotAllowed.
    """
    with transaction.atomic():
        locked = lock(ticket)
        rules.require(by, "claim", locked)
        properties: dict[str, Any] = {"assignee": by}
        # his own by now: there he may whatever he may anywhere
        if locked.category in {Category.NEW, Category.OPEN} and _sets_status_of_own(by):
            properties["status"] = status_called("in-progress")
        return write(locked, properties, by=by)


def _sets_status_of_own(user: User) -> bool:
    return rights_of(user).reach(permissions.TICKET_STATUS).assigned


def resolve(ticket: Ticket, *, by: Actor | User, tell: bool = True) -> Ticket:
    return change(ticket, by=by, status=default_status(Category.RESOLVED), tell=tell)


def close(ticket: Ticket, *, by: Actor | User) -> Ticket:
    return change(ticket, by=by, status=default_status(Category.CLOSED))


def reopen(ticket: Ticket, *, by: Actor | User) -> Ticket:
    return change(ticket, by=by, status=status_called("reopened"))


@transaction.atomic
def customer_close(ticket: Ticket, *, by: User) -> Ticket:
    """The requester needs no more help. Raises NotAllowed; closing a closed ticket does nothing."""
    ticket = lock(ticket)
    if ticket.category == Category.CLOSED:
        return ticket
    rules.require(by, "customer_close", ticket)
    return write(ticket, {"status": default_status(Category.CLOSED)}, by=by)


@transaction.atomic
def customer_reopen(ticket: Ticket, *, by: User) -> Ticket:
    """The requester is not helped yet. Raises NotAllowed; reopening an open ticket does nothing."""
    ticket = lock(ticket)
    if ticket.category in ACTIVE_CATEGORIES:
        return ticket
    rules.require(by, "customer_reopen", ticket)
    if ticket.closed_at and ticket.category == Category.CLOSED and not within_reopening(ticket):
        raise BadMove("reopened")
    ticket.waiting_since = timezone.now()
    return write(ticket, {"status": status_called("reopened")}, by=by)


def tag(ticket: Ticket, name: str, *, by: Actor | User, cause: Event | None = None) -> Ticket:
    return _retag(ticket, {name}, set(), by=by, cause=cause)


def untag(ticket: Ticket, name: str, *, by: Actor | User, cause: Event | None = None) -> Ticket:
    return _retag(ticket, set(), {name}, by=by, cause=cause)


@transaction.atomic
def _retag(
    ticket: Ticket, add: set[str], remove: set[str], *, by: Actor | User, cause: Event | None
) -> Ticket:
    ticket = lock(ticket)
    rules.require(by, "classify", ticket)
    gone = {name.casefold() for name in remove}
    kept = {tag.name for tag in ticket.tags.all() if tag.name.casefold() not in gone}
    return write(ticket, {"tags": kept | add}, by=by, cause=cause)


# --- taking a bulk change back ------------------------------------------------------------------

_TIMES = ("waiting_since", "resolved_at", "closed_at", "trashed_at")


def times_of(ticket: Ticket) -> dict[str, str | None]:
    """The times that changes set or clear, RFC 3339."""
    times = {name: getattr(ticket, name) for name in _TIMES}
    return {name: at.isoformat() if at else None for name, at in times.items()}


def put_back_times(ticket: Ticket, given: dict[str, str | None]) -> None:
    """The times as `times_of` gave them, those that are given. The caller holds the lock."""
    names = [name for name in _TIMES if name in given]
    for name in names:
        at = given[name]
        setattr(ticket, name, datetime.fromisoformat(at) if at else None)
    ticket.save(update_fields=names)


def put_back_status(
    ticket: Ticket,
    status: Status,
    given: dict[str, str | None],
    *,
    by: Actor | User,
    cause: Event | None = None,
) -> Ticket:
    """As `restore_status`. Raises NotAllowed."""
    rules.require(by, "status", ticket)
    return restore_status(ticket, status, given, by=by, cause=cause)


def restore_status(
    ticket: Ticket,
    status: Status,
    given: dict[str, str | None],
    *,
    by: Actor | User,
    cause: Event | None = None,
) -> Ticket:
    """The status a ticket had before, with its times: the one way back to "new". The customer is not told.
    The caller holds the lock and has checked.
    """
    ticket.version += 1
    happened = _move(ticket, status, ticket.version, tell=False)
    ticket.updated_at = timezone.now()
    ticket.save()
    put_back_times(ticket, given)
    publish(happened, about=ticket, by=by, cause=cause)
    return ticket


_default = Compiled(lambda category: Status.objects.filter(category=category.expression, default=True), 1)


def default_status(category: str) -> Status:
    return _default(category)[0]


def status_called(slug: str) -> Status:
    """A status that every new desk has; the default open one where it was switched off or removed."""
    return Status.objects.filter(slug=slug, active=True).first() or default_status(Category.OPEN)


#: days after resolving within which a customer's message reopens, by the channel of the message
REOPEN_DAYS = {"mail": 14, "email": 14, "web": 14, "api": 14, "whatsapp": 3}


def within_reopening(ticket: Ticket, channel: str = "web") -> bool:
    """Whether a customer's message still reopens a resolved or closed ticket."""
    ended = ticket.resolved_at or ticket.closed_at
    return ended is None or (timezone.now() - ended).days < REOPEN_DAYS.get(channel, 14)


def wake(ticket: Ticket, *, cause: Event | None = None) -> None:
    """A customer wrote: what waited for him or was ended is open again, with who had it unless he has left.
    The caller holds the lock.
    """
    if ticket.category in {Category.RESOLVED, Category.CLOSED}:
        left = ticket.assignee is not None and not ticket.assignee.is_active
        opened: dict[str, Any] = {"status": status_called("reopened")} | ({"assignee": None} if left else {})
        write(ticket, opened, by=SYSTEM, cause=cause)
    elif ticket.category in {Category.PENDING, Category.ON_HOLD}:
        write(ticket, {"status": default_status(Category.OPEN)}, by=SYSTEM, cause=cause)
