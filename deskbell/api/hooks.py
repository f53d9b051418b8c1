"""What other services tell us by HTTP. Not part of the API: each has a form and a proof of its own."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from deskbell.channels.actions.pushing import push_of, take_pushed
from deskbell.channels.actions.webhooks import LARGEST, store_webhook
from deskbell.channels.email import push
from deskbell.channels.models import Channel
from deskbell.channels.whatsapp.account import Account
from deskbell.channels.whatsapp.webhook import is_signed
from deskbell.channels.whatsapp_web import account as linked
from deskbell.gateway import protocol


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


@csrf_exempt
@require_http_methods(["GET", "POST"])
def whatsapp(request: HttpRequest, channel: uuid.UUID) -> HttpResponse:
    """Webhooks of the WhatsApp Cloud API: the handshake (GET), and what happened (POST).

    200 once the bytes are stored; nothing of them is read here. 401 for a wrong signature, 403 for a wrong
    token, 404 for a number that is not ours or switched off.
    """
    known = Account.at(channel)
    if known is None:
        return HttpResponse(status=404)
    number, account = known
    if number.state == Channel.State.OFF:
        return HttpResponse(status=503)
    if request.method == "GET":
        return _handshake(request, account)
    if int(request.headers.get("Content-Length") or 0) > LARGEST:
        return HttpResponse(status=413)
    body = request.read(LARGEST + 1)
    if not is_signed(body, request.headers.get("X-Hub-Signature-256", ""), account.app_secret):
        return HttpResponse(status=401)
    store_webhook(number, body)
    return HttpResponse()


@csrf_exempt
@require_POST
def whatsapp_web(request: HttpRequest, channel: uuid.UUID) -> HttpResponse:
    """What the gateway of a linked device tells (docs/whatsapp-web-gateway.md): 200 once it is stored.

    401 for a wrong signature, 404 for a number that is not ours, 503 while it is switched off.
    """
    known = linked.at(channel)
    if known is None:
        return HttpResponse(status=404)
    number, secret = known
    if int(request.headers.get("Content-Length") or 0) > protocol.LARGEST:
        return HttpResponse(status=413)
    body = request.read(protocol.LARGEST + 1)
    if not protocol.is_signed(secret, request.headers.get(protocol.HEADER, ""), "POST", request.path, body):
        return HttpResponse(status=401)
    if number.state == Channel.State.OFF:
        return HttpResponse(status=503)
    store_webhook(number, body)
    return HttpResponse()


def _handshake(request: HttpRequest, account: Account) -> HttpResponse:
    given = request.GET.get("hub.verify_token", "")
    known = bool(account.verify_token) and constant_time_compare(given, account.verify_token)
    if request.GET.get("hub.mode") != "subscribe" or not known:
        return HttpResponse(status=403)
    return HttpResponse(request.GET.get("hub.challenge", ""), content_type="text/plain")
