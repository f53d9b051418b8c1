"""A new ticket from the phone."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from deskbell.field.access import Request, field
from deskbell.field.forms import NewTicketForm
from deskbell.field.views.writing import NEW, go, kept_files
from deskbell.kit.once import accepted
from deskbell.people import actions as people_actions
from deskbell.people.models import Site, User
from deskbell.people.queries import find_people
from deskbell.tickets import actions, rules
from deskbell.tickets.content import Content
from deskbell.tickets.models import Source
from deskbell.tickets.posting import Posting, Refused
from deskbell.tickets.reach import choosable_people

FEWEST_LETTERS = 2


@require_http_methods(["GET", "HEAD", "POST"])
@field
def new(request: Request) -> HttpResponse:
    if not rules.may_open_for_others(request.user):
        raise rules.NotAllowed("open")
    if request.method != "POST":
        return _draw(request, _form(request, _chosen(request, request.GET.get("requester", ""))))
    form = _form(request, _chosen(request, request.POST.get("customer", "")), bound=True)
    if not form.is_valid():
        return _draw(request, form, status=422)
    given = form.cleaned_data
    about = {name: str(given[name]) for name in sorted(given)}
    try:
        number = Posting.of(request, given).once(NEW, about, lambda content: _open(request, given, content))
    except people_actions.AddressTaken:
        form.add_error("phone", _("Another customer has this number. Choose that one, or leave it out."))
        return _draw(request, form, status=422)
    except Refused as refused:
        form.add_error(refused.field, refused.message)
        return _draw(request, form, status=422)
    messages.success(request, _("Ticket #%(number)s is open.") % {"number": number})
    to = reverse("field:ticket", args=[number]) if given["mine"] else reverse("field:tickets")
    return accepted(go(request, to), request)


def _open(request: Request, given: dict[str, Any], content: Content) -> int:
    user = request.user
    requester = given["customer"] or people_actions.person_described(
        name=given["name"], email=given["email"], phone=given["phone"], how="made", by=user
    )
    ticket = actions.open_ticket(
        requester=requester,
        subject=given["subject"],
        content=content,
        by=user,
        source=Source.WALK_IN,
        internal=True,
        assignee=user if given["mine"] else None,
        site=given["site"],
    )
    return ticket.number


def _form(request: Request, chosen: User | None, *, bound: bool = False) -> NewTicketForm:
    """Sites are those of the chosen customer's organisation."""
    sites = Site.objects.none()
    if chosen and chosen.organization_id:
        sites = Site.objects.filter(organization=chosen.organization_id).order_by("name", "pk")
    data = request.POST if bound else None
    initial = {"customer": chosen.pk, "site": chosen.site_id} if chosen else {}
    return NewTicketForm(data, people=choosable_people(request.user), sites=sites, initial=initial)


def _draw(request: Request, form: NewTicketForm, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "chosen": _chosen(request, str(form["customer"].value() or "")),
        "uploads": kept_files(request, form) if form.is_bound else [],
        "limit": settings.UPLOAD_LIMIT,
    }
    template = "field/_new.html" if request.htmx else "field/new.html"
    return render(request, template, context, status=status)


def _chosen(request: Request, given: str) -> User | None:
    if not (given.isdecimal() and len(given) < 19):
        return None
    return choosable_people(request.user).select_related("organization").filter(pk=int(given)).first()


@require_safe
@field
def people(request: Request) -> HttpResponse:
    """Customers who may be meant by what is typed into the name, phone or e-mail."""
    name = request.headers.get("HX-Trigger-Name", "")
    words = request.GET.get(name if name in ("name", "email", "phone") else "q", "").strip()[:100]
    found: list[User] = []
    if len(words) >= FEWEST_LETTERS:
        known = find_people(request.user, words, limit=6, among=choosable_people(request.user))
        found = list(known.select_related("organization").prefetch_related("identities"))
    return render(request, "field/_people.html", {"people": found, "typed": words})


@require_safe
@field
def customer(request: Request, pk: int) -> HttpResponse:
    """The chosen person in the form for a new ticket; 0 goes back to the empty fields."""
    chosen = _chosen(request, str(pk)) if pk else None
    if pk and chosen is None:
        raise Http404
    return render(request, "field/_customer.html", {"form": _form(request, chosen), "chosen": chosen})
