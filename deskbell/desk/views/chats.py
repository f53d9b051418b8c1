"""What an agent decides about a customer's chat."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from deskbell.channels.actions import questions, reactions
from deskbell.channels.models import TicketQuestion
from deskbell.desk import reading
from deskbell.desk.access import Gone, desk, message_of, person, ticket_of
from deskbell.desk.pages import done, page
from deskbell.tickets import actions
from deskbell.tickets.models import Ticket
from deskbell.tickets.posting import chat_closed


@require_GET
@desk
def waiting(request: HttpRequest) -> HttpResponse:
    """Everything that waits until it is known which ticket it is about, to be decided there."""
    user = person(request)
    context = {"waiting": reading.all_parked(user), "counts": reading.box_counts(user), "nav": "live"}
    return page(request, "desk/parked.html", {**context, "at_parked": True})


@require_POST
@desk
def parked(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """What waits belongs to `ticket`: a number that the customer was offered, or `new`."""
    ticket, user = ticket_of(request, number), person(request)
    asked = TicketQuestion.objects.filter(pk=pk)
    if not asked.filter(offered__contains=[ticket.pk]).exists():
        raise Gone
    named = request.POST.get("ticket", "")
    chosen = None
    if named != "new":
        numbers = Ticket.objects.visible_to(user).select_related("queue")
        chosen = numbers.filter(number=int(named) if named.isdecimal() and len(named) < 19 else 0).first()
        if chosen is None:
            raise Gone
    try:
        placed = questions.place(pk, chosen, by=user)
    except questions.SettledAlready:
        said = _("It has found its ticket already.")
    else:
        said = _("The message stands in #%(number)s now.") % {"number": placed.number}
    if request.POST.get("back") != "list":
        return done(request, ticket, said)
    messages.success(request, said)
    return redirect("desk:parked-list")


@require_POST
@desk
def reaction(request: HttpRequest, pk: int) -> HttpResponse:
    """A `sign` at a customer's message, or none any more."""
    message = message_of(request, pk)
    assert message.ticket is not None
    said = ""
    try:
        reactions.react(message, request.POST.get("sign", ""), by=person(request))
    except reactions.NoReaction:
        raise Gone from None
    except actions.ChatClosed as error:
        said = chat_closed(error)
    return done(request, message.ticket, said, anchor=f"#message-{pk}")
