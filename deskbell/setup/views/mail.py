"""What came in and what went out: the two ledgers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from deskbell.channels import actions
from deskbell.channels.models import Channel, InboundItem
from deskbell.channels.queries import totals
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.queries import totals as outbox_totals
from deskbell.people import permissions
from deskbell.setup.access import Request, permitted
from deskbell.setup.pages import show
from deskbell.setup.paging import page
from deskbell.tickets.models import Ticket

#: state → what to call it, colour of its badge, what it means
RECEIVED: dict[str, tuple[str | Promise, str, str | Promise]] = {
    "received": (gettext_lazy("Waiting"), "blue", gettext_lazy("stored, not decided yet")),
    "ticketed": (gettext_lazy("New ticket"), "green", gettext_lazy("opened a ticket")),
    "added": (gettext_lazy("Added"), "green", gettext_lazy("joined a ticket as a message")),
    "annotated": (gettext_lazy("Noted"), "teal", gettext_lazy("kept on a ticket for staff")),
    "quarantined": (gettext_lazy("Held back"), "amber", gettext_lazy("somebody has to look")),
    "blocked": (gettext_lazy("Blocked"), "", gettext_lazy("kept, but no ticket")),
    "duplicate": (gettext_lazy("Duplicate"), "", gettext_lazy("we had it already")),
}
SENT: dict[str, tuple[str | Promise, str, str | Promise]] = {
    "queued": (gettext_lazy("Waiting"), "blue", gettext_lazy("leaves as soon as it can")),
    "sending": (gettext_lazy("Being sent"), "blue", gettext_lazy("on its way at this moment")),
    "sent": (gettext_lazy("Sent"), "green", gettext_lazy("the other side took it")),
    "delivered": (gettext_lazy("Delivered"), "green", gettext_lazy("it arrived")),
    "read": (gettext_lazy("Read"), "green", gettext_lazy("somebody opened it")),
    "failed": (gettext_lazy("Failed"), "red", gettext_lazy("the other side refused it")),
    "unknown": (gettext_lazy("Unknown"), "amber", gettext_lazy("nobody knows whether it arrived")),
}
#: kind of a mail → what to call it
KINDS: dict[str, str | Promise] = {
    "ticket.received": gettext_lazy("Ticket received"),
    "ticket.opened_for_you": gettext_lazy("Ticket opened for the customer"),
    "ticket.new": gettext_lazy("New ticket, to the team"),
    "ticket.reply": gettext_lazy("Reply"),
    "ticket.customer_replied": gettext_lazy("Customer replied, to staff"),
    "ticket.assigned": gettext_lazy("Assigned, to staff"),
    "ticket.resolved": gettext_lazy("Resolved"),
    "ticket.copied": gettext_lazy("Copied in"),
    "invitation": gettext_lazy("Invitation"),
    "test_mail.smtp": gettext_lazy("Test mail"),
    "test_mail.files": gettext_lazy("Test mail, into a file"),
}
#: bytes of a raw message that its page shows; the whole is downloaded
SOURCE_SHOWN = 64 * 1024


@require_safe
@permitted(permissions.SETUP)
def received(request: Request) -> HttpResponse:
    state = request.GET.get("state", "")
    rows = InboundItem.objects.select_related("channel").defer("raw")
    if state in RECEIVED:
        rows = rows.filter(state=state)
    shown = page(rows, request)
    context = {
        "page": shown,
        "state": state if state in RECEIVED else "",
        "states": RECEIVED,
        "totals": totals(),
        "numbers": _numbers(request, shown.items),
    }
    return show(request, "received.html", context)


def _numbers(request: Request, items: list[Any]) -> dict[int, int]:
    """Ticket id → number, of those tickets the person may open."""
    ids = {item.ticket_id for item in items if item.ticket_id}
    reached = Ticket.objects.visible_to(request.user, trashed=True).filter(pk__in=ids)
    return dict(reached.values_list("pk", "number"))


@require_safe
@permitted(permissions.SETUP)
def received_item(request: Request, pk: int) -> HttpResponse:
    item = get_object_or_404(InboundItem.objects.select_related("channel"), pk=pk)
    raw = bytes(item.raw)
    context = {
        "item": item,
        "states": RECEIVED,
        "numbers": _numbers(request, [item]),
        "source": raw[:SOURCE_SHOWN].decode("utf-8", "replace"),
        "size": len(raw),
        "cut": len(raw) > SOURCE_SHOWN,
    }
    return show(request, "received_item.html", context)


@require_safe
@permitted(permissions.SETUP)
def received_source(request: Request, pk: int) -> HttpResponse:
    """The message as it came in, byte for byte, as a download."""
    item = get_object_or_404(InboundItem.objects.select_related("channel"), pk=pk)
    form = item.channel.kind == Channel.Kind.WEBFORM
    ending, kind = ("json", "application/json") if form else ("eml", "message/rfc822")
    headers = {
        "Content-Disposition": f'attachment; filename="inbound-{item.pk}.{ending}"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(bytes(item.raw), content_type=kind, headers=headers)


@require_POST
@permitted(permissions.SETUP)
def replay(request: Request, pk: int) -> HttpResponse:
    """Send a held back message through intake again."""
    try:
        actions.replay(get_object_or_404(InboundItem.objects.defer("raw"), pk=pk).pk, by=request.user)
    except actions.NotQuarantined:
        messages.info(request, _("This message is not held back any more."))
    else:
        messages.success(request, _("The message goes through intake again."))
    return redirect("setup:received_item", pk=pk)


@require_safe
@permitted(permissions.SETUP)
def sent(request: Request) -> HttpResponse:
    state = request.GET.get("state", "")
    kept = ExpressionWrapper(Q(payload__isnull=False), BooleanField())
    rows = OutboxItem.objects.annotate(kept=kept).defer("payload")
    if state in SENT:
        rows = rows.filter(state=state)
    shown = page(rows, request)
    context = {
        "page": shown,
        "state": state if state in SENT else "",
        "states": SENT,
        "totals": outbox_totals(),
        "kinds": KINDS,
        "again": outbox.AGAIN,
        "numbers": _numbers(request, shown.items),
    }
    return show(request, "sent.html", context)


@require_POST
@permitted(permissions.SETUP)
def retry(request: Request, pk: int) -> HttpResponse:
    """Send what did not arrive once more."""
    item = get_object_or_404(OutboxItem.objects.only("pk", "recipient"), pk=pk)
    try:
        outbox.retry(item.pk, by=request.user)
    except outbox.NothingToSend:
        messages.info(request, _("It is on its way already, or its content is no longer kept."))
    else:
        messages.success(request, _("The message to %(to)s is sent again.") % {"to": item.recipient})
    return redirect("setup:sent")
