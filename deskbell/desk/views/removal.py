"""Spam, trash, deletion, and what must not be read any more."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from deskbell.desk.access import desk, message_of, person, ticket_of
from deskbell.desk.forms import ReasonForm
from deskbell.desk.pages import done, page
from deskbell.tickets import actions, rules
from deskbell.tickets.models import Attachment


@require_POST
@desk
def spam(request: HttpRequest, number: int) -> HttpResponse:
    """Mark the ticket as spam, or with `remove` as none."""
    ticket = ticket_of(request, number)
    if "remove" in request.POST:
        actions.unmark_spam(ticket, by=person(request))
        return done(request, ticket, _("No spam: the ticket is back in its box."))
    actions.mark_spam(ticket, by=person(request))
    return done(request, ticket, _("Marked as spam. What comes after it wakes nobody."))


@require_POST
@desk
def trash(request: HttpRequest, number: int) -> HttpResponse:
    """Put the ticket into the trash, or with `remove` take it out again."""
    ticket = ticket_of(request, number)
    if "remove" in request.POST:
        actions.restore(ticket, by=person(request))
        return done(request, ticket, _("The ticket is back."))
    actions.trash(ticket, by=person(request))
    return done(request, ticket, _("Moved to the trash."))


@require_POST
@desk
def links_ending(request: HttpRequest, number: int) -> HttpResponse:
    """Links in mails sent so far open the ticket no more; the next mail brings a new one."""
    ticket = ticket_of(request, number)
    ended = actions.end_passes(ticket, by=person(request))
    if not ended:
        return done(request, ticket, _("No such link was open."))
    text = ngettext("%(num)s link is ended.", "%(num)s links are ended.", ended)
    return done(request, ticket, text % {"num": ended})


@require_http_methods(["GET", "POST"])
@desk
def deletion(request: HttpRequest, number: int) -> HttpResponse:
    """Delete a trashed ticket for ever, after asking."""
    ticket = ticket_of(request, number)
    rules.require(person(request), "delete", ticket)
    if not ticket.trashed:
        return redirect(ticket)
    if request.method == "GET":
        return page(request, "desk/deletion.html", {"ticket": ticket})
    try:
        actions.delete_for_ever(ticket, by=person(request))
    except actions.BadMove:
        messages.error(request, _("Somebody has just taken the ticket out of the trash."))
        return redirect(ticket)
    messages.success(request, _("Ticket #%(number)s was deleted for ever.") % {"number": ticket.number})
    return redirect("/desk/?box=trash")


@require_http_methods(["GET", "POST"])
@desk
def redaction(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the words of a message away for ever, after asking."""
    message = message_of(request, pk)
    assert message.ticket is not None
    rules.require(person(request), "redact", message.ticket)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        actions.redact_message(message, by=person(request), reason=form.cleaned_data["reason"])
        return done(request, message.ticket, _("The words are gone."), anchor=f"#message-{pk}")
    context = {"ticket": message.ticket, "message": message, "file": None, "form": form}
    return page(request, "desk/redaction.html", context)


@require_http_methods(["GET", "POST"])
@desk
def file_redaction(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a file away for ever, after asking."""
    file = Attachment.objects.visible_to(person(request)).select_related("blob").filter(pk=pk).first()
    if file is None or file.message_id is None:
        raise Http404
    message = message_of(request, file.message_id)
    assert message.ticket is not None
    rules.require(person(request), "redact", message.ticket)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        actions.redact_attachment(file, by=person(request), reason=form.cleaned_data["reason"])
        return done(request, message.ticket, _("The file is gone."), anchor=f"#message-{message.pk}")
    context = {"ticket": message.ticket, "message": message, "file": file, "form": form}
    return page(request, "desk/redaction.html", context)
