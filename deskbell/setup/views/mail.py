"""What came in and what went out: the two ledgers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from deskbell.channels import actions
from deskbell.channels.models import InboundItem
from deskbell.channels.queries import totals
from deskbell.outbox.models import OutboxItem
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
    "quarantined": (gettext_lazy("Quarantined"), "amber", gettext_lazy("somebody has to look")),
    "blocked": (gettext_lazy("Blocked"), "", gettext_lazy("kept, but no ticket")),
    "duplicate": (gettext_lazy("Duplicate"), "", gettext_lazy("we had it already")),
}
SENT: dict[str, tuple[str | Promise, str]] = {
    "queued": (gettext_lazy("Waiting"), "blue"),
    "sending": (gettext_lazy("Being sent"), "blue"),
    "sent": (gettext_lazy("Sent"), "green"),
    "delivered": (gettext_lazy("Delivered"), "green"),
    "read": (gettext_lazy("Read"), "green"),
    "failed": (gettext_lazy("Failed"), "red"),
    "unknown": (gettext_lazy("Unknown"), "amber"),
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
}
#: bytes of a raw message that its page shows; the whole is downloaded
SOURCE_SHOWN = 64 * 1024
#: a count never goes further
COUNT_CAP = 1000


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
    item = get_object_or_404(InboundItem, pk=pk)
    headers = {
        "Content-Disposition": f'attachment; filename="inbound-{item.pk}.eml"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(bytes(item.raw), content_type="message/rfc822", headers=headers)


@require_POST
@permitted(permissions.SETUP)
def replay(request: Request, pk: int) -> HttpResponse:
    """Send a quarantined message through intake again."""
    try:
        actions.replay(get_object_or_404(InboundItem.objects.defer("raw"), pk=pk).pk, by=request.user)
    except actions.NotQuarantined:
        messages.info(request, _("This message is not in quarantine any more."))
    else:
        messages.success(request, _("The message goes through intake again."))
    return redirect("setup:received_item", pk=pk)


@require_safe
@permitted(permissions.SETUP)
def sent(request: Request) -> HttpResponse:
    state = request.GET.get("state", "")
    rows = OutboxItem.objects.defer("payload")
    if state in SENT:
        rows = rows.filter(state=state)
    shown = page(rows, request)
    context = {
        "page": shown,
        "state": state if state in SENT else "",
        "states": SENT,
        "counts": _counts(),
        "kinds": KINDS,
        "numbers": _numbers(request, shown.items),
    }
    return show(request, "sent.html", context)


def _counts() -> dict[str, int]:
    """How many wait, failed or are unknown, each up to COUNT_CAP: those somebody may have to look at."""
    asked = ("queued", "failed", "unknown")
    counted = "(select count(*) from (select 1 from outbox_outboxitem where state = %s limit %s) t)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {', '.join([counted] * len(asked))}",
            [value for state in asked for value in (state, COUNT_CAP)],
        )
        return dict(zip(asked, cursor.fetchone(), strict=True))
