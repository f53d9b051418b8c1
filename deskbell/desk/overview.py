"""What the home page shows to those who oversee the desk: every figure with the list it counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from deskbell.desk.charts import Share, columns, shares
from deskbell.desk.choices import Choice, Choices, choices
from deskbell.desk.reading import box_counts
from deskbell.kit.patience import TooSlow
from deskbell.people.models import User
from deskbell.tickets.figures import DAYS, MOST, Figures, figures
from deskbell.tickets.listing import beginnings
from deskbell.tickets.models import Queue, Status

OLDEST = 10
#: lines of a list of bars; the rest are counted in a sentence
LINES = 10


def context(user: User) -> dict[str, Any]:
    """Values of `desk/_home_overview_part.html`."""
    try:
        known = figures(user)
    except TooSlow:
        known = None
    listed = choices()
    return {
        "too_slow": known is None,
        "figures": known,
        "columns": columns(known.days) if known and known.days else None,
        "totals": _totals(known),
        "first_reply_list": _first_replies(known),
        "parts": _parts(known, listed) if known and known.backlog else None,
        "oldest": beginnings(user, ["needs-reply"], limit=OLDEST)["needs-reply"],
        "counts": box_counts(user),
        "nav": "live",
        "address_of": address_of,
        "days_shown": DAYS,
        "most": MOST,
        "lines_shown": LINES,
    }


def address_of(box: str, **filters: object) -> str:
    """The list of a box with filters."""
    return f"{reverse('desk:list')}?{urlencode({'box': box, **filters})}"


def _totals(known: Figures | None) -> dict[str, int]:
    days = known.days if known else None
    return {
        "created": sum(day.created for day in days or ()),
        "resolved": sum(day.resolved for day in days or ()),
    }


def _first_replies(known: Figures | None) -> str:
    if not known or not known.days:
        return ""
    return address_of("all", first_reply_since=known.days[0].on.isoformat())


def _parts(known: Figures, listed: Choices) -> list[tuple[str, str, list[Share]]]:
    """Id, title and lines of each way to divide what is open."""
    assert known.backlog is not None
    backlog = known.backlog
    status, priority = (
        _lines("status", backlog, listed.statuses),
        _lines("priority", backlog, listed.priorities),
    )
    queue, agent = _lines("queue", backlog, listed.queues), _lines("assignee", backlog, listed.staff)
    return [
        ("status", _("By status"), shares(status)),
        ("priority", _("By priority"), shares(priority[::-1])),
        ("queue", _("By queue"), shares(sorted(queue, key=_largest_first))),
        ("assignee", _("By agent"), shares(sorted(agent, key=_largest_first))),
    ]


#: name, number, address of its list, class of its colour
Line = tuple[str, int, str, str]


def _largest_first(line: Line) -> tuple[int, str]:
    return -line[1], line[0]


def _lines(
    name: str, backlog: Mapping[str, Mapping[int | None, int]], offered: tuple[Choice, ...]
) -> list[Line]:
    """What has tickets, in the order it is offered, then what is offered no more."""
    numbers, known = backlog[name], {choice.pk: choice for choice in offered}
    known |= _no_longer_offered(name, {key for key in numbers if key is not None and key not in known})
    lines = [
        (choice.name, numbers[pk], address_of("open", **{name: choice.slug or pk}), _kind(name, choice))
        for pk, choice in known.items()
        if pk in numbers
    ]
    if None in numbers:
        lines.append((_("Nobody"), numbers[None], address_of("open", **{name: "none"}), "nobody"))
    return lines


def _no_longer_offered(name: str, keys: set[int]) -> dict[int, Choice]:
    if not keys:
        return {}
    if name == "assignee":
        return {user.pk: Choice(user.pk, user.display_name) for user in User.objects.filter(pk__in=keys)}
    model: Any = {"status": Status, "queue": Queue}[name]
    return {row.pk: Choice(row.pk, _(str(row)), row.slug) for row in model.objects.filter(pk__in=keys)}


def _kind(name: str, choice: Choice) -> str:
    """The class of its bar: statuses and priorities have colours of their own."""
    if name == "status":
        return f"status-{choice.group}"
    return f"priority-{choice.slug}" if name == "priority" else "plain"
