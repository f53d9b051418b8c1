"""Newest first, by id: `?before=<id>` reads on, `?after=<id>` back. Costs the same on every page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

PER_PAGE = 50
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Page:
    """`newer` and `older` are query strings of the neighbouring pages, or None."""

    items: list[Any]
    newer: str | None
    older: str | None


def page(rows: QuerySet[Any], request: HttpRequest, *, limit: int = PER_PAGE) -> Page:
    """The page of `rows` that the request asks for. Anything that is no id means the newest page."""
    before, after = _id(request, "before"), _id(request, "after")
    if after is not None:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: limit + 1])
        items, newer, older = found[:limit][::-1], len(found) > limit, True
        if not newer:  # fewer than a page are newer: the newest page itself
            found = list(rows.order_by("-pk")[: limit + 1])
            items, older = found[:limit], len(found) > limit
    else:
        chosen = rows.filter(pk__lt=before) if before is not None else rows
        found = list(chosen.order_by("-pk")[: limit + 1])
        items, newer, older = found[:limit], before is not None, len(found) > limit
    return Page(
        items=items,
        newer=_query(request, after=items[0].pk) if newer and items else None,
        older=_query(request, before=items[-1].pk) if older and items else None,
    )


def _id(request: HttpRequest, name: str) -> int | None:
    given = request.GET.get(name, "")
    return min(int(given), LARGEST) if given.isascii() and given.isdigit() else None


def _query(request: HttpRequest, **place: int) -> str:
    query = request.GET.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    query.update({name: str(value) for name, value in place.items()})
    return f"?{query.urlencode()}"
