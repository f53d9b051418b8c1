"""The list, the form and the removal of what an administrator shapes (setup/shapes.py)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.kit.once import accepted
from deskbell.people import permissions, shaping
from deskbell.people.models import Grant, Organization, Site, Team, User
from deskbell.people.queries import asking
from deskbell.setup.access import Request, View, permitted
from deskbell.setup.pages import show
from deskbell.setup.saving import done_once, saved_once, sent_before
from deskbell.setup.shape_forms import JoinForm, MemberForm, SiteForm
from deskbell.setup.shapes import ORDERED, SHAPES, SITES, Shape
from deskbell.tickets.actions import shaping as tickets
from deskbell.tickets.models import Category, Queue, Status, TicketType

#: more than that many are found by their name
SHOWN = 200
FAILURES = (
    shaping.NameTaken,
    shaping.InUse,
    shaping.AddressTaken,
    tickets.LastPublicQueue,
    tickets.DefaultStatus,
    tickets.CategoryFixed,
)


def _permitted(view: View) -> View:
    """For a view whose `one` names the shape it is about: only with that shape's permission."""
    guarded = {shape.permission: permitted(shape.permission)(view) for shape in SHAPES.values()}

    @wraps(view)
    def chosen(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return guarded[SHAPES[kwargs["one"]].permission](request, *args, **kwargs)

    return chosen


# --- lists --------------------------------------------------------------------------------------


@require_safe
@permitted(permissions.SHAPE)
def queues(request: Request) -> HttpResponse:
    rows = Queue.objects.select_related("team").order_by("position", "pk")
    return show(request, "queues.html", {"shape": SHAPES["queue"], "rows": rows})


@require_safe
@permitted(permissions.SHAPE)
def statuses(request: Request) -> HttpResponse:
    """By category, in the order of a ticket's life."""
    rows = list(Status.objects.order_by("position", "pk"))
    groups = [(name, [row for row in rows if row.category == slug]) for slug, name in Category.choices]
    return show(request, "statuses.html", {"shape": SHAPES["status"], "groups": groups})


@require_safe
@permitted(permissions.SHAPE)
def types(request: Request) -> HttpResponse:
    rows = TicketType.objects.order_by("position", "pk")
    return show(request, "types.html", {"shape": SHAPES["type"], "rows": rows})


@require_safe
@permitted(permissions.TEAMS)
def teams(request: Request) -> HttpResponse:
    working = Q(grants__user__is_active=True)
    rows = Team.objects.annotate(members=Count("grants__user", filter=working, distinct=True))
    context = {"shape": SHAPES["team"], "rows": rows.order_by("-active", "name")}
    return show(request, "teams.html", context)


@require_safe
@permitted(permissions.SETUP)
def organizations(request: Request) -> HttpResponse:
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    rows = Organization.objects.order_by("name", "pk")
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(domains__domain__icontains=words)).distinct()
    found = list(rows.prefetch_related("domains")[: SHOWN + 1])
    context = {
        "shape": SHAPES["organization"],
        "rows": found[:SHOWN],
        "more": len(found) > SHOWN,
        "shown": SHOWN,
        "words": words,
        "people": _counted(User, found),
        "sites": _counted(Site, found),
    }
    return show(request, "organizations.html", context)


def _counted(model: Any, organizations: list[Organization]) -> dict[int, int]:
    rows = model.objects.filter(organization__in=organizations).order_by()
    return dict(rows.values_list("organization").annotate(Count("pk")))


# --- the form -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@_permitted
def new(request: Request, one: str) -> HttpResponse:
    shape = SHAPES[one]
    if sent_before(request, one):
        return accepted(redirect(f"setup:{shape.key}"), request)
    form = shape.form(request.POST if request.method == "POST" else None)
    assert shape.add is not None
    add = shape.add
    if form.is_bound and form.is_valid():
        made = _try(
            shape,
            form,
            lambda: saved_once(request, one, form, lambda: add(by=request.user, **form.cleaned_data).pk),
        )
        if made:
            return _saved(request, shape, _name(form), redirect(f"setup:{shape.key}"))
    return shape_page(request, shape, None, form)


@require_http_methods(["GET", "HEAD", "POST"])
@_permitted
def change(request: Request, one: str, pk: int) -> HttpResponse:
    shape = SHAPES[one]
    row = get_object_or_404(shape.model, pk=pk)
    form = shape.form(request.POST if request.method == "POST" else None, row=row)
    if form.is_bound and form.is_valid() and _change(request, shape, row, form):
        return _saved(request, shape, _name(form), redirect(f"setup:{shape.key}"))
    return shape_page(request, shape, row, form)


def _change(request: Request, shape: Shape, row: Any, form: Any) -> bool:
    def act() -> bool:
        shape.change(row, by=request.user, **form.cleaned_data)
        return True

    return _try(shape, form, act)


def _try(shape: Shape, form: Any, act: Callable[[], bool]) -> bool:
    """Whether `act` was carried out; what it refuses stands at the form."""
    try:
        return act()
    except FAILURES as error:
        form.add_error(*shape.refusal(error))
        return False


def _name(form: Any) -> str:
    return str(form.cleaned_data.get("name") or form.cleaned_data["label"])


def _saved(request: Request, shape: Shape, name: str, answer: HttpResponse) -> HttpResponse:
    messages.success(request, _("“%(name)s” is saved.") % {"name": name})
    return accepted(answer, request)


def shape_page(request: Request, shape: Shape, row: Any, form: Any, **context: Any) -> HttpResponse:
    """The form with what belongs to `row` beside it; `context` may bring a form of those, with its faults."""
    context = {"shape": shape, "row": row, "form": form, **context}
    bad = any(each.is_bound for each in context.values() if hasattr(each, "is_bound"))
    if row is not None and shape.one in _BESIDE:
        beside = _BESIDE[shape.one](request, row)
        context = beside | context
    return show(request, f"{shape.one}.html", context, status=422 if bad else 200)


def _team_beside(request: Request, team: Team) -> dict[str, Any]:
    rows = Grant.objects.filter(team=team).select_related("user", "role")
    return {
        "members": rows.order_by("-user__is_active", "user__name", "pk"),
        "member_form": MemberForm(by=request.user),
        "queues": Queue.objects.filter(team=team, active=True).order_by("position"),
    }


def _organization_beside(request: Request, organization: Organization) -> dict[str, Any]:
    rows = User.objects.filter(organization=organization, merged_into=None)
    people = list(rows.order_by("name", "pk")[: SHOWN + 1])
    return {
        "people": people[:SHOWN],
        "more": len(people) > SHOWN,
        "shown": SHOWN,
        "sites": Site.objects.filter(organization=organization).order_by("-active", "name"),
        "join_form": JoinForm(),
        "asking": list(asking(organization.pk)),
    }


_BESIDE: dict[str, Callable[[Request, Any], dict[str, Any]]] = {
    "team": _team_beside,
    "organization": _organization_beside,
}


# --- order and removal --------------------------------------------------------------------------


@require_POST
@_permitted
def move(request: Request, one: str, pk: int) -> HttpResponse:
    """One place up or down: `to` says which."""
    shape = SHAPES[one]
    if shape not in ORDERED or request.POST.get("to") not in {"up", "down"}:
        raise Http404
    row: Any = get_object_or_404(shape.model, pk=pk)
    up = request.POST["to"] == "up"
    done_once(request, f"move.{one}", lambda: tickets.move(row, up=up, by=request.user))
    return accepted(redirect(f"setup:{shape.key}"), request)


@require_http_methods(["GET", "HEAD", "POST"])
@_permitted
def removal(request: Request, one: str, pk: int) -> HttpResponse:
    """Asks once. What is in use is not removed, and told so."""
    shape = SHAPES[one]
    row = get_object_or_404(shape.model, pk=pk)
    context: dict[str, Any] = {"shape": shape, "row": row, "refused": ""}
    if request.method != "POST":
        return show(request, "removal.html", context)
    name = str(row)
    try:
        shape.remove(row, by=request.user)
    except shaping.InUse:
        return show(request, "removal.html", context | {"refused": shape.in_use}, status=422)
    except (tickets.LastPublicQueue, tickets.DefaultStatus) as error:
        return show(request, "removal.html", context | {"refused": shape.refusal(error)[1]}, status=422)
    messages.success(request, _("“%(name)s” is removed.") % {"name": name})
    if isinstance(row, Site):
        return redirect("setup:organization", pk=row.organization_id)
    return redirect(f"setup:{shape.key}")


# --- sites --------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def site_new(request: Request, pk: int) -> HttpResponse:
    organization = get_object_or_404(Organization, pk=pk)
    if sent_before(request, f"site.{pk}"):
        return accepted(redirect("setup:organization", pk=pk), request)
    form = SiteForm(request.POST if request.method == "POST" else None, organization=organization)
    if form.is_bound and form.is_valid():

        def add() -> int:
            return shaping.add_site(organization, by=request.user, **form.cleaned_data).pk

        if _try(SITES, form, lambda: saved_once(request, f"site.{pk}", form, add)):
            return _saved(request, SITES, _name(form), redirect("setup:organization", pk=pk))
    return shape_page(request, SITES, None, form, organization=organization)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def site(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Site.objects.select_related("organization"), pk=pk)
    given = request.POST if request.method == "POST" else None
    form = SiteForm(given, row=row, organization=row.organization)
    if form.is_bound and form.is_valid() and _change(request, SITES, row, form):
        return _saved(request, SITES, _name(form), redirect("setup:organization", pk=row.organization_id))
    return shape_page(request, SITES, row, form, organization=row.organization)


# --- who belongs to it --------------------------------------------------------------------------


@require_POST
@permitted(permissions.SETUP)
def organization_people(request: Request, pk: int) -> HttpResponse:
    """Put a person into the organisation."""
    organization = get_object_or_404(Organization, pk=pk)
    form = JoinForm(request.POST)
    if not form.is_valid():
        shape = SHAPES["organization"]
        return shape_page(request, shape, organization, shape.form(row=organization), join_form=form)
    person = form.cleaned_data["email"]
    shaping.join_organization(person, organization, by=request.user)
    messages.success(request, _("%(name)s belongs to it now.") % {"name": person.display_name})
    return accepted(redirect("setup:organization", pk=pk), request)


@require_POST
@permitted(permissions.SETUP)
def organization_leaving(request: Request, pk: int, person_pk: int) -> HttpResponse:
    rows = User.objects.select_related("site").filter(organization=pk, merged_into=None)
    person = rows.filter(pk=person_pk).first()
    if person is not None:  # a second click finds him gone
        shaping.join_organization(person, None, by=request.user)
        messages.success(
            request, _("%(name)s belongs to no organisation now.") % {"name": person.display_name}
        )
    return redirect("setup:organization", pk=pk)
