"""Which list is looked at: box, filters and sorting as they stand in an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.desk.choices import Choice, Choices
from deskbell.kit.time import day
from deskbell.people import queries as people
from deskbell.people.models import User
from deskbell.tickets.conditions import READERS, BadFilter, Condition, from_query
from deskbell.tickets.listing import BOXES, OF_BOXES, SORTS, WINDOW_SORT, Box
from deskbell.tickets.models import Category, Source

DEFAULT_BOX = "needs-reply"
DUE = {
    "overdue": gettext_lazy("Overdue"),
    "today": gettext_lazy("Today"),
    "week": gettext_lazy("In the next seven days"),
    "none": gettext_lazy("No due date"),
}
#: filters of the panel in its order; the others come by links
LABELS = {
    "status": gettext_lazy("Status"),
    "category": gettext_lazy("State"),
    "assignee": gettext_lazy("Assignee"),
    "team": gettext_lazy("Team"),
    "queue": gettext_lazy("Queue"),
    "priority": gettext_lazy("Priority"),
    "type": gettext_lazy("Type"),
    "due": gettext_lazy("Due"),
    "channel": gettext_lazy("Channel"),
    "source": gettext_lazy("Source"),
    "tag": gettext_lazy("Tag"),
    "q": gettext_lazy("Words"),
    "requester": gettext_lazy("Requester"),
    "organization": gettext_lazy("Organisation"),
    "created_since": gettext_lazy("Created since"),
    "updated_since": gettext_lazy("Updated since"),
    "created_on": gettext_lazy("Created on"),
    "resolved_on": gettext_lazy("Resolved on"),
    "first_reply_since": gettext_lazy("First reply since"),
}
CHANNELS = {
    "web": gettext_lazy("Web"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "api": gettext_lazy("API"),
    "whatsapp": "WhatsApp",
}


@dataclass(frozen=True)
class Chip:
    """A filter that is set: its value in words, and the address of the list without it."""

    name: str
    value: str
    without: str
    error: str = ""

    @property
    def text(self) -> str:
        return f"{LABELS[self.name]}: {self.value}"


@dataclass
class ListAddress:
    """Box, sorting and filters of a request. `filters` is None when none is set or one makes no sense."""

    box: Box
    sort: str | None
    given: dict[str, str]
    filters: Condition | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, query: Mapping[str, str], user: User) -> ListAddress:
        """Read from the parameters of a request; what is unknown is left out."""
        box = BOXES.get(query.get("box", ""), BOXES[DEFAULT_BOX])
        sort = query.get("sort") if query.get("sort") in SORTS else None
        given = {name: query[name].strip() for name in READERS if query.get(name, "").strip()}
        address = cls(box, sort, given)
        address._read(user)
        return address

    def _read(self, user: User) -> None:
        """Filters that are wrong are told and left out, so that the others still work."""
        good = dict(self.given)
        while True:
            try:
                self.filters = from_query(good, user)
                return
            except BadFilter as error:
                self.errors[error.field] = error.message
                del good[error.field]

    @property
    def plain(self) -> bool:
        return not self.given

    @property
    def sort_shown(self) -> str:
        """The sorting in use."""
        return (
            self.sort
            if self.sort and (self.sort not in OF_BOXES or self.box.sort == self.sort)
            else self.box.sort
        )

    @property
    def sorts(self) -> list[Any]:
        """Sortings that this box offers."""
        every = [WINDOW_SORT, *SORTS.values()]
        return [sort for sort in every if sort.slug not in OF_BOXES or self.box.sort == sort.slug]

    def query(self, **changes: str | None) -> str:
        """The parameters as text beginning with "?", or "" for the default list; None leaves one out."""
        values: dict[str, str | None] = {
            "box": self.box.slug if self.box.slug != DEFAULT_BOX else None,
            "sort": self.sort,
            **self.given,
            **changes,
        }
        kept = {name: value for name, value in values.items() if value}
        return f"?{urlencode(kept)}" if kept else ""

    def address(self, **changes: str | None) -> str:
        return reverse("desk:list") + self.query(**changes)

    def chips(self, known: Choices, user: User) -> list[Chip]:
        """The filters in words."""
        return [
            Chip(
                name,
                value_in_words(name, value, known, user),
                self.address(**{name: None}),
                self.errors.get(name, ""),
            )
            for name, value in self.given.items()
        ]


def value_in_words(name: str, value: str, known: Choices, user: User) -> str:
    """A filter's value as people read it."""
    return ", ".join(_one_in_words(name, one.strip(), known, user) for one in value.split(","))


def _one_in_words(name: str, value: str, known: Choices, user: User) -> str:
    if value == "none" and name != "due":
        return _("none")
    if value == "me":
        return _("me")
    if name == "requester" and value.isdecimal() and len(value) < 18:
        found = people.visible_people(user).filter(pk=int(value)).first()
        return found.display_name if found else value
    if name == "organization" and value.isdecimal() and len(value) < 18:
        organization = people.visible_organizations(user).filter(pk=int(value)).first()
        return organization.name if organization else value
    if name.endswith(("_on", "_since")):
        return _day_in_words(value)
    words: dict[str, Any] = {
        "category": dict(Category.choices),
        "source": dict(Source.choices),
        "due": DUE,
        "channel": CHANNELS,
    }
    if name in words:
        return str(words[name].get(value, value))
    options = offered(name, known)
    return next((choice.name for choice in options if value in (str(choice.pk), choice.slug)), value)


def _day_in_words(value: str) -> str:
    """A day as the reader writes it; a moment or nonsense as it was given."""
    try:
        return day(date.fromisoformat(value))
    except ValueError:
        return value


def offered(name: str, known: Choices) -> tuple[Choice, ...]:
    return {
        "status": known.statuses,
        "queue": known.queues,
        "team": known.teams,
        "type": known.types,
        "assignee": known.staff,
        "priority": known.priorities,
    }.get(name, ())
