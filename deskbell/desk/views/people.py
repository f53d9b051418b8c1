"""Customers: the list of all, the page of one, what may be changed about him."""

from __future__ import annotations

from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deskbell.desk import directory
from deskbell.desk.access import desk
from deskbell.desk.access import person as reader_of
from deskbell.desk.pages import page
from deskbell.desk.person_forms import AddressForm, DetailsForm, NotesForm
from deskbell.kit.once import accepted
from deskbell.kit.patience import TooSlow
from deskbell.people import actions, merges, permissions, queries, rules
from deskbell.people.models import Identity, User
from deskbell.people.pointers import final
from deskbell.tickets.guard import View
from deskbell.tickets.listing import BadCursor, tickets_about

#: kinds of addresses that are typed; the others come with their messages
TYPED = (Identity.Kind.EMAIL, Identity.Kind.PHONE)


class MergedMeanwhile(Exception):
    """Somebody is part of another person by now: nothing of him is changed any more."""

    def __init__(self, person: User) -> None:
        super().__init__(person.pk)
        self.person = person


def changing(view: View) -> View:
    """For views that change a person: who was merged meanwhile leads on, and nothing is saved."""

    @wraps(view)
    def led_on(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        try:
            return view(request, *args, **named)
        except MergedMeanwhile as error:
            whole = final(error.person)
            if request.method == "POST":
                text = _("%(name)s was merged into this person meanwhile. What you wrote was not saved.")
                messages.error(request, text % {"name": error.person.display_name})
            return redirect("desk:person", whole.pk)

    return led_on


@require_GET
@desk
def people(request: HttpRequest) -> HttpResponse:
    """Customers by name, found by words, narrowed to an organisation."""
    user = _may_look_up(request)
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    given = request.GET.get("organization", "")
    organization = int(given) if given.isdecimal() and len(given) < 19 else None
    shown, problem = directory.Page[User]([], None, None), ""
    rows = queries.customers(user, words=words, organization=organization)
    try:
        shown = directory.page(
            rows.select_related("organization").prefetch_related("identities"), request.GET
        )
    except TooSlow:
        problem = _("That would look through too much. Write a longer part of the name or address.")
    kept = {name: value for name, value in (("q", words), ("organization", organization)) if value}
    context = {
        "shown": shown,
        "problem": problem,
        "said": words,
        "organization": organization,
        "organizations": directory.offered_organizations(user),
        "open_tickets": directory.open_tickets(user, "requester", shown.items),
        "address": lambda **place: f"?{urlencode({**kept, **place})}",
        "at_people": True,
    }
    return page(request, "desk/people.html", context)


@require_GET
@desk
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """Who was merged leads on to the one he is part of."""
    somebody = _somebody(request, pk)
    if somebody.merged_into_id is not None:
        return redirect("desk:person", final(somebody).pk)
    try:
        return _person_page(request, somebody)
    except BadCursor:
        return redirect("desk:person", pk)


@require_http_methods(["GET", "POST"])
@desk
@changing
def details(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, organisation, site and language."""
    user, somebody = reader_of(request), _editable(request, pk)
    form = DetailsForm.about(somebody, user)
    if request.method == "POST":
        form = DetailsForm(somebody, user, request.POST)
        if form.is_valid():
            actions.change_person(somebody, by=user, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return accepted(redirect("desk:person", pk), request)
    context = {
        "somebody": somebody,
        "form": form,
        "organizations": directory.offered_organizations(user),
        "at_people": True,
    }
    return page(request, "desk/person_details.html", context, status=422 if form.is_bound else 200)


@require_POST
@desk
@changing
def notes(request: HttpRequest, pk: int) -> HttpResponse:
    """What the desk should know about the customer; he never sees it."""
    somebody = _editable(request, pk)
    form = NotesForm(request.POST)
    if not form.is_valid():
        return _person_page(request, somebody, notes_form=form, status=422)
    actions.change_person(somebody, by=reader_of(request), notes=form.cleaned_data["notes"])
    messages.success(request, _("The notes are saved."))
    return accepted(redirect("desk:person", pk), request)


@require_POST
@desk
@changing
def addresses(request: HttpRequest, pk: int) -> HttpResponse:
    """Another e-mail address or phone number."""
    somebody = _editable(request, pk)
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            actions.add_address(somebody, form.cleaned_data["given"], by=reader_of(request))
        except actions.AddressTaken:
            form.add_error("given", _("Somebody else has this address."))
        else:
            return accepted(redirect("desk:person", pk), request)
    return _person_page(request, somebody, address_form=form, status=422)


@require_POST
@desk
@changing
def address_removal(request: HttpRequest, pk: int, identity_pk: int) -> HttpResponse:
    """Take an address away; a second click finds it gone."""
    somebody = _editable(request, pk)
    identity = somebody.identities.filter(pk=identity_pk, kind__in=TYPED).first()
    if identity is not None:
        try:
            actions.remove_address(identity, by=reader_of(request))
        except actions.SignInAddress:
            messages.error(
                request,
                _("%(name)s signs in with %(address)s. Only another verified address could take its place.")
                % {"name": somebody.display_name, "address": identity.given},
            )
        else:
            messages.success(request, _("%(address)s is removed.") % {"address": identity.given})
    return accepted(redirect("desk:person", pk), request)


def _may_look_up(request: HttpRequest) -> User:
    user = reader_of(request)
    if not rules.may_look_up(user):
        raise PermissionDenied(permissions.PEOPLE_VIEW)
    return user


def _somebody(request: HttpRequest, pk: int) -> User:
    rows = queries.visible_people(reader_of(request)).select_related("organization", "site")
    return get_object_or_404(rows, pk=pk)


def _editable(request: HttpRequest, pk: int) -> User:
    """Raises MergedMeanwhile."""
    somebody = _somebody(request, pk)
    if somebody.merged_into_id is not None:
        raise MergedMeanwhile(somebody)
    if not rules.may_edit(reader_of(request), somebody):
        raise PermissionDenied(permissions.PEOPLE_EDIT)
    return somebody


def _person_page(
    request: HttpRequest,
    somebody: User,
    *,
    notes_form: NotesForm | None = None,
    address_form: AddressForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Raises BadCursor."""
    user, about = reader_of(request), Q(requester_id=somebody.pk)
    context: dict[str, Any] = {
        "somebody": somebody,
        "identities": list(somebody.identities.order_by("kind", "-primary", "pk")),
        "tickets": tickets_about(user, about, cursors=request.GET.dict()),
        "earlier": directory.earlier_chats(somebody),
        "last_contact": directory.last_contact(user, about),
        "may_edit": rules.may_edit(user, somebody),
        "may_anonymise": rules.may_anonymise(user, somebody),
        "may_merge": rules.may_merge(user, somebody) and somebody.is_active and not rules.has_work(somebody),
        "may_unmerge": rules.may_merge(user, somebody),
        "merges": merges.merges_into(somebody),
        "notes_form": notes_form or NotesForm(initial={"notes": somebody.notes}),
        "address_form": address_form or AddressForm(),
        "typed": TYPED,
        "at_people": True,
    }
    return page(request, "desk/person.html", context, status=status)
