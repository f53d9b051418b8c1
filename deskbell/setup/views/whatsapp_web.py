"""Numbers that are linked devices (WhatsApp Web): the warning, the link, and how they are."""

from __future__ import annotations

from typing import Any

import segno
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from deskbell.channels import actions
from deskbell.channels.actions import whatsapp_web as numbers
from deskbell.channels.models import Channel, InboundItem, LinkedDevice
from deskbell.channels.whatsapp_web import words
from deskbell.channels.whatsapp_web.gateway import Session
from deskbell.channels.whatsapp_web.outgoing import DRIVER
from deskbell.gateway.protocol import ENDED, Link
from deskbell.kit.once import accepted
from deskbell.kit.stored import said
from deskbell.outbox.models import OutboxItem
from deskbell.people import permissions
from deskbell.setup import numbers as the_same
from deskbell.setup.access import Request, permitted
from deskbell.setup.ledgers import RECEIVED
from deskbell.setup.numbers import TAKEN
from deskbell.setup.pages import show
from deskbell.setup.saving import saved_once, sent_before
from deskbell.setup.whatsapp_web_forms import LinkedDeviceForm, RiskForm


def linked_numbers() -> Any:
    rows = Channel.objects.filter(kind=Channel.Kind.WHATSAPP_WEB)
    return rows.select_related("whatsapp", "device__accepted_by", "queue")


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def new(request: Request) -> HttpResponse:
    """Saved, it is off: its own page asks for the risk to be accepted."""
    if sent_before(request, "whatsapp-web"):
        return accepted(redirect("setup:whatsapp"), request)
    form = LinkedDeviceForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        given, values = form.given, form.cleaned_data
        assert given is not None
        try:
            if saved_once(
                request,
                "whatsapp-web",
                form,
                lambda: numbers.add_linked(values["name"], given, queue=values["queue"], by=request.user).pk,
            ):
                made = linked_numbers().get(address=given.phone)
                return accepted(redirect("setup:whatsapp_web", made.pk), request)
        except actions.BadChannel:
            form.add_error("phone", TAKEN)
    context = {"channel": None, "form": form}
    return show(request, "whatsapp_web.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def number(request: Request, pk: int) -> HttpResponse:
    channel = get_object_or_404(linked_numbers(), pk=pk)
    form = LinkedDeviceForm(request.POST if request.method == "POST" else None, channel=channel)
    if form.is_bound and form.is_valid():
        assert form.given is not None
        values = form.cleaned_data
        numbers.change_linked(channel, values["name"], form.given, queue=values["queue"], by=request.user)
        messages.success(request, _("“%(name)s” is saved.") % values)
        return accepted(redirect("setup:whatsapp_web", pk), request)
    return _page(request, channel, form=form)


@require_POST
@permitted(permissions.SETUP)
def acceptance(request: Request, pk: int) -> HttpResponse:
    """The warning was read: who accepted it, and when, is kept."""
    channel = get_object_or_404(linked_numbers(), pk=pk)
    risk = RiskForm(request.POST)
    if not risk.is_valid():
        return _page(request, channel, risk=risk)
    numbers.accept_risk(channel, by=request.user)
    return accepted(redirect("setup:whatsapp_web", pk), request)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def link(request: Request, pk: int) -> HttpResponse:
    """How the link is, asked again while it changes (GET); connect it, or wait to be linked (POST)."""
    channel = get_object_or_404(linked_numbers(), pk=pk)
    if request.method != "POST":
        return render(request, "setup/_whatsapp_web_link.html", _link(channel))
    try:
        numbers.connect(channel, by=request.user)
    except numbers.GatewaySilent as error:
        messages.error(request, said(str(error)))
    except numbers.NotAccepted:
        messages.error(request, _("Switch the number on first."))
    return redirect("setup:whatsapp_web", pk)


@require_POST
@permitted(permissions.SETUP)
def pair_code(request: Request, pk: int) -> HttpResponse:
    """A code for the phone; it stands on this one answer and nowhere else."""
    channel = get_object_or_404(linked_numbers(), pk=pk)
    try:
        code = numbers.pair_code(channel, by=request.user)
    except numbers.GatewaySilent as error:
        messages.error(request, said(str(error)))
        return redirect("setup:whatsapp_web", pk)
    except numbers.NotAccepted:
        messages.error(request, _("Switch the number on first."))
        return redirect("setup:whatsapp_web", pk)
    return _page(request, channel, code=code)


@require_POST
@permitted(permissions.SETUP)
def pausing(request: Request, pk: int) -> HttpResponse:
    """Nothing leaves any more, or again; `on` says which."""
    channel = get_object_or_404(linked_numbers(), pk=pk)
    numbers.pause(channel, paused=request.POST.get("on") == "1", by=request.user)
    return redirect("setup:whatsapp_web", pk)


@require_POST
@permitted(permissions.SETUP)
def switching(request: Request, pk: int) -> HttpResponse:
    """Off: nothing comes in or leaves, and the gateway ends. `on` says which."""
    channel = get_object_or_404(linked_numbers(), pk=pk)
    try:
        numbers.switch_linked(channel, on=request.POST.get("on") == "1", by=request.user)
    except numbers.NotAccepted:
        messages.error(request, _("Somebody has to accept the risk first."))
    return redirect("setup:whatsapp_web", pk)


@require_POST
@permitted(permissions.SETUP)
def unlinking(request: Request, pk: int) -> HttpResponse:
    """Log out at WhatsApp and delete the keys."""
    channel = get_object_or_404(linked_numbers(), pk=pk)
    try:
        numbers.unlink(channel, by=request.user)
    except numbers.GatewaySilent as error:
        messages.error(request, said(str(error)))
    else:
        messages.success(request, _("The link is ended and its keys are deleted."))
    return redirect("setup:whatsapp_web", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def removal(request: Request, pk: int) -> HttpResponse:
    goes = _(
        "Nothing ever came in by it. End the link before, if there is one: else the phone goes on to show it."
    )
    channel = get_object_or_404(linked_numbers(), pk=pk)
    return the_same.removal(request, channel, page="setup:whatsapp_web", goes=goes)


def _page(
    request: Request,
    channel: Channel,
    *,
    form: LinkedDeviceForm | None = None,
    risk: RiskForm | None = None,
    code: str = "",
) -> HttpResponse:
    counted = InboundItem.objects.filter(channel=channel).order_by().values_list("state")
    counts = dict(counted.annotate(Count("pk")))
    waiting = OutboxItem.objects.filter(driver=DRIVER, channel_id=channel.pk)
    context = {
        "form": form or LinkedDeviceForm(channel=channel),
        "risk": risk or RiskForm(),
        "code": code,
        "states": RECEIVED,
        "counts": {state: counts.get(state, 0) for state in RECEIVED},
        "received": sum(counts.values()),
        "waiting": waiting.filter(state__in=("queued", "sending")).count(),
        **_link(channel),
    }
    wrong = (form is not None and form.errors) or (risk is not None and risk.errors)
    return show(request, "whatsapp_web.html", context, status=422 if wrong else 200)


def _link(channel: Channel) -> dict[str, Any]:
    """What its gateway says now; what it said last where it is silent or not asked."""
    device = channel.device
    session, silent = None, ""
    if channel.state != Channel.State.OFF and device.accepted_at:
        try:
            session = numbers.look(channel)
        except numbers.GatewaySilent as error:
            silent = str(error)
    state = session.link_state if session else device.link_state
    paused = device.send_state == LinkedDevice.SendState.PAUSED
    return {
        "channel": channel,
        "device": device,
        "state": state,
        "problem": words.LINKS.get(Link(state), ""),
        "detail": session.detail if session else device.detail,
        "silent": silent,
        "ended": state in ENDED,
        "changing": bool(silent) or state in (Link.STARTING, Link.PAIRING, Link.CONNECTING),
        "paused": paused,
        "until": device.until if device.is_restricted or state == Link.BANNED else None,
        "other": session.phone if session and session.phone not in ("", channel.address) else "",
        "qr": _drawn(session),
    }


def _drawn(session: Session | None) -> str:
    """The code to scan as a picture; empty for none."""
    if session is None or session.link_state != Link.PAIRING or not session.qr:
        return ""
    made = segno.make(session.qr, error="l", micro=False)
    return str(made.svg_data_uri(scale=4, border=3, dark="#101418", light="#ffffff"))
