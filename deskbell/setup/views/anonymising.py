"""A person asks to be forgotten: what goes, what stays, and then it is done for good."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from deskbell.people import actions, permissions
from deskbell.people.models import User
from deskbell.people.pointers import final
from deskbell.people.rights import rights_of
from deskbell.people.rules import at_work, may_anonymise
from deskbell.setup.access import Request, permitted
from deskbell.setup.forms import AnonymisingForm
from deskbell.setup.pages import show
from deskbell.setup.views.people import somebody_of
from deskbell.tickets.traces import what_stays


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.PEOPLE_ANONYMISE)
def anonymisation(request: Request, pk: int) -> HttpResponse:
    """Say what goes and what stays, and do it once the person's name was typed."""
    somebody = somebody_of(request, pk)
    if somebody.merged_into_id is not None:
        return redirect("setup:anonymisation", pk=final(somebody).pk)
    if somebody.anonymised_at is not None:
        return redirect(_page_of(somebody, request.user))  # a second click, too
    if not may_anonymise(request.user, somebody):
        raise PermissionDenied(permissions.PEOPLE_ANONYMISE)
    form = AnonymisingForm(request.POST if request.method == "POST" else None, person=somebody)
    if form.is_bound and form.is_valid():
        try:
            actions.anonymise(somebody, by=request.user)
        except actions.StillAtWork:
            form.add_error(None, _("Close the account first: this person works here."))
        except actions.NotAllowed:
            raise PermissionDenied(permissions.PEOPLE_ANONYMISE) from None
        else:
            messages.success(request, _("Nobody can tell any more who this was."))
            return redirect(_page_of(somebody, request.user))
    context = {
        "person": somebody,
        "form": form,
        "at_work": at_work(somebody),
        "goes": actions.what_goes(somebody),
        "stays": what_stays(somebody),
        "back": _page_of(somebody, request.user),
    }
    return show(request, "anonymising.html", context, status=422 if form.is_bound else 200)


def _page_of(person: User, reader: User) -> str:
    mine = rights_of(reader)
    if mine.has(permissions.SETUP) or mine.has(permissions.PEOPLE_INVITE):
        return reverse("setup:person", args=[person.pk])
    return reverse("desk:person", args=[person.pk]) if mine.staff else "/"
