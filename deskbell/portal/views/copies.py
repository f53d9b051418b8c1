"""Whom a customer has copied in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deskbell.people.models import User
from deskbell.portal.access import Request, signed_in
from deskbell.portal.forms import CopyForm, ReplyForm
from deskbell.portal.views.tickets import ticket_of, ticket_page
from deskbell.tickets import actions
from deskbell.tickets.models import Watcher


@require_POST
@signed_in
def copies(request: Request, number: int) -> HttpResponse:
    """Copy somebody in by his address; he is told, sees the ticket and gets what comes."""
    ticket = ticket_of(request, number)
    form = CopyForm(request.POST)
    if form.is_valid():
        try:
            person = actions.copy_address(ticket, form.cleaned_data["email"], by=request.user)
        except actions.TooManyCopies:
            text = _(
                "So many people cannot be copied in from outside your organisation. Remove somebody first."
            )
            form.add_error("email", text)
        except actions.NotAllowed:
            messages.error(request, _("Only the person who asked can copy somebody in."))
            return redirect("portal:ticket", number=number)
        else:
            if person.pk != ticket.requester_id:
                text = _("%(address)s is copied in from now on.")
                messages.success(request, text % {"address": form.cleaned_data["email"]})
                return redirect("portal:ticket", number=number)
            form.add_error("email", _("This is the person who asked, who gets every answer anyway."))
    return ticket_page(request, ticket, ReplyForm(), copying=form, status=422)


@require_POST
@signed_in
def uncopy(request: Request, number: int, pk: int) -> HttpResponse:
    """Copy somebody no longer."""
    ticket = ticket_of(request, number)
    copied = Watcher.objects.filter(ticket=ticket, kind=Watcher.Kind.CC).values("user")
    try:
        actions.remove_copy(ticket, get_object_or_404(User, pk=pk, pk__in=copied), by=request.user)
    except actions.NotAllowed:
        messages.error(request, _("Only the person who asked can change who is copied in."))
    return redirect("portal:ticket", number=number)
