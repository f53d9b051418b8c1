from __future__ import annotations

import csv
import zoneinfo
from collections.abc import Iterator
from functools import partial
from io import StringIO
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from deskbell.events.models import Event
from deskbell.kit.patience import TooSlow, within
from deskbell.kit.sheets import cell
from deskbell.people import permissions
from deskbell.people.models import User
from deskbell.setup import trail
from deskbell.setup.access import Request, permitted
from deskbell.setup.forms import AuditForm
from deskbell.setup.pages import show
from deskbell.setup.paging import ByTime, Page, page

#: lines of a downloaded trail; whoever needs more narrows it to days
LINES = 50_000
BATCH = 500


@require_safe
@permitted(permissions.AUDIT)
def audit(request: Request) -> HttpResponse:
    """Who did what and when, newest first."""
    form = AuditForm(request.GET or None, kinds=trail.AREAS)
    rows = trail.events_visible_to(request.user)
    found, status = Page([], None, None), 200
    if form.is_bound and not form.is_valid():
        status = 422
    else:
        if form.is_bound:
            rows = trail.narrowed(rows, request.user, form.cleaned_data)
        try:
            found = within(trail.TIMEOUT, lambda: page(rows, request, order=ByTime()))
        except TooSlow:
            form.add_error(None, _("That would take too long. Choose a ticket, a person or fewer days."))
            status = 422
    filters = request.GET.copy()
    for name in ("before", "after"):
        filters.pop(name, None)
    context = {
        "form": form,
        "page": found,
        "lines": trail.lines(found.items, request.user),
        "narrowed": any(filters.values()),
        "filters": filters.urlencode(),
        "most": LINES,
    }
    return show(request, "audit.html", context, status=status)


@require_safe
@permitted(permissions.AUDIT)
def download(request: Request) -> HttpResponseBase:
    """What is filtered, as CSV, newest first; at most LINES of it, which its last line says."""
    form = AuditForm(request.GET, kinds=trail.AREAS)
    if not form.is_valid():
        return audit(request)
    rows = trail.narrowed(trail.events_visible_to(request.user), request.user, form.cleaned_data)
    language, zone = translation.get_language() or "en", timezone.get_current_timezone()
    headers = {"Content-Disposition": f'attachment; filename="audit-{timezone.localdate()}.csv"'}
    lines = _csv(rows, request.user, language, zone)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _csv(rows: QuerySet[Any], user: User, language: str, zone: zoneinfo.ZoneInfo) -> Iterator[str]:
    """The response is read after the middleware is done, so language and zone are set here again."""
    order, last, told = ByTime(), None, 0
    while True:
        with translation.override(language), timezone.override(zone):
            text = StringIO()
            sheet = csv.writer(text)
            if last is None:
                sheet.writerow([_("When"), _("Who"), _("What"), _("About"), _("Kind")])
            older = rows if last is None else rows.filter(order.beyond(order.place(last), older=True))
            batch = older.order_by(*order.newest)[: min(BATCH, LINES + 1 - told)]
            try:
                found: list[Event] = within(trail.TIMEOUT, partial(list, batch))
            except TooSlow:
                sheet.writerow([_("That would take too long. Choose a ticket, a person or fewer days.")])
                found = []
            for line in trail.lines(found[: LINES - told], user):
                when = timezone.localtime(line.event.at).isoformat(timespec="seconds")
                sheet.writerow(map(cell, [when, line.who, line.what, line.about, line.event.kind]))
            cut = told + len(found) > LINES
            if cut:
                sheet.writerow([_("Only the newest %(count)s lines. Choose fewer days.") % {"count": LINES}])
        yield text.getvalue()
        told += len(found)
        if cut or len(found) < BATCH:
            return
        last = found[-1]
