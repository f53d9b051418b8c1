"""Roles: who may do what, and how far it reaches."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.kit.once import accepted
from deskbell.people import actions, permissions
from deskbell.people.models import Invitation, Role, User
from deskbell.people.rights import rights_of
from deskbell.setup.access import Request, permitted
from deskbell.setup.pages import show
from deskbell.setup.role_forms import SCOPES, RoleRemovalForm, RoleShapeForm
from deskbell.setup.saving import done_once, saved_once, sent_before

#: who hands roles out or runs the desk reads what they allow
READERS = (permissions.ROLES, permissions.SETUP, permissions.PEOPLE_INVITE)


@require_safe
@permitted(*READERS)
def roles(request: Request) -> HttpResponse:
    """Who may do what, in one table."""
    rows = list(_counted())
    context = {
        "groups": permissions.GROUPS,
        "staff": [row for row in rows if not row.for_customers],
        "customers": [row for row in rows if row.for_customers],
        "scopes": SCOPES,
        "may_shape": rights_of(request.user).has(permissions.ROLES),
    }
    return show(request, "roles.html", context)


def _counted() -> Any:
    """In the order they were made; `people` can sign in."""
    working = Q(grants__user__is_active=True)
    return Role.objects.annotate(people=Count("grants__user", filter=working, distinct=True)).order_by("pk")


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.ROLES)
def new(request: Request) -> HttpResponse:
    if sent_before(request, "role"):
        return accepted(redirect("setup:roles"), request)
    given = request.POST if request.method == "POST" else None
    form = RoleShapeForm(given, by=request.user, for_customers="customers" in request.GET)
    if form.is_bound and form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "version"}

        def act() -> int:
            return actions.create_role(**values, by=request.user).pk

        if _try(form, lambda: saved_once(request, "role", form, act)):
            return _saved(request, values["name"])
    return _page(request, None, form)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(*READERS)
def role(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(_counted(), pk=pk)
    form = RoleShapeForm(request.POST if request.method == "POST" else None, by=request.user, role=row)
    if form.is_bound and form.is_valid():
        values = {**form.cleaned_data, "version": form.cleaned_data["version"] or 0}
        try:
            if _try(form, lambda: bool(actions.change_role(row, **values, by=request.user))):
                return _saved(request, values["name"])
        except actions.RoleChangedSince as error:
            return _stale(request, row, form, error.role)
    return _page(request, row, form)


def _stale(request: Request, row: Role, form: RoleShapeForm, now: Role) -> HttpResponse:
    """What was typed, what it is now, and a form that may be sent again by who has read both."""
    data = request.POST.copy()
    data["version"] = str(now.version)
    again = RoleShapeForm(data, by=request.user, role=row)
    mine = again.chosen if now.for_customers else set(permissions.complete(again.chosen))
    groups = _groups(now.for_customers)
    titles = {each.key: each.title for group in groups for each in group.permissions}
    theirs = set(now.permissions)
    conflict = {
        "name": now.name if now.name != form.cleaned_data["name"] else "",
        "scope": SCOPES[now.scope][0] if now.scope != form.cleaned_data["scope"] else "",
        "more": [title for key, title in titles.items() if key in theirs - mine],
        "less": [title for key, title in titles.items() if key in mine - theirs],
        "second_factor": now.needs_second_factor != form.cleaned_data["needs_second_factor"],
    }
    return _page(request, row, again, status=409, conflict=conflict, now=now)


def _page(
    request: Request, row: Role | None, form: RoleShapeForm, *, status: int | None = None, **more: Any
) -> HttpResponse:
    mine = rights_of(request.user)
    beyond = [each for each in (row.permissions if row else []) if not mine.everywhere(each)]
    context = {
        "row": row,
        "form": form,
        "groups": _groups(form.for_customers),
        "scopes": SCOPES,
        "fixed": row is not None and row.slug == permissions.OWNER,
        "stays": row is not None and row.slug in permissions.KEPT,
        "may_shape": mine.has(permissions.ROLES) and not beyond,
        "beyond": bool(beyond),
        "conflict": None,
        **more,
    }
    return show(request, "role.html", context, status=status or (422 if form.is_bound else 200))


def _groups(for_customers: bool) -> tuple[permissions.Group, ...]:
    return (permissions.FOR_CUSTOMERS,) if for_customers else permissions.GROUPS


@require_POST
@permitted(permissions.ROLES)
def copy(request: Request, pk: int) -> HttpResponse:
    """A new role like this one, to be renamed and changed."""
    row = get_object_or_404(Role, pk=pk)
    name = _name_of_copy(row)
    try:
        done_once(request, f"role.copy.{pk}", lambda: _copy(row, name, request.user))
    except actions.NotAllowed:
        messages.error(request, _("This role may do more than you, so you cannot copy it."))
        return redirect("setup:role", pk=pk)
    made = Role.objects.filter(name=name).first()
    if made is None:  # a second click found it made
        return accepted(redirect("setup:roles"), request)
    messages.success(request, _("“%(name)s” is made. Nobody has it yet.") % {"name": name})
    return accepted(redirect("setup:role", pk=made.pk), request)


def _copy(row: Role, name: str, by: User) -> None:
    actions.copy_role(row, name, by=by)


def _name_of_copy(row: Role) -> str:
    """The first of “Agent (copy)”, “Agent (copy 2)” … that no role has."""
    name = _(row.name)[:80]
    taken = {each.casefold() for each in Role.objects.values_list("name", flat=True)}
    found, number = _("%(name)s (copy)") % {"name": name}, 1
    while found.casefold() in taken:
        number += 1
        found = _("%(name)s (copy %(number)s)") % {"name": name, "number": number}
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.ROLES)
def removal(request: Request, pk: int) -> HttpResponse:
    """Asks once, and where the people go."""
    row = get_object_or_404(Role, pk=pk)
    people = row.grants.values("user").distinct().count()
    invited = Invitation.objects.filter(role=row)
    waiting = invited.filter(accepted_at=None, withdrawn_at=None).count()
    needed = bool(people) or invited.exists()
    given = request.POST if request.method == "POST" else None
    form = RoleRemovalForm(given, role=row, by=request.user, needed=needed)
    if form.is_bound and form.is_valid():
        name = _(row.name)
        if _try(form, lambda: actions.remove_role(row, to=form.cleaned_data["to"], by=request.user) is None):
            messages.success(request, _("“%(name)s” is removed.") % {"name": name})
            return redirect("setup:roles")
    context = {
        "row": row,
        "form": form,
        "people": people,
        "waiting": waiting,
        "needed": needed,
        "stays": row.slug in permissions.KEPT,
    }
    return show(request, "role_removal.html", context, status=422 if form.is_bound else 200)


def _try(form: Any, act: Any) -> bool:
    """Whether `act` was carried out; what it refuses stands at the form."""
    try:
        return bool(act())
    except actions.NotAllowed:
        form.add_error(None, _("Nobody gives a role more than he may himself, or changes one that may more."))
    except actions.RoleNameTaken:
        form.add_error("name", _("There is one of this name already."))
    except actions.RoleInUse:
        form.add_error("to", _("Somebody has just been given this role. Choose which one they get instead."))
    except actions.RoleFixed:
        form.add_error(None, _("The desk needs this role as it is."))
    except actions.LastOwner:
        form.add_error(None, _("Then nobody could run this desk any more. Make somebody an owner first."))
    return False


def _saved(request: Request, name: str) -> HttpResponse:
    messages.success(request, _("“%(name)s” is saved.") % {"name": _(name)})
    return accepted(redirect("setup:roles"), request)
