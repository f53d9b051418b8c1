"""What came in and what went out: the two ledgers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from deskbell.channels import actions
from deskbell.channels.models import Channel, InboundItem
from deskbell.channels.queries import sender_of, totals
from deskbell.channels.whatsapp import incoming
from deskbell.channels.whatsapp.incoming import Incoming, placeholder
from deskbell.channels.whatsapp_web import incoming as linked_incoming
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.queries import totals as outbox_totals
from deskbell.people import permissions
from deskbell.setup.access import Request, permitted
from deskbell.setup.ledgers import RECEIVED, SENT
from deskbell.setup.pages import show
from deskbell.setup.paging import page
from deskbell.tickets.models import Ticket

#: kind of a mail → what to call it
KINDS: dict[str, str | Promise] = {
    "ticket.received": gettext_lazy("Ticket received"),
    "ticket.opened_for_you": gettext_lazy("Ticket opened for the customer"),
    "ticket.new": gettext_lazy("New ticket, to the team"),
    "ticket.reply": gettext_lazy("Reply"),
    "ticket.reply_blind": gettext_lazy("Reply, blind copy"),
    "ticket.forward": gettext_lazy("Forward to a supplier"),
    "ticket.supplier_answered": gettext_lazy("Supplier answered, to staff"),
    "ticket.customer_replied": gettext_lazy("Customer replied, to staff"),
    "ticket.assigned": gettext_lazy("Assigned, to staff"),
    "ticket.resolved": gettext_lazy("Resolved"),
    "ticket.copied": gettext_lazy("Copied in"),
    "account.login_code": gettext_lazy("Sign-in code"),
    "account.number_code": gettext_lazy("Code for a WhatsApp number"),
    "account.sign_up_code": gettext_lazy("Code for signing up"),
    "account.password_reset_code": gettext_lazy("Code for a new password"),
    "account.email_confirmation": gettext_lazy("Code for confirming an address"),
    "account.email_confirmation_signup": gettext_lazy("Code for confirming an address"),
    "account.account_already_exists": gettext_lazy("There is an account already"),
    "account.second_factor_on": gettext_lazy("Second factor switched on"),
    "account.second_factor_off": gettext_lazy("Second factor switched off"),
    "account.passkey_added": gettext_lazy("Passkey added"),
    "account.passkey_removed": gettext_lazy("Passkey removed"),
    "account.number_proven": gettext_lazy("A WhatsApp number can sign in"),
    "account.second_factor_reset": gettext_lazy("Second factor reset"),
    "account.recovery_codes_made": gettext_lazy("New recovery codes"),
    "account.recovery_code_used": gettext_lazy("Recovery code used"),
    "account.password_changed": gettext_lazy("Password changed"),
    "account.recovered": gettext_lazy("Account recovered"),
    "account.strange_device": gettext_lazy("Sign-in on a new device"),
    "ticket.undelivered": gettext_lazy("Not delivered, to staff"),
    "membership_asked": gettext_lazy("Somebody would like to belong to an organisation"),
    "membership_approved": gettext_lazy("Let into an organisation"),
    "invitation": gettext_lazy("Invitation"),
    "test_mail.smtp": gettext_lazy("Test mail"),
    "mail_text.sample": gettext_lazy("Sample of a mail text"),
    "test_mail.files": gettext_lazy("Test mail, into a file"),
}
#: kind of channel → ending and type of the file that holds a message of it
FILES = {
    Channel.Kind.EMAIL: ("eml", "message/rfc822"),
    Channel.Kind.WEBFORM: ("json", "application/json"),
    Channel.Kind.WHATSAPP_CLOUD: ("json", "application/json"),
    Channel.Kind.WHATSAPP_WEB: ("json", "application/json"),
}
#: kind of channel → what reads a message of its chats
READERS: dict[str, Callable[[bytes], Incoming]] = {
    Channel.Kind.WHATSAPP_CLOUD: incoming.parse,
    Channel.Kind.WHATSAPP_WEB: linked_incoming.parse,
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
    chat = item.channel.kind in READERS
    shown = _laid_out(raw) if chat else raw
    context = {
        "item": item,
        "message": _written(raw, READERS[item.channel.kind]) if chat else None,
        "states": RECEIVED,
        "numbers": _numbers(request, [item]),
        "source": shown[:SOURCE_SHOWN].decode("utf-8", "replace"),
        "size": len(raw),
        "cut": len(shown) > SOURCE_SHOWN,
        "sender": sender_of(item),
    }
    return show(request, "received_item.html", context)


def _written(raw: bytes, parse: Callable[[bytes], Incoming]) -> Incoming | None:
    """A message of WhatsApp as a person reads it; None for what cannot be read."""
    try:
        message = parse(raw)
    except ValueError:
        return None
    return replace(message, text=message.text or placeholder(message))


def _laid_out(raw: bytes) -> bytes:
    """JSON in lines; as it came when it is none."""
    try:
        return json.dumps(json.loads(raw), ensure_ascii=False, indent=2).encode("utf-8", "replace")
    except ValueError:
        return raw


@require_safe
@permitted(permissions.SETUP)
def received_source(request: Request, pk: int) -> HttpResponse:
    """The message as it came in, byte for byte, as a download."""
    item = get_object_or_404(InboundItem.objects.select_related("channel"), pk=pk)
    ending, kind = FILES[Channel.Kind(item.channel.kind)]
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
        "kind_in_words": kind_in_words,
        "numbers_of_ours": dict(_whatsapp().values_list("pk", "name")),
        "again": outbox.AGAIN,
        "numbers": _numbers(request, shown.items),
    }
    return show(request, "sent.html", context)


def _whatsapp() -> QuerySet[Channel]:
    return Channel.objects.filter(kind__in=READERS)


def kind_in_words(kind: str) -> str:
    """What was sent. A chat takes an answer in parts: `ticket.reply`, `ticket.reply.1` …"""
    whole, _dot, part = kind.rpartition(".")
    if part.isdigit() and whole in KINDS:
        return _("%(what)s, part %(number)s") % {"what": KINDS[whole], "number": int(part) + 1}
    return str(KINDS.get(kind, kind))


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
        messages.success(request, _("The message to %(to)s is sent again.") % {"to": item.shown_recipient})
    return redirect("setup:sent")
