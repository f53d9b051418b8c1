"""An account is closed, with what the person had in hand, and opened again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from deskbell.people import actions, permissions
from deskbell.people.rights import rights_of
from deskbell.setup.access import Request, permitted
from deskbell.setup.forms import LeavingForm
from deskbell.setup.pages import show
from deskbell.setup.views.people import FAILURES, attempt, refusal, somebody_of
from deskbell.tickets.actions import NotAllowed
from deskbell.tickets.actions import leaving as tickets


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP, permissions.PEOPLE_INVITE)
def deactivation(request: Request, pk: int) -> HttpResponse:
    """Close the account, and say what becomes of the person's open tickets."""
    somebody = somebody_of(request, pk)
    form = LeavingForm(request.POST if request.method == "POST" else None, person=somebody)
    if form.is_bound and form.is_valid():
        try:
            closed = tickets.close_account(somebody, by=request.user, **form.cleaned_data)
        except FAILURES as error:
            messages.error(request, refusal(error))
        except NotAllowed:
            messages.error(request, _("You may not hand over all of these tickets."))
        else:
            messages.success(request, _done(somebody.display_name, closed))
            if closed.bulk and rights_of(request.user).staff:
                return redirect("desk:bulk", closed.bulk.pk)
        return redirect("setup:person", pk=pk)
    context = {"person": somebody, "form": form, "holdings": tickets.holdings(somebody)}
    return show(request, "leaving.html", context, status=422 if form.is_bound else 200)


def _done(name: str, closed: tickets.Closed) -> str:
    done = _("%(name)s can no longer sign in.") % {"name": name}
    if not closed.tickets:
        return done
    if closed.bulk:
        moved = _("The %(count)s tickets are being handed over.") % {"count": closed.tickets}
    else:
        moved = ngettext(
            "%(count)s ticket is handed over.", "%(count)s tickets are handed over.", closed.tickets
        ) % {"count": closed.tickets}
    return f"{done} {moved}"


@require_POST
@permitted(permissions.SETUP, permissions.PEOPLE_INVITE)
def reactivation(request: Request, pk: int) -> HttpResponse:
    somebody = somebody_of(request, pk)
    done = _("%(name)s can sign in again. Tickets that were handed over stay where they are.")
    attempt(
        request,
        lambda: actions.reactivate(somebody, by=request.user),
        done % {"name": somebody.display_name},
    )
    return redirect("setup:person", pk=pk)
