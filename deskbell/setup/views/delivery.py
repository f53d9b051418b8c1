"""Whether mails from a mailbox's domain arrive."""

from __future__ import annotations

import re
from contextlib import suppress

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from deskbell.channels.email import delivery
from deskbell.channels.models import Channel
from deskbell.people import permissions
from deskbell.setup.access import Request, permitted
from deskbell.setup.pages import show

SELECTOR = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
#: state → its words, and the colour of its mark
STATES = {
    delivery.State.FINE: (_("fine"), "green"),
    delivery.State.BETTER: (_("could be better"), "amber"),
    delivery.State.WRONG: (_("wrong"), "red"),
    delivery.State.UNKNOWN: (_("not found out"), "outline"),
}


@require_safe
@permitted(permissions.SETUP)
def check(request: Request, pk: int) -> HttpResponse:
    mailboxes = Channel.objects.filter(kind=Channel.Kind.EMAIL).select_related("outgoing")
    channel = get_object_or_404(mailboxes, pk=pk)
    typed = request.GET.get("selector", "").strip()
    selector = typed if SELECTOR.fullmatch(typed) else ""
    server = getattr(channel, "outgoing", None)
    desk = (settings.EMAIL_HOST or "", settings.EMAIL_HOST_USER or "")
    host, account = (server.host, server.username) if server else desk
    domain = channel.address.rpartition("@")[2]
    findings, reserved = [], delivery.is_reserved(domain)
    with suppress(delivery.Silent):
        if not reserved:
            findings = delivery.look(
                delivery.Lookup.of_settings(), domain, server=host, account=account, selector=selector
            )
    context = {
        "channel": channel,
        "domain": domain,
        "findings": findings,
        "reserved": reserved,
        "states": STATES,
        "selector": typed,
        "bad_selector": bool(typed and not selector),
    }
    return show(request, "mailbox_delivery.html", context)
