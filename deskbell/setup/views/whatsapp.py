"""WhatsApp numbers: who they are at Meta, what is to be pasted there, and how they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.channels import actions
from deskbell.channels.actions.whatsapp import add_whatsapp, change_whatsapp
from deskbell.channels.actions.whatsapp_health import Health, NotSubscribed, check_number, subscribe
from deskbell.channels.models import Channel, InboundItem, Webhook
from deskbell.channels.whatsapp import charges
from deskbell.channels.whatsapp.account import Account
from deskbell.channels.whatsapp.outgoing import DRIVER
from deskbell.kit.once import accepted
from deskbell.outbox.models import OutboxItem
from deskbell.people import permissions
from deskbell.setup import numbers as the_same
from deskbell.setup.access import Request, permitted
from deskbell.setup.ledgers import RECEIVED
from deskbell.setup.numbers import TAKEN
from deskbell.setup.pages import show
from deskbell.setup.saving import saved_once, sent_before
from deskbell.setup.views.whatsapp_web import linked_numbers
from deskbell.setup.whatsapp_charges import told
from deskbell.setup.whatsapp_drafts import rows_of
from deskbell.setup.whatsapp_forms import WhatsAppForm

#: webhooks with a problem that are shown, and how far back
PROBLEMS, LOOKED_BACK = 5, timedelta(days=7)
#: what Meta calls the quality of a number
QUALITY: dict[str, str | Promise] = {
    "GREEN": gettext_lazy("high"),
    "YELLOW": gettext_lazy("medium"),
    "RED": gettext_lazy("low"),
}


def _numbers() -> Any:
    rows = Channel.objects.filter(kind=Channel.Kind.WHATSAPP_CLOUD)
    return rows.select_related("whatsapp", "queue")


@require_safe
@permitted(permissions.SETUP)
def numbers(request: Request) -> HttpResponse:
    rows = list(_numbers().order_by("name", "pk"))
    linked = list(linked_numbers().order_by("name", "pk"))
    context = {"rows": rows, "waiting": _waiting(rows), "linked": linked}
    return show(request, "whatsapp_numbers.html", context)


def _waiting(channels: list[Channel]) -> dict[int, int]:
    """Channel id → how many messages wait to leave by it."""
    rows = OutboxItem.objects.filter(driver=DRIVER, channel_id__in=[each.pk for each in channels])
    still = rows.filter(state__in=("queued", "sending")).order_by()
    return dict(still.values_list("channel_id").annotate(Count("pk")))


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def new(request: Request) -> HttpResponse:
    """Saved, its own page comes next: what is there goes to Meta."""
    if sent_before(request, "whatsapp"):
        return accepted(redirect("setup:whatsapp"), request)
    form = WhatsAppForm(request.POST if request.method == "POST" else None, reader=request.user)
    if form.is_bound and form.is_valid():
        given, values = form.given, form.cleaned_data
        assert given is not None
        try:
            if saved_once(
                request,
                "whatsapp",
                form,
                lambda: add_whatsapp(values["name"], given, queue=values["queue"], by=request.user).pk,
            ):
                made = _numbers().get(address=given.number_id)
                messages.success(request, _("“%(name)s” is saved. Now tell Meta about it.") % values)
                return accepted(redirect("setup:whatsapp_number", made.pk), request)
        except actions.BadChannel:
            form.add_error("number_id", TAKEN)
    return _page(request, None, form)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def number(request: Request, pk: int) -> HttpResponse:
    channel = get_object_or_404(_numbers(), pk=pk)
    data = request.POST if request.method == "POST" else None
    form = WhatsAppForm(data, reader=request.user, channel=channel)
    if form.is_bound and form.is_valid():
        assert form.given is not None
        values = form.cleaned_data
        try:
            change_whatsapp(channel, values["name"], form.given, queue=values["queue"], by=request.user)
        except actions.BadChannel:
            form.add_error("number_id", TAKEN)
        else:
            messages.success(request, _("“%(name)s” is saved.") % values)
            return accepted(redirect("setup:whatsapp_number", pk), request)
    return _page(request, channel, form)


@require_POST
@permitted(permissions.SETUP)
def check(request: Request, pk: int) -> HttpResponse:
    """Ask Meta how the number is."""
    return _checked(request, get_object_or_404(_numbers(), pk=pk))


@require_POST
@permitted(permissions.SETUP)
def subscription(request: Request, pk: int) -> HttpResponse:
    """Let the account's webhooks come here, then look whether they do."""
    channel = get_object_or_404(_numbers(), pk=pk)
    try:
        subscribe(channel, by=request.user)
    except NotSubscribed as error:
        return _checked(request, channel, Health(str(error)))
    return _checked(request, channel)


def _checked(request: Request, channel: Channel, health: Health | None = None) -> HttpResponse:
    health = health or check_number(channel)
    channel = _numbers().get(pk=channel.pk)
    return _page(request, channel, WhatsAppForm(reader=request.user, channel=channel), health)


def _page(
    request: Request, channel: Channel | None, form: WhatsAppForm, health: Health | None = None
) -> HttpResponse:
    context = {
        "channel": channel,
        "form": form,
        "health": health,
        "quality": QUALITY.get(health.quality) if health else None,
        "https": settings.BASE_URL.startswith("https://"),
        **(_state(channel) if channel else {}),
    }
    return show(request, "whatsapp_number.html", context, status=422 if form.errors else 200)


def _state(channel: Channel) -> dict[str, Any]:
    """What came in by it and what waits, and what Meta has to be told."""
    counted = InboundItem.objects.filter(channel=channel).order_by().values_list("state")
    counts = dict(counted.annotate(Count("pk")))
    hooks = Webhook.objects.filter(channel=channel).defer("raw").order_by("-received_at")
    lately = hooks.filter(received_at__gt=timezone.now() - LOOKED_BACK)
    return {
        "states": RECEIVED,
        "counts": {state: counts.get(state, 0) for state in RECEIVED},
        "received": sum(counts.values()),
        "of_groups": InboundItem.objects.filter(channel=channel, state="blocked", reason="group").count(),
        "waiting": _waiting([channel]).get(channel.pk, 0),
        "unread": hooks.filter(handled_at=None).count(),
        "last_hook": hooks.first(),
        "problems": list(lately.exclude(problem="")[:PROBLEMS]),
        "callback": settings.BASE_URL + reverse("whatsapp_webhook", args=[channel.uuid]),
        "verify_token": Account.of(channel).verify_token,
        "months": told(charges.months(channel)),
        "drafts": rows_of(channel),
    }


@require_POST
@permitted(permissions.SETUP)
def switching(request: Request, pk: int) -> HttpResponse:
    """Off: nothing comes in or leaves by it any more. `on` says which."""
    channel = get_object_or_404(_numbers(), pk=pk)
    actions.switch(channel, on=request.POST.get("on") == "1", by=request.user)
    return redirect("setup:whatsapp_number", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def removal(request: Request, pk: int) -> HttpResponse:
    goes = _("Nothing ever came in by it. Its settings and secrets go; at Meta nothing changes.")
    channel = get_object_or_404(_numbers(), pk=pk)
    return the_same.removal(request, channel, page="setup:whatsapp_number", goes=goes)
