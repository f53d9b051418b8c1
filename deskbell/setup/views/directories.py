"""Directories (LDAP) that check passwords: set up, tried out, removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.kit import ldap
from deskbell.kit.once import accepted
from deskbell.people import actions, directories, permissions
from deskbell.people.models import Directory
from deskbell.setup.access import Request, permitted
from deskbell.setup.directory_forms import DirectoryForm, GroupRows, LookUpForm
from deskbell.setup.identity_provider_forms import roles_in, rows_for
from deskbell.setup.pages import show
from deskbell.setup.saving import saved_once, sent_before

#: why somebody whom the directory knows would not come in
REFUSALS = {
    "closed": gettext_lazy("Would not come in: the account here is closed."),
    "unverified": gettext_lazy("Would not come in: the entry has no e-mail address."),
    "unknown": gettext_lazy("Would not come in: nobody here has this address, and no accounts are made."),
    "staff": gettext_lazy("Would not come in: the directory is not for people who work here."),
    "customer": gettext_lazy(
        "Would not come in: the directory is not for customers, and no group gives a role."
    ),
}


@dataclass(frozen=True)
class Tried:
    """What a test found: why the directory gave no answer, or what it said, and what would come of it."""

    wrong: str = ""
    seen: directories.Seen | None = None
    would: actions.Would | None = None


@require_safe
@permitted(permissions.OWN)
def rows(request: Request) -> HttpResponse:
    found = Directory.objects.annotate(people=Count("links")).order_by("name")
    return show(request, "directories.html", {"rows": list(found), "installed": ldap.installed()})


@sensitive_post_parameters("bind_secret")
@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.OWN)
def new(request: Request) -> HttpResponse:
    if sent_before(request, "directory"):
        return accepted(redirect("setup:directories"), request)
    given = request.POST if request.method == "POST" else None
    form = DirectoryForm(given, kind=request.GET.get("kind", ""))
    groups = rows_for(given, None, GroupRows)
    if form.is_bound and form.is_valid() and groups.is_valid():
        made: list[int] = []

        def act() -> int:
            made.append(actions.save_directory(form.given(roles_in(groups)), by=request.user).pk)
            return made[0]

        try:
            if saved_once(request, "directory", form, act):
                if not made:
                    return accepted(redirect("setup:directories"), request)
                messages.success(request, _("It is saved. Test it before people need it."))
                return accepted(redirect("setup:directory", pk=made[0]), request)
        except actions.DirectoryNameTaken:
            form.add_error("name", _("There is one of this name already."))
    return _page(request, None, form, groups)


@sensitive_post_parameters("bind_secret")
@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.OWN)
def directory(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Directory, pk=pk)
    given = request.POST if request.method == "POST" else None
    form, groups = DirectoryForm(given, directory=row), rows_for(given, row, GroupRows)
    if form.is_bound and form.is_valid() and groups.is_valid():
        try:
            actions.save_directory(form.given(roles_in(groups)), directory=row, by=request.user)
        except actions.DirectoryNameTaken:
            form.add_error("name", _("There is one of this name already."))
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
            return accepted(redirect("setup:directory", pk=pk), request)
    return _page(request, row, form, groups)


@require_POST
@permitted(permissions.OWN)
def test(request: Request, pk: int) -> HttpResponse:
    """Ask it now, as it is saved, and say what it knows of somebody. Nothing changes."""
    row = get_object_or_404(Directory, pk=pk)
    form = LookUpForm(request.POST)
    login = form.cleaned_data["login"].strip() if form.is_valid() else ""
    try:
        seen = directories.tested(row, login)
        tried = Tried(seen=seen, would=actions.would_enter(row, seen.found) if seen.found else None)
    except ldap.NoAnswer as error:
        tried = Tried(wrong=str(error))
    more = {"look_up": form, "login": login, "tried": tried, "refusals": REFUSALS}
    return _page(request, row, DirectoryForm(directory=row), rows_for(None, row, GroupRows), **more)


def _page(
    request: Request, row: Directory | None, form: DirectoryForm, groups: Any, **more: Any
) -> HttpResponse:
    wrong = form.is_bound and (form.errors or not groups.is_valid())
    plain = [each for each in directories.servers_of(row) if each.encryption == "none"] if row else []
    context = {"row": row, "form": form, "roles": groups, "look_up": LookUpForm(), "login": "", "tried": None}
    context |= {"installed": ldap.installed(), "plain": plain, **more}
    return show(request, "directory.html", context, status=422 if wrong else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.OWN)
def removal(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Directory, pk=pk)
    if request.method != "POST":
        return show(request, "directory_removal.html", {"row": row, "people": row.links.count()})
    actions.remove_directory(row, by=request.user)
    messages.success(request, _("“%(name)s” is removed.") % {"name": row.name})
    return redirect("setup:directories")
