"""The one condition tree: filters, later views, SLA policies and rules. To SQL and to Python, same answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from deskbell.kit.time import midnight
from deskbell.people.models import User
from deskbell.people.pointers import final_id
from deskbell.people.rights import rights_of
from deskbell.tickets.models import Category, Priority, Queue, Source, Status, Tag, Ticket, TicketType


class BadFilter(ValueError):
    """A filter that makes no sense; `field` names it and the message is for people."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class Condition:
    def to_q(self) -> Q:
        """The condition on Ticket."""
        raise TypeError(type(self))

    def matches(self, ticket: Ticket) -> bool:
        """Whether `ticket` meets it; the answer `to_q` would give."""
        raise TypeError(type(self))

    def plain(self) -> Any:
        """JSON-like, to store, compare or sign."""
        raise TypeError(type(self))


@dataclass(frozen=True)
class All(Condition):
    parts: tuple[Condition, ...]

    def to_q(self) -> Q:
        whole = ~Q(pk__in=[])  # true of every ticket; an empty Q would vanish inside an "or"
        for part in self.parts:
            whole &= part.to_q()
        return whole

    def matches(self, ticket: Ticket) -> bool:
        return all(part.matches(ticket) for part in self.parts)

    def plain(self) -> Any:
        return {"all": [part.plain() for part in self.parts]}


@dataclass(frozen=True)
class Any_(Condition):
    parts: tuple[Condition, ...]

    def to_q(self) -> Q:
        if not self.parts:
            return Q(pk__in=[])
        whole = self.parts[0].to_q()
        for part in self.parts[1:]:
            whole |= part.to_q()
        return whole

    def matches(self, ticket: Ticket) -> bool:
        return any(part.matches(ticket) for part in self.parts)

    def plain(self) -> Any:
        return {"any": [part.plain() for part in self.parts]}


@dataclass(frozen=True)
class Test(Condition):
    """One property of a ticket compared with a value."""

    property: str
    operator: str
    value: Any

    __test__ = False  # not a test class, whatever its name says to pytest

    def to_q(self) -> Q:
        return OPERATORS_SQL[self.operator](PROPERTIES[self.property], self.value)

    def matches(self, ticket: Ticket) -> bool:
        return OPERATORS_PYTHON[self.operator](PROPERTIES[self.property].values(ticket), self.value)

    def plain(self) -> Any:
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        return {"property": self.property, "operator": self.operator, "value": value}


@dataclass(frozen=True)
class Property:
    """`column` is the path in SQL; `values` what a ticket has of it (several for tags, one else)."""

    column: str
    values: Callable[[Ticket], list[Any]]
    #: for a property that is more than a column; an upper area may bring one
    to_q: Callable[[Any], Q] | None = None


def _column(name: str) -> Property:
    return Property(name, lambda ticket: [getattr(ticket, name)])


def _tagged(tag: int | None) -> Q:
    """By a query of its own: joined twice, one row would have to be two tags at once."""
    rows = Ticket.tags.through.objects.values("ticket_id")
    return ~Q(pk__in=rows) if tag is None else Q(pk__in=rows.filter(tag_id=tag))


PROPERTIES: dict[str, Property] = {
    "status": _column("status_id"),
    "category": _column("category"),
    "assignee": _column("assignee_id"),
    "requester": _column("requester_id"),
    "organization": _column("organization_id"),
    "queue": _column("queue_id"),
    "team": _column("team_id"),
    "priority": _column("priority"),
    "type": _column("type_id"),
    "channel": _column("channel"),
    "source": _column("source"),
    "spam": _column("spam"),
    "subject": _column("subject"),
    "due": _column("due_at"),
    "created": _column("created_at"),
    "updated": _column("updated_at"),
    "public": _column("public_at"),
    "resolved": _column("resolved_at"),
    "first_reply": _column("first_responded_at"),
    "waiting": _column("waiting_since"),
    "tag": Property("tags", lambda ticket: [tag.pk for tag in ticket.tags.all()], _tagged),
}


def register_property(name: str, *, to_q: Callable[[Any], Q]) -> None:
    """A property that an upper area knows how to look up (the words of a search)."""
    PROPERTIES[name] = Property("", lambda ticket: [], to_q)


def _is(prop: Property, value: Any) -> Q:
    if prop.to_q:
        return prop.to_q(value)
    return Q(**{f"{prop.column}__isnull": True}) if value is None else Q(**{prop.column: value})


def _in(prop: Property, values: Any) -> Q:
    if prop.to_q is None:
        return Q(**{f"{prop.column}__in": list(values)})
    whole = Q(pk__in=[])
    for value in values:
        whole |= prop.to_q(value)
    return whole


OPERATORS_SQL: dict[str, Callable[[Property, Any], Q]] = {
    "is": _is,
    "is_not": lambda prop, value: ~_is(prop, value),
    "in": _in,
    "before": lambda prop, value: Q(**{f"{prop.column}__lt": value}),
    "after": lambda prop, value: Q(**{f"{prop.column}__gte": value}),
    "at_least": lambda prop, value: Q(**{f"{prop.column}__gte": value}),
    "contains": lambda prop, value: Q(**{f"{prop.column}__icontains": value}),
}
OPERATORS_PYTHON: dict[str, Callable[[list[Any], Any], bool]] = {
    "is": lambda values, wanted: _has(values, wanted),
    "is_not": lambda values, wanted: not _has(values, wanted),
    "in": lambda values, wanted: any(value in wanted for value in values if value is not None),
    "before": lambda values, wanted: any(value < wanted for value in values if value is not None),
    "after": lambda values, wanted: any(value >= wanted for value in values if value is not None),
    "at_least": lambda values, wanted: any(value >= wanted for value in values if value is not None),
    "contains": lambda values, wanted: any(
        wanted.casefold() in value.casefold() for value in values if value
    ),
}


def _has(values: list[Any], wanted: Any) -> bool:
    return (not values or values == [None]) if wanted is None else wanted in values


# --- from the parameters of a page or an API call -----------------------------------------------


def from_query(query: Mapping[str, str], user: User) -> Condition | None:
    """The filters named in `query`, joined by "and"; other parameters are left alone. Raises BadFilter."""
    parts = [
        Any_(tuple(alternatives)) if len(alternatives) > 1 else alternatives[0]
        for name, read in READERS.items()
        if (given := query.get(name, "").strip())
        and (alternatives := [read(name, one, user) for one in _several(name, given)])
    ]
    return All(tuple(parts)) if parts else None


def _several(name: str, given: str) -> Iterable[str]:
    """Alternatives are separated by commas, except in words."""
    return [given] if name in {"q", "tag"} else [one.strip() for one in given.split(",") if one.strip()]


Reader = Callable[[str, str, User], Condition]


def _slug(model: Any) -> Reader:
    def read(name: str, given: str, user: User) -> Condition:
        if given == "none":
            return Test(name, "is", None)
        found = model.objects.filter(
            Q(pk=int(given)) if given.isdecimal() and len(given) < 10 else Q(slug=given)
        )
        row = found.first()
        if row is None:
            raise BadFilter(name, _("There is no %(name)s “%(value)s”.") % {"name": name, "value": given})
        return Test(name, "is", row.pk)

    return read


def _choice(choices: Iterable[str]) -> Reader:
    allowed = tuple(choices)

    def read(name: str, given: str, user: User) -> Condition:
        if given not in allowed:
            raise BadFilter(name, _("One of: %(choices)s.") % {"choices": ", ".join(allowed)})
        return Test(name, "is", given)

    return read


def _id(name: str, given: str, user: User) -> Condition:
    if given == "me":
        return Test(name, "is", user.pk)
    if given == "none":
        return Test(name, "is", None)
    if not given.isdecimal() or int(given) > 2**63 - 1:
        raise BadFilter(name, _("A number, “me” or “none”."))
    return Test(name, "is", int(given))


def _requester(name: str, given: str, user: User) -> Condition:
    """Who was merged stands for the one he is part of."""
    asked = _id(name, given, user)
    if given.isdecimal():
        return Test(name, "is", final_id(int(given)))
    return asked


def _priority(name: str, given: str, user: User) -> Condition:
    by_name = {priority.name.lower(): int(priority) for priority in Priority}
    if given not in by_name:
        raise BadFilter(name, _("One of: %(choices)s.") % {"choices": ", ".join(by_name)})
    return Test(name, "is", by_name[given])


def _tag(name: str, given: str, user: User) -> Condition:
    tag = Tag.objects.filter(name__iexact=given).first()
    return Test(name, "is", tag.pk) if tag else Test(name, "in", ())


def _between(prop: str, begin: datetime, end: datetime) -> Condition:
    return All((Test(prop, "after", begin), Test(prop, "before", end)))


def _due(name: str, given: str, user: User) -> Condition:
    now, today = timezone.now(), timezone.localdate()
    match given:
        case "none":
            return Test("due", "is", None)
        case "overdue":
            return Test("due", "before", now)
        case "today":
            return _between("due", midnight(today), midnight(today + timedelta(days=1)))
        case "week":
            return _between("due", now, midnight(today + timedelta(days=7)))
    raise BadFilter(name, _("One of: %(choices)s.") % {"choices": "overdue, today, week, none"})


def last_touched(user: User) -> str:
    """The property by which `user` follows changes: customers are not told when staff touch a ticket."""
    return "updated" if rights_of(user).staff else "public"


def _since(prop: str) -> Reader:
    def read(name: str, given: str, user: User) -> Condition:
        try:
            moment = parse_datetime(given)
        except ValueError:
            moment = None
        if moment is None:
            raise BadFilter(name, _("A time such as 2026-01-31T09:00:00Z."))
        return Test(prop, "after", moment if moment.tzinfo else timezone.make_aware(moment))

    return read


def _on(prop: str) -> Reader:
    """A day as the reader's clock has it."""

    def read(name: str, given: str, user: User) -> Condition:
        try:
            day = date.fromisoformat(given)
            begin, end = midnight(day), midnight(day + timedelta(days=1))
        except (ValueError, OverflowError) as error:
            raise BadFilter(name, _("A day such as 2026-01-31.")) from error
        return _between(prop, begin, end)

    return read


def _words(name: str, given: str, user: User) -> Condition:
    return Test("words", "is", given)


READERS: dict[str, Reader] = {
    "status": _slug(Status),
    "category": _choice(Category.values),
    "assignee": _id,
    "requester": _requester,
    "organization": _id,
    "queue": _slug(Queue),
    "team": _id,
    "priority": _priority,
    "type": _slug(TicketType),
    "tag": _tag,
    "channel": lambda name, given, user: Test(name, "is", given[:20]),
    "source": _choice(Source.values),
    "due": _due,
    "q": _words,
    "updated_since": lambda name, given, user: _since(last_touched(user))(name, given, user),
    "created_since": _since("created"),
    "created_on": _on("created"),
    "resolved_on": _on("resolved"),
    "first_reply_since": _since("first_reply"),
}
