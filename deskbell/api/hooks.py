"""What other services tell us by HTTP. Not part of the API: each has a form and a proof of its own."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from deskbell.channels.actions.pushing import push_of, take_pushed
from deskbell.channels.email import push
from deskbell.channels.models import Channel


@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def mail(request: HttpRequest, channel: uuid.UUID) -> HttpResponse:
    """Mails for a mailbox, brought by a mail service: 200 once they are stored, with their ids.

    401 for a wrong token or signature, 404 for a mailbox nothing is brought to, 503 while it is switched off
    (the service keeps them and tries again).
    """
    mailbox = Channel.objects.filter(uuid=channel, kind=Channel.Kind.EMAIL).first()
    known = push_of(mailbox) if mailbox else None
    if mailbox is None or known is None:
        return HttpResponse(status=404)
    if request.method == "HEAD":  # some services ask so whether anybody is there
        return HttpResponse()
    if mailbox.state == Channel.State.OFF:
        return HttpResponse("This mailbox is switched off.\n", status=503, content_type="text/plain")
    try:
        mails = push.read(request, known.service, token=known.token, key=known.key)
    except push.Refused:
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="Deskbell"'})
    return JsonResponse({"inbound": take_pushed(mailbox, mails)})
