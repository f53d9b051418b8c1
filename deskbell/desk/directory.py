"""What the pages of people and organisations read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Count, Max, Model, Q, QuerySet

from deskbell.channels.models import PastMessage
from deskbell.kit.patience import within
from deskbell.people import queries as people
from deskbell.people.models import Identity, Organization, User
from deskbell.tickets.models import Ticket

PER_PAGE = 50
#: milliseconds a page of a directory may take
TIMEOUT = 5000
#: organisations offered to narrow the people; the others are found by their own page
OFFERED = 200
#: people shown on the page of their organisation
PEOPLE_SHOWN = 25
#: a customer's tickets looked at for the last message
LATEST = 50
#: messages of earlier chats that the page of a customer shows
EARLIER = 200
LARGEST = 2**63 - 1

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """`previous` and `next` are the ids of rows to read from, for `?before=` and `?after=`, or None."""

    items: list[Row]
    previous: int | None
    next: int | None


def page(rows: QuerySet[Row], given: Mapping[str, str]) -> Page[Row]:
    """The page of `rows` (with `listed_as`, by which they are sorted) that `?before=` or `?after=` names.

    An id that is none of `rows` means the first page. Raises TooSlow.
    """
    return within(TIMEOUT, lambda: _page(rows, given))


def _page(rows: QuerySet[Row], given: Mapping[str, str]) -> Page[Row]:
    name = next((name for name in ("before", "after") if _id(given.get(name, ""))), "")
    here = rows.filter(pk=_id(given[name])).values_list("listed_as", "pk").first() if name else None
    back = name == "before" and here is not None
    if here:
        value, pk = here
        sign = "lt" if back else "gt"
        beyond = Q(**{f"listed_as__{sign}": value}) | Q(**{"listed_as": value, f"pk__{sign}": pk})
        rows = rows.filter(beyond, **{f"listed_as__{sign}e": value})
    order = ("-listed_as", "-pk") if back else ("listed_as", "pk")
    found = list(rows.order_by(*order)[: PER_PAGE + 1])
    items, more = found[:PER_PAGE], len(found) > PER_PAGE
    items = items[::-1] if back else items
    preceding, following = (more, True) if back else (here is not None, more)
    return Page(
        items,
        items[0].pk if preceding and items else None,
        items[-1].pk if following and items else None,
    )


def _id(given: str) -> int:
    return min(int(given), LARGEST) if given.isascii() and given.isdigit() else 0


def open_tickets(user: User, owner: str, rows: Iterable[Model]) -> Counter[int]:
    """How many open tickets `user` sees of each of `rows`; `owner` is requester or organization."""
    ids = [row.pk for row in rows]
    found = Ticket.objects.visible_to(user).filter(active=True, **{f"{owner}__in": ids})
    return Counter(dict(found.values_list(owner).annotate(Count("pk")).order_by()))


def last_contact(user: User, about: Q) -> datetime | None:
    """When the last message came or went, in the tickets `user` sees."""
    latest = Ticket.objects.visible_to(user).filter(about).order_by("-updated_at", "-pk")[:LATEST]
    return latest.aggregate(last=Max("last_message_at"))["last"]


def offered_organizations(user: User) -> list[Organization]:
    return list(people.organizations(user)[:OFFERED])


def people_of(user: User, organization: Organization) -> list[User]:
    """The first of its people, one more than are shown."""
    return list(people.customers(user, organization=organization.pk)[: PEOPLE_SHOWN + 1])


def earlier_chats(somebody: User) -> list[PastMessage]:
    """What was written on our phone before its number joined, the newest of it in the order of time."""
    numbers = somebody.identities.filter(kind__in=(Identity.Kind.WA_ID, Identity.Kind.PHONE))
    addresses = {key.removeprefix("+") for key in numbers.values_list("key", flat=True)}
    rows = PastMessage.objects.filter(address__in=addresses) if addresses else PastMessage.objects.none()
    return list(rows.order_by("-written_at", "-pk")[:EARLIER])[::-1]
