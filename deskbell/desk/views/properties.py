"""What one changes at a ticket with a single click."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deskbell.desk import reading
from deskbell.desk.access import desk, person, ticket_of
from deskbell.desk.forms import PROPERTIES, CopyForm, PropertyForm, TagForm
from deskbell.desk.pages import done, refused
from deskbell.people.models import User
from deskbell.tickets import actions
from deskbell.tickets.actions.properties import clean_tag
from deskbell.tickets.models import TicketLink, Watcher


@require_POST
@desk
def change(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """Give one property a new value; a change that came too late says whose was first."""
    if name not in PROPERTIES:
        raise Http404
    ticket = ticket_of(request, number)
    form = PropertyForm(name, request.POST)
    if not form.is_valid():
        return refused(request, number, problems={name: " ".join(_sentences(form))})
    value = form.cleaned_data["value"]
    try:
        actions.change(ticket, by=person(request), version=form.cleaned_data["version"], **{name: value})
    except actions.Moved as error:
        if getattr(error.ticket, name) == value:
            return done(request, ticket)
        first = reading.last_change(error.ticket, error.properties)
        typed = request.POST.get("value", "")
        yours = _shown(form, value)
        return refused(
            request, number, conflict={"name": name, "first": first, "value": typed, "yours": yours}
        )
    except actions.BadMove:
        return refused(request, number, problems={name: _("A ticket cannot become new again.")})
    except actions.NotStaff:
        return refused(request, number, problems={name: _("This person cannot take tickets.")})
    except actions.WrongSite:
        return refused(request, number, problems={name: _("This site is not one of the organisation's.")})
    return done(request, ticket)


def _sentences(form: PropertyForm) -> list[str]:
    return [str(error) for errors in form.errors.values() for error in errors]


def _shown(form: PropertyForm, value: Any) -> str:
    """The value as its select or field shows it."""
    choices = getattr(form.fields["value"], "_choices", None)
    if isinstance(choices, list):
        return str(dict(choices).get(value, value))
    return str(value) if value is not None else _("none")


@require_POST
@desk
def claim(request: HttpRequest, number: int) -> HttpResponse:
    ticket = ticket_of(request, number)
    actions.claim(ticket, by=person(request))
    return done(request, ticket, _("This ticket is yours."))


@require_POST
@desk
def tags(request: HttpRequest, number: int) -> HttpResponse:
    """Add a tag, or with `remove` take one away."""
    ticket = ticket_of(request, number)
    form = TagForm(request.POST)
    if not form.is_valid() or not clean_tag(form.cleaned_data["name"]):
        return refused(request, number, problems={"tags": _("Write a word for the tag.")})
    act = actions.untag if "remove" in request.POST else actions.tag
    act(ticket, form.cleaned_data["name"], by=person(request))
    return done(request, ticket)


@require_POST
@desk
def following(request: HttpRequest, number: int) -> HttpResponse:
    """Follow the ticket, or with `remove` no longer."""
    ticket = ticket_of(request, number)
    act = actions.unwatch if "remove" in request.POST else actions.watch
    act(ticket, by=person(request))
    return done(request, ticket)


@require_POST
@desk
def copies(request: HttpRequest, number: int) -> HttpResponse:
    """Copy somebody in by his e-mail address."""
    ticket = ticket_of(request, number)
    form = CopyForm(request.POST)
    if not form.is_valid():
        return refused(request, number, problems={"copies": str(form.errors["email"][0])})
    copied = actions.copy_address(ticket, form.cleaned_data["email"], by=person(request))
    if copied.pk == ticket.requester_id:
        return refused(
            request, number, problems={"copies": _("This is the requester, who gets every answer anyway.")}
        )
    return done(request, ticket)


@require_POST
@desk
def uncopy(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Copy somebody no longer."""
    ticket = ticket_of(request, number)
    copied = Watcher.objects.filter(ticket=ticket, kind=Watcher.Kind.CC).values("user")
    actions.remove_copy(ticket, get_object_or_404(User, pk=pk, pk__in=copied), by=person(request))
    return done(request, ticket)


@require_POST
@desk
def link(request: HttpRequest, number: int, target: int) -> HttpResponse:
    """Say that the ticket has to do with another one."""
    found, other = ticket_of(request, number), ticket_of(request, target)
    if found.pk != other.pk:
        actions.link(found, other, kind=TicketLink.Kind.RELATED, by=person(request))
    return done(request, found, _("Linked with #%(number)s.") % {"number": other.number})
