"""A mail that did not arrive, sent once more."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deskbell.desk.access import Gone, desk, person, ticket_of
from deskbell.desk.pages import done
from deskbell.outbox.actions import NothingToSend
from deskbell.outbox.models import OutboxItem
from deskbell.tickets import actions
from deskbell.tickets.models import Ticket


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
