"""Newest first: `?before=<place>` reads on, `?after=<place>` back. Costs the same on every page.

A place is an id or, in rows read by their time, microseconds since 1970 and an id: `1763800000000000-42`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

PER_PAGE = 50
LARGEST = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Page:
    """`newer` and `older` are query strings of the neighbouring pages, or None."""

    items: list[Any]
    newer: str | None
    older: str | None


@dataclass(frozen=True)
class ById:
    """In the order in which rows were written."""

    newest: tuple[str, ...] = ("-pk",)
    oldest: tuple[str, ...] = ("pk",)

    def place(self, row: Any) -> str:
        return str(row.pk)

    def beyond(self, place: str, *, older: bool) -> Q | None:
        """Rows on the other side of `place`; None when it is none."""
        if not re.fullmatch("[0-9]+", place):
            return None
        pk = min(int(place), LARGEST)
        return Q(pk__lt=pk) if older else Q(pk__gt=pk)


@dataclass(frozen=True)
class ByTime:
    """In the order in which things happened, by the column `at` and an index on (at, id)."""

    newest: tuple[str, ...] = ("-at", "-pk")
    oldest: tuple[str, ...] = ("at", "pk")

    def place(self, row: Any) -> str:
        return f"{(row.at - EPOCH) // timedelta(microseconds=1)}-{row.pk}"

    def beyond(self, place: str, *, older: bool) -> Q | None:
        found = re.fullmatch("([0-9]{1,17})-([0-9]{1,18})", place)
        if found is None:
            return None
        at, pk = EPOCH + timedelta(microseconds=int(found[1])), int(found[2])
        if older:
            return Q(at__lte=at) & (Q(at__lt=at) | Q(pk__lt=pk))
        return Q(at__gte=at) & (Q(at__gt=at) | Q(pk__gt=pk))


Order = ById | ByTime


def page(rows: QuerySet[Any], request: HttpRequest, *, order: Order | None = None) -> Page:
    """The page of `rows` that the request asks for. Anything that is no place means the newest page."""
    order = order or ById()
    before = order.beyond(request.GET.get("before", ""), older=True)
    after = order.beyond(request.GET.get("after", ""), older=False)
    if after is not None:
        found = list(rows.filter(after).order_by(*order.oldest)[: PER_PAGE + 1])
        items, newer, older = found[:PER_PAGE][::-1], len(found) > PER_PAGE, True
        if not newer:  # fewer than a page are newer: the newest page itself
            found = list(rows.order_by(*order.newest)[: PER_PAGE + 1])
            items, older = found[:PER_PAGE], len(found) > PER_PAGE
    else:
        chosen = rows if before is None else rows.filter(before)
        found = list(chosen.order_by(*order.newest)[: PER_PAGE + 1])
        items, newer, older = found[:PER_PAGE], before is not None, len(found) > PER_PAGE
    return Page(
        items=items,
        newer=_query(request, after=order.place(items[0])) if newer and items else None,
        older=_query(request, before=order.place(items[-1])) if older and items else None,
    )


def _query(request: HttpRequest, **place: str) -> str:
    query = request.GET.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    query.update(place)
    return f"?{query.urlencode()}"
