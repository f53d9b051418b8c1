"""What is said about a ticket on the spot, and the steps that go with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages as notices
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from deskbell.events.models import Once
from deskbell.field.access import Request, field, ticket_of
from deskbell.field.forms import MessageForm, TextForm
from deskbell.field.views.tickets import ticket_page
from deskbell.kit.once import accepted
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Message, Ticket
from deskbell.tickets.posting import Posting, Refused, scope_of

#: names under which the keys of forms are kept
MESSAGE, NEW = "field.message", "field.new"
STEPS: dict[str, Callable[..., Message]] = {
    MessageForm.ARRIVE: actions.arrive,
    MessageForm.WAIT: actions.wait_for_customer,
    MessageForm.DONE: actions.finish,
}


@require_POST
@field
def messages(request: Request, number: int) -> HttpResponse:
    """A note or a message to the customer and, with `step`, what it means. Refused ones come back whole."""
    ticket = ticket_of(request, number)
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _refused(request, ticket, form)
    given = form.cleaned_data
    about = {"ticket": ticket.pk, "visibility": given["visibility"], "step": given["step"]}
    try:
        Posting.of(request, given).once(MESSAGE, about, lambda content: _say(request, ticket, given, content))
    except Refused as refused:
        form.add_error(refused.field, refused.message)
        return _refused(request, ticket, form)
    except actions.Overtaken as error:
        form = MessageForm({**request.POST.dict(), "after": error.message_id})
        form.full_clean()
        form.add_error(None, _("Somebody wrote while you were typing. Read it below, then send again."))
        return _refused(request, ticket, form)
    return _done(request, ticket, given)


def _say(request: Request, ticket: Ticket, given: dict[str, Any], content: Content) -> int:
    user, public = request.user, given["visibility"] == "public"
    if step := STEPS.get(given["step"]):
        return step(ticket, content, by=user, public=public, after=given["after"]).pk
    if public:
        return actions.reply(ticket, content, by=user, after=given["after"]).pk
    return actions.note(ticket, content, by=user).pk


def _refused(request: Request, ticket: Ticket, form: MessageForm) -> HttpResponse:
    return ticket_page(request, ticket, form=form, uploads=kept_files(request, form), status=422)


def kept_files(request: Request, form: TextForm) -> list[dict[str, Any]]:
    """The files of a refused form, for its next try."""
    uploads = form.fields["uploads"].clean(request.POST.getlist("uploads"))
    return Posting(request, "", uploads, request.FILES.getlist("files")).kept()


def _done(request: Request, ticket: Ticket, given: dict[str, Any]) -> HttpResponse:
    """Back to the ticket while one works on it, else on to the list."""
    if said := _said(ticket, given):
        notices.success(request, said)
    if given["step"] in (MessageForm.WAIT, MessageForm.DONE):
        return accepted(go(request, reverse("field:tickets")), request)
    return accepted(go(request, reverse("field:ticket", args=[ticket.number])), request)


def _said(ticket: Ticket, given: dict[str, Any]) -> str:
    named = {"number": ticket.number, "name": ticket.requester.display_name}
    if given["step"] == MessageForm.ARRIVE:
        return _("You are on site for #%(number)s.") % named
    if given["step"] == MessageForm.WAIT:
        return _("#%(number)s waits for %(name)s.") % named
    if given["step"] == MessageForm.DONE and ticket.requester.email:
        return _("#%(number)s is done. %(name)s gets a mail about it.") % named
    if given["step"] == MessageForm.DONE:
        return _("#%(number)s is done. %(name)s has no mail address and was not told.") % named
    return ""


def go(request: Request, to: str) -> HttpResponse:
    """On to another page, also for a form that a script has sent."""
    return HttpResponseClientRedirect(to) if request.htmx else redirect(to)


@require_safe
@field
def receipt(request: Request, key: str) -> JsonResponse:
    """`{accepted}`: whether one's own form with this key arrived, for a phone that missed the answer."""
    scopes = [scope_of(scope, request) for scope in (MESSAGE, NEW)]
    return JsonResponse({"accepted": Once.objects.filter(scope__in=scopes, key=key).exists()})
