"""The first page after signing in: an agent's own work, or how the work of all goes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from deskbell.desk import overview
from deskbell.desk.access import desk, person
from deskbell.desk.pages import is_part, page
from deskbell.desk.reading import box_counts
from deskbell.people.models import User
from deskbell.tickets import rules
from deskbell.tickets.listing import BOXES, beginnings
from deskbell.tickets.queries import unread

#: boxes of an agent's home
OWN = ("needs-my-reply", "unassigned", "mine", "resolved")
SHOWN = 10


@require_GET
@desk
def home(request: HttpRequest) -> HttpResponse:
    """For htmx what changes alone."""
    user = person(request)
    oversees = rules.may_oversee(user)
    context = overview.context(user) if oversees else _own(user)
    context |= {"greeting": _greeting(user), "at_home": True}
    name = "overview" if oversees else "own"
    return page(
        request, f"desk/_home_{name}_part.html" if is_part(request) else f"desk/home_{name}.html", context
    )


def _own(user: User) -> dict[str, Any]:
    lists = beginnings(user, OWN, limit=SHOWN)
    rows = {row.pk: row for found in lists.values() for row in found}
    return {
        "lists": [(BOXES[slug], lists[slug]) for slug in OWN],
        "unread": unread(user, list(rows.values())),
        "counts": box_counts(user, also=("needs-my-reply",)),
        "nav": "",
    }


def _greeting(user: User) -> str:
    hour = timezone.localtime().hour
    if 5 <= hour < 12:
        return _("Good morning, %(name)s") % {"name": user.display_name}
    if 12 <= hour < 18:
        return _("Good afternoon, %(name)s") % {"name": user.display_name}
    return _("Good evening, %(name)s") % {"name": user.display_name}
