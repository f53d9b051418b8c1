"""A message that did not arrive, sent once more; or one that waits for a number that is down, withdrawn."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deskbell.channels.actions import fallback
from deskbell.desk.access import Gone, desk, message_of, person, ticket_of
from deskbell.desk.pages import done
from deskbell.outbox.actions import NothingToSend
from deskbell.outbox.models import OutboxItem
from deskbell.tickets import actions
from deskbell.tickets.models import Ticket
from deskbell.tickets.posting import chat_closed


@require_POST
@desk
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    item = OutboxItem.objects.only("ticket_id").filter(pk=pk).first()
    if item is None or item.ticket_id is None:
        raise Gone
    known = Ticket.objects.visible_to(person(request), trashed=True).filter(pk=item.ticket_id)
    number = known.values_list("number", flat=True).first()
    if number is None:
        raise Gone
    ticket = ticket_of(request, number)
    try:
        actions.retry_delivery(ticket, item.pk, by=person(request))
    except NothingToSend:
        return done(request, ticket, _("It is on its way already, or its content is no longer kept."))
    return done(request, ticket, _("It is sent again."))


@require_POST
@desk
def withdrawal(request: HttpRequest, pk: int) -> HttpResponse:
    """What of a reply waits for WhatsApp Web: into the composer again, or out by another number (`by`)."""
    message = message_of(request, pk)
    ticket, again = message.ticket, request.POST.get("by") == fallback.WAY
    assert ticket is not None
    try:
        fallback.withdraw(message, by=person(request), again=again)
    except actions.LeftAlready:
        return done(request, ticket, _("It is on its way already: nothing was withdrawn."))
    except fallback.NoFallback as error:
        return done(request, ticket, _("Nothing was sent. %(why)s.") % {"why": gettext(str(error))})
    except actions.ChatClosed as error:
        return done(request, ticket, chat_closed(error))
    if again:
        return done(request, ticket, _("Withdrawn from WhatsApp Web, and sent by the other number."))
    said = _("Withdrawn: nobody has got it. Its words are below; files have to be attached again.")
    return done(request, ticket, said, composer=True)
