from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from deskbell.people import permissions
from deskbell.setup import trail
from deskbell.setup.access import Request, permitted
from deskbell.setup.forms import AuditForm
from deskbell.setup.pages import show
from deskbell.setup.paging import Page, page


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
            found = trail.within_time(lambda: page(rows, request))
        except trail.TooSlow:
            form.add_error(None, _("That would take too long. Choose a ticket, a person or fewer days."))
            status = 422
    context = {
        "form": form,
        "page": found,
        "lines": trail.lines(found.items, request.user),
        "narrowed": bool(set(request.GET) - {"before", "after"}),
    }
    return show(request, "audit.html", context, status=status)
