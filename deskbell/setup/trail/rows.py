"""Which events of the audit trail somebody sees, and those he asks for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from deskbell.events.kinds import Happened
from deskbell.events.models import Event
from deskbell.kit.time import midnight
from deskbell.people import permissions
from deskbell.people.models import Identity, User
from deskbell.people.queries import visible_people
from deskbell.people.rights import rights_of
from deskbell.tickets.models import Ticket

#: milliseconds a filtered page may take
TIMEOUT = 5000

#: people that a name in the filter may stand for
PEOPLE_MEANT = 50


def _kinds_from(beginning: str) -> list[str]:
    """Every kind of event of one area, so that an index on kinds can serve it."""
    return sorted(kind for kind in known_kinds() if kind.startswith(beginning))


def known_kinds(of: type[Happened] = Happened) -> set[str]:
    """The kinds that the areas of this desk publish."""
    own = {of.kind} if "kind" in of.__dict__ else set()
    return own.union(*(known_kinds(each) for each in of.__subclasses__()))


def events_visible_to(user: User) -> QuerySet[Event]:
    """Everything for those whose permission reaches everything; else what happened to tickets they reach."""
    rows = Event.objects.select_related("detail")
    if rights_of(user).reach(permissions.AUDIT).everything:
        return rows
    reached = Ticket.objects.visible_to(user, trashed=True).values("pk")
    return rows.filter(about_kind="ticket", about_id__in=reached)


def narrowed(rows: QuerySet[Event], user: User, filters: dict[str, Any]) -> QuerySet[Event]:
    """`filters` is the cleaned data of AuditForm."""
    if kind := filters["kind"]:
        rows = rows.filter(kind__in=_kinds_from(kind) if kind.endswith(".") else [kind])
    if words := filters["person"].replace("\0", "").strip():
        rows = rows.filter(actor_kind="user", actor_id__in=_people_called(user, words))
    if about := filters["about"].replace("\0", ""):
        rows = rows.filter(_about(about, user))
    if since := filters["since"]:
        rows = rows.filter(at__gte=midnight(since))
    if until := filters["until"]:
        rows = rows.filter(at__lt=midnight(until + timedelta(days=1)))
    return rows


def _about(words: str, user: User) -> Q:
    """A ticket by its number, with or without #; else people by name or address."""
    ticket = Q(pk__in=[])
    if (digits := words.removeprefix("#")).isascii() and digits.isdigit() and len(digits) < 19:
        ticket = Q(about_kind="ticket", about_id__in=_tickets_numbered(int(digits)))
        if words.startswith("#"):
            return ticket
    return ticket | Q(about_kind="user", about_id__in=_people_called(user, words))


def _people_called(user: User, words: str) -> list[int]:
    """Ids of people with `words` in their name or address, closed accounts too."""
    addressed = Exists(Identity.objects.filter(user=OuterRef("pk"), key__icontains=words))
    found = visible_people(user).filter(Q(name__icontains=words) | Q(addressed)).order_by("pk")
    return list(found.values_list("pk", flat=True)[:PEOPLE_MEANT])


def _tickets_numbered(number: int) -> list[int]:
    """The ticket, also when it was deleted for ever: its opening names the number it had."""
    known = list(Ticket.objects.filter(number=number).values_list("pk", flat=True))
    if known:
        return known
    opened = Event.objects.filter(kind="ticket.deleted", data__number=number)
    return list(opened.values_list("about_id", flat=True))
