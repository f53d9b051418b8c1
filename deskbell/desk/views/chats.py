"""What an agent decides about a customer's chat."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deskbell.channels.actions import questions, reactions
from deskbell.channels.models import TicketQuestion
from deskbell.desk.access import Gone, desk, message_of, person, ticket_of
from deskbell.desk.pages import done
from deskbell.tickets import actions
from deskbell.tickets.models import Ticket
from deskbell.tickets.posting import chat_closed


@require_POST
@desk
def parked(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """What waits belongs to `ticket`: a number that the customer was offered, or `new`."""
    ticket, user = ticket_of(request, number), person(request)
    asked = TicketQuestion.objects.filter(pk=pk, conversation=ticket.conversation_id)
    if ticket.conversation_id is None or not asked.filter(offered__contains=[ticket.pk]).exists():
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
        return done(request, ticket, _("It has found its ticket already."))
    return done(request, ticket, _("The message stands in #%(number)s now.") % {"number": placed.number})


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
