"""Lists of tickets: boxes, sorting, keyset paging, counts.

The ids of a page come from one index per arm (reach.py), so a list touches about as much at a thousand
tickets as at a million; the rows of these ids are then read with what they show.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.core import signing
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.tuple_lookups import TupleGreaterThan, TupleLessThan
from django.db.models.functions import Coalesce, Now
from django.db.models.lookups import Exact
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deskbell.kit.patience import within
from deskbell.people.models import User
from deskbell.people.permissions import DESK
from deskbell.people.rights import Reach, rights_of
from deskbell.tickets.conditions import Condition
from deskbell.tickets.listrow import ListRow, list_rows
from deskbell.tickets.models import (
    ACTIVE_CATEGORIES,
    ENDED_CATEGORIES,
    Category,
    Conversation,
    Ticket,
    Watcher,
)
from deskbell.tickets.models.conversation import MARGIN
from deskbell.tickets.reach import customer_arms, desk_arms

#: a badge never counts further; shown as "999+"
COUNT_CAP = 1000
#: milliseconds a filtered list may take
FILTER_TIMEOUT = 5000


class BadCursor(ValueError):
    """The cursor is not ours, or belongs to other filters."""


@dataclass(frozen=True)
class Sort:
    """Columns of one direction; `fields` end in the id."""

    slug: str
    label: str | Promise
    fields: tuple[str, ...]
    descending: bool


SORTS: dict[str, Sort] = {
    sort.slug: sort
    for sort in (
        Sort("waiting", _("Longest waiting"), ("waiting_since", "id"), False),
        Sort("updated", _("Last updated"), ("updated_at", "id"), True),
        Sort("created", _("Newest"), ("id",), True),
        Sort("due", _("Due soonest"), ("due_order", "id"), False),
        Sort("priority", _("Most urgent"), ("priority", "updated_at", "id"), True),
    )
}
#: in a box of its own alone
WINDOW_SORT = Sort("window", _("Closes soonest"), ("window", "id"), False)
#: sorts that exist only in the boxes that begin with them
OF_BOXES = frozenset({"waiting", WINDOW_SORT.slug})
#: before a chat closes for free answers
CLOSING = timedelta(hours=4)
#: of customers, who never see when staff last touched a ticket
PORTAL_SORT = Sort("public", _("Last news"), ("public_at", "id"), True)
CUSTOMER_SORTS = SORTS | {
    "updated": PORTAL_SORT,
    "priority": Sort("priority", _("Most urgent"), ("priority", "public_at", "id"), True),
}


@dataclass(frozen=True)
class Box:
    slug: str
    label: str | Promise
    sort: str
    #: conditions of which each is served by one index, given what the person reaches
    arms: Callable[[User], list[Q]]
    #: stands beside every page of the desk; the others are opened by links
    listed: bool = True


Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """`items` are tickets with what they show loaded; `next` and `previous` are cursors or None."""

    items: list[Item]
    next: str | None
    previous: str | None


def _reached(condition: Q) -> Callable[[User], list[Q]]:
    return lambda user: [condition & arm for arm in desk_arms(user)]


def _mine(user: User) -> list[Q]:
    return [Q(active=True, assignee_id=user.pk)] if rights_of(user).reach(DESK).assigned else []


def _needs_my_reply(user: User) -> list[Q]:
    return [arm & Q(waiting_since__isnull=False) for arm in _mine(user)]


def _closing(user: User) -> list[Q]:
    """Who waits for an answer in a chat that takes none in a while. The time is the database's: statements
    that count are kept.
    """
    soon = Conversation.objects.filter(open_until__gt=Now() + MARGIN, open_until__lt=Now() + CLOSING)
    waits = Q(active=True, waiting_since__isnull=False, conversation__in=soon.values("pk"))
    return [waits & arm for arm in desk_arms(user)]


def _all(user: User) -> list[Q]:
    """Whatever is neither spam nor trash, by category: so each sorting has its index."""
    return [Q(place=category) & arm for arm in desk_arms(user) for category in Category.values]


def _my_teams(user: User) -> list[Q]:
    reach, teams = rights_of(user).reach(DESK), sorted(rights_of(user).teams)
    whole = [Q(active=True, team_id=team) for team in teams if reach.everything or team in reach.teams]
    rest = [team for team in teams if not (reach.everything or team in reach.teams)]
    return [*whole, Q(active=True, team_id__in=rest, assignee_id=user.pk)] if rest else whole


def _following(user: User) -> list[Q]:
    """Open tickets, each asked whether `user` follows it: bounded by the backlog, not by what he ever did.

    Coalesce keeps the planner from turning it around.
    """
    follows = Watcher.objects.filter(ticket=OuterRef("pk"), user=user, kind=Watcher.Kind.FOLLOW)
    followed = Q(Exact(Coalesce(Exists(follows), False), True))
    return [Q(active=True) & followed & arm for arm in desk_arms(user)]


BOXES: dict[str, Box] = {
    box.slug: box
    for box in (
        Box(
            "needs-reply",
            _("Needs reply"),
            "waiting",
            _reached(Q(active=True, waiting_since__isnull=False)),
        ),
        Box("closing", _("Window closing"), WINDOW_SORT.slug, _closing),
        Box("unassigned", _("Unassigned"), "updated", _reached(Q(active=True, assignee__isnull=True))),
        Box("mine", _("Mine"), "updated", _mine),
        Box("my-teams", _("My teams"), "updated", _my_teams),
        Box("following", _("Following"), "updated", _following),
        Box("waiting", _("Waiting for customer"), "updated", _reached(Q(place="pending"))),
        Box("on-hold", _("On hold"), "updated", _reached(Q(place="on_hold"))),
        Box("open", _("All open"), "updated", _reached(Q(active=True))),
        Box("resolved", _("Resolved"), "updated", _reached(Q(place="resolved"))),
        Box("closed", _("Closed"), "updated", _reached(Q(place="closed"))),
        Box("spam", _("Spam"), "updated", _reached(Q(place="spam"))),
        Box("trash", _("Trash"), "updated", _reached(Q(place="trash"))),
        Box("needs-my-reply", _("Needs my reply"), "waiting", _needs_my_reply, listed=False),
        Box("all", _("Open and ended"), "updated", _all, listed=False),
    )
}
LISTED = {slug: box for slug, box in BOXES.items() if box.listed}


def page(
    user: User,
    *,
    box: str = "needs-reply",
    filters: Condition | None = None,
    sort: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ListRow]:
    """One page of a box as staff see it. Raises KeyError (no such box or sort), BadCursor, TooSlow."""
    chosen = BOXES[box]
    return _page(
        chosen.arms(user),
        filters,
        _sort(chosen, sort),
        cursor,
        limit,
        scope=f"{user.pk}:{box}",
        load=list_rows,
    )


def _sort(box: Box, wanted: str | None) -> Sort:
    """Waiting times exist only in the boxes of those who wait, windows in that of those that close."""
    if wanted in OF_BOXES and box.sort != wanted:
        wanted = None
    slug = wanted or box.sort
    return WINDOW_SORT if slug == WINDOW_SORT.slug else SORTS[slug]


def beginnings(user: User, slugs: Sequence[str], *, limit: int = 10) -> dict[str, list[ListRow]]:
    """The first rows of several boxes: a statement for each box and two for all rows."""
    ids = {
        slug: [key[-1] for key in _keys(box.arms(user), None, _sort(box, None), None, False, limit)]
        for slug, box in ((slug, BOXES[slug]) for slug in slugs)
    }
    rows = {row.pk: row for row in list_rows(sorted({pk for found in ids.values() for pk in found}))}
    return {slug: [rows[pk] for pk in found if pk in rows] for slug, found in ids.items()}


@dataclass(frozen=True)
class TicketsAbout:
    open: Page[ListRow]
    ended: Page[ListRow]


def tickets_about(
    user: User, about: Q, *, cursors: Mapping[str, str | None], limit: int = 25
) -> TicketsAbout:
    """What `user` reaches at the desk of a customer's or organisation's tickets, last updated first.

    `about` names whose; `cursors` may have "open" and "ended". Spam and trash are left out. Raises BadCursor.
    """
    ids = {
        state: _page(
            [arm & about & condition & Q(trashed_at=None, spam=False) for arm in desk_arms(user)],
            None,
            SORTS["updated"],
            cursors.get(state),
            limit,
            scope=f"{user.pk}:about:{about}:{state}",
            load=list,
        )
        for state, condition in (
            ("open", Q(category__in=ACTIVE_CATEGORIES)),
            ("ended", ~Q(category__in=ACTIVE_CATEGORIES)),
        )
    }
    rows = {row.pk: row for row in list_rows([pk for page in ids.values() for pk in page.items])}
    return TicketsAbout(
        **{
            state: Page([rows[pk] for pk in page.items if pk in rows], page.next, page.previous)
            for state, page in ids.items()
        }
    )


def portal_page(
    user: User,
    *,
    state: str = "open",
    whole_organization: bool = False,
    cursor: str | None = None,
    limit: int = 25,
) -> Page[Ticket]:
    """A customer's tickets, those with the latest news for him first: `state` is open or ended.

    What staff write and do among themselves moves nothing. Raises BadCursor.
    """
    arms = customer_arms(user)
    if not whole_organization:
        arms = arms[:2]
    narrow = {
        "open": Q(category__in=ACTIVE_CATEGORIES),
        "ended": Q(category__in=ENDED_CATEGORIES),
    }[state] & Q(trashed_at=None)
    scope = f"{user.pk}:portal:{state}:{whole_organization}"
    return _page([arm & narrow for arm in arms], None, PORTAL_SORT, cursor, limit, scope=scope, load=_whole)


def api_page(
    user: User,
    *,
    filters: Condition | None = None,
    sort: str = "updated",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Ticket]:
    """Everything `user` sees, as staff and as a customer, but what lies in the trash.

    Customers get the time of the last news where staff get that of the last change.
    """
    desk = desk_arms(user)
    arms = desk if any(not arm for arm in desk) else desk + customer_arms(user)
    if sort == "waiting":
        arms = [arm & Q(waiting_since__isnull=False) for arm in arms]
    return _page(
        [arm & Q(trashed_at=None) for arm in arms],
        filters,
        (SORTS if rights_of(user).staff else CUSTOMER_SORTS)[sort],
        cursor,
        limit,
        scope=f"{user.pk}:api",
        load=_whole,
    )


def _page(
    arms: list[Q],
    filters: Condition | None,
    sort: Sort,
    cursor: str | None,
    limit: int,
    *,
    scope: str,
    load: Callable[[list[int]], list[Item]],
) -> Page[Item]:
    seal = _seal(scope, filters, sort)
    back, after = _open_cursor(cursor, seal, sort) if cursor else (False, None)
    keys = _keys(arms, filters, sort, after, back, limit + 1)
    more = len(keys) > limit
    keys = keys[:limit][::-1] if back else keys[:limit]
    following = (more or back) and keys
    preceding = (more if back else bool(cursor)) and keys
    return Page(
        items=load([key[-1] for key in keys]),
        next=_close_cursor(keys[-1], seal, back=False) if following else None,
        previous=_close_cursor(keys[0], seal, back=True) if preceding else None,
    )


def _keys(
    arms: list[Q], filters: Condition | None, sort: Sort, after: list[Any] | None, back: bool, limit: int
) -> list[tuple]:
    """Sort values and id of the next `limit` tickets of any arm."""
    descending = sort.descending is not back
    order = [F(name).desc() if descending else F(name).asc() for name in sort.fields]
    narrow = filters.to_q() if filters else Q()
    rows = Ticket.objects.all()
    if sort is WINDOW_SORT:
        rows = rows.annotate(window=F("conversation__open_until"))
    queries = [
        _after(rows.filter(arm & narrow), sort, after, descending)
        .order_by(*order)
        .values_list(*sort.fields)[:limit]
        for arm in arms
    ]
    if not queries:
        return []
    whole = queries[0]
    if len(queries) > 1:
        names = [f"-{name}" if descending else name for name in sort.fields]
        whole = queries[0].union(*queries[1:]).order_by(*names)[:limit]
    return within(FILTER_TIMEOUT, lambda: list(whole)) if filters else list(whole)


def _after(tickets: QuerySet, sort: Sort, after: list[Any] | None, descending: bool) -> QuerySet:
    if after is None:
        return tickets
    compare = TupleLessThan if descending else TupleGreaterThan
    return tickets.filter(compare(tuple(F(name) for name in sort.fields), tuple(after)))


def _whole(ids: list[int]) -> list[Ticket]:
    rows = {ticket.pk: ticket for ticket in Ticket.objects.with_row().filter(pk__in=ids)} if ids else {}
    return [rows[pk] for pk in ids if pk in rows]


# --- cursors ------------------------------------------------------------------------------------


def _seal(scope: str, filters: Condition | None, sort: Sort) -> str:
    content = json.dumps([scope, filters.plain() if filters else None, sort.slug], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _close_cursor(key: tuple, seal: str, *, back: bool) -> str:
    values = [value.isoformat() if isinstance(value, datetime) else value for value in key]
    return signing.dumps([seal, int(back), values], salt="tickets.listing", compress=True)


def _open_cursor(cursor: str, seal: str, sort: Sort) -> tuple[bool, list[Any]]:
    try:
        ours, back, values = signing.loads(cursor, salt="tickets.listing")
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadCursor from error
    if ours != seal:
        raise BadCursor
    return bool(back), [
        datetime.fromisoformat(value) if isinstance(value, str) else value for value in values
    ]


# --- counts and neighbours ----------------------------------------------------------------------


def counts(user: User, *, also: tuple[str, ...] = ()) -> dict[str, int]:
    """How many tickets lie in each listed box and those of `also`, up to COUNT_CAP, in one statement."""
    rights, wanted = rights_of(user), (*LISTED, *also)
    sql, params, slugs = _count_statement(_Counter(user, user.pk, rights.reach(DESK), rights.teams, wanted))
    numbers: tuple = ()
    if slugs:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            numbers = cursor.fetchone() or ()
    return dict.fromkeys(wanted, 0) | dict(zip(slugs, numbers, strict=True))


@dataclass(frozen=True)
class _Counter:
    """Who counts, equal for the same person with the same reach: the statement follows from these."""

    user: User = field(compare=False)
    pk: int
    reach: Reach
    teams: frozenset[int]
    boxes: tuple[str, ...]


@lru_cache(maxsize=512)
def _count_statement(who: _Counter) -> tuple[str, list[Any], list[str]]:
    """Compiled once a person: that takes longer than running it."""
    selects: list[str] = []
    params: list[Any] = []
    slugs: list[str] = []
    for box in (BOXES[slug] for slug in who.boxes):
        try:
            sql, values = _countable(box.arms(who.user)).query.sql_with_params()
        except EmptyResultSet:
            continue
        selects.append(f"(select count(*) from ({sql}) t)")  # noqa: S608  compiled by Django
        params += values
        slugs.append(box.slug)
    return f"select {', '.join(selects)}", params, slugs


def _countable(arms: list[Q]) -> QuerySet:
    queries = [Ticket.objects.filter(arm).order_by().values("pk")[:COUNT_CAP] for arm in arms]
    if not queries:
        return Ticket.objects.none()
    return queries[0] if len(queries) == 1 else queries[0].union(*queries[1:])[:COUNT_CAP]


def neighbours(
    user: User, ticket: Ticket, *, box: str, filters: Condition | None = None, sort: str | None = None
) -> tuple[int | None, int | None]:
    """Numbers of the tickets before and after `ticket` in a list it may have left meanwhile."""
    chosen = BOXES[box]
    order = _sort(chosen, sort)
    if order is WINDOW_SORT:  # those in it are few, and their times move
        return None, None
    here = [getattr(ticket, name) for name in order.fields]
    if any(value is None for value in here):
        return None, None
    arms = chosen.arms(user)
    before = _keys(arms, filters, order, here, True, 1)
    after = _keys(arms, filters, order, here, False, 1)
    numbers = dict(
        Ticket.objects.filter(pk__in=[key[-1] for key in before + after]).values_list("pk", "number")
    )
    return (
        numbers.get(before[0][-1]) if before else None,
        numbers.get(after[0][-1]) if after else None,
    )
