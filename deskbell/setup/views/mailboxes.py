"""Mailboxes: the addresses customers write to, their servers, and how these are."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.channels import actions
from deskbell.channels.actions import fetching
from deskbell.channels.email.driver import mail_goes_to_files
from deskbell.channels.email.trial import Trial, try_incoming, try_outgoing
from deskbell.channels.models import Channel, FetchedMail, InboundItem
from deskbell.kit.once import accepted
from deskbell.people import permissions
from deskbell.setup.access import Request, permitted
from deskbell.setup.ledgers import RECEIVED
from deskbell.setup.mailbox_forms import MailboxForm
from deskbell.setup.pages import show
from deskbell.setup.saving import saved_once, sent_before

#: mails that could not be fetched and are shown at once
TROUBLES = 20


def _mailboxes() -> Any:
    return Channel.objects.filter(kind=Channel.Kind.EMAIL).select_related("incoming", "outgoing", "queue")


@require_safe
@permitted(permissions.SETUP)
def mailboxes(request: Request) -> HttpResponse:
    return show(request, "mailboxes.html", {"rows": list(_mailboxes().order_by("address"))})


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def new(request: Request) -> HttpResponse:
    if sent_before(request, "mailbox"):
        return accepted(redirect("setup:mailboxes"), request)
    form = MailboxForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data

        def act() -> int:
            channel = actions.add_channel(
                "email",
                name=values["name"],
                address=values["address"],
                queue=values["queue"],
                plus_addresses=values["plus_addresses"],
                authserv_id=values["authserv_id"],
                by=request.user,
            )
            _set_servers(channel, form, request)
            return channel.pk

        try:
            if saved_once(request, "mailbox", form, act):
                return _saved(request, values["name"])
        except actions.BadChannel:
            form.add_error("address", _("This address is a mailbox of the desk already."))
    return _form_page(request, None, form)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def mailbox(request: Request, pk: int) -> HttpResponse:
    channel = get_object_or_404(_mailboxes(), pk=pk)
    form = MailboxForm(request.POST if request.method == "POST" else None, channel=channel)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        actions.change_mailbox(
            channel,
            name=values["name"],
            queue=values["queue"],
            plus_addresses=values["plus_addresses"],
            authserv_id=values["authserv_id"],
            by=request.user,
        )
        _set_servers(channel, form, request)
        return _saved(request, values["name"])
    return _form_page(request, channel, form)


def _set_servers(channel: Channel, form: MailboxForm, request: Request) -> None:
    actions.set_incoming(channel, form.fetching, by=request.user)
    actions.set_outgoing(channel, form.leaving, by=request.user)


def _saved(request: Request, name: str) -> HttpResponse:
    messages.success(request, _("“%(name)s” is saved.") % {"name": name})
    return accepted(redirect("setup:mailboxes"), request)


def _form_page(
    request: Request, channel: Channel | None, form: MailboxForm, trial: dict[str, Trial | None] | None = None
) -> HttpResponse:
    context = {
        "channel": channel,
        "form": form,
        "trial": trial,
        "files": mail_goes_to_files(),
        **(_state(channel) if channel else {}),
    }
    return show(request, "mailbox.html", context, status=422 if form.errors else 200)


def _state(channel: Channel) -> dict[str, Any]:
    """What came in by it, and what its server could not hand out."""
    counted = (
        InboundItem.objects.filter(channel=channel).order_by().values_list("state").annotate(Count("pk"))
    )
    counts = dict(counted)
    server = getattr(channel, "incoming", None)
    troubles = FetchedMail.objects.none()
    if server is not None:
        bad = [FetchedMail.Outcome.UNREADABLE, FetchedMail.Outcome.FAILING]
        troubles = server.fetched.filter(outcome__in=bad).order_by("-pk")
    return {
        "states": RECEIVED,
        "counts": {state: counts.get(state, 0) for state in RECEIVED},
        "received": sum(counts.values()),
        "troubles": list(troubles[:TROUBLES]),
    }


@require_POST
@permitted(permissions.SETUP)
def trial(request: Request) -> HttpResponse:
    """Try the servers as they stand in the form, saved or not."""
    channel = _mailboxes().filter(pk=_number(request.POST.get("channel", ""))).first()
    form = MailboxForm(request.POST, channel=channel)
    tried: dict[str, Trial | None] = {}
    if form.is_valid():
        tried = {
            "incoming": try_incoming(form.fetching.account, form.fetching.folder) if form.fetching else None,
            "outgoing": try_outgoing(form.leaving, form.cleaned_data["address"]) if form.leaving else None,
        }
    if request.headers.get("HX-Request"):
        return render(
            request, "setup/_trial.html", {"trial": tried, "form": form, "files": mail_goes_to_files()}
        )
    return _form_page(request, channel, form, tried)


def _number(value: str) -> int:
    return int(value) if value.isdecimal() and len(value) < 18 else 0


@require_POST
@permitted(permissions.SETUP)
def switching(request: Request, pk: int) -> HttpResponse:
    """Off: nothing comes in by it any more. `on` says which."""
    channel = get_object_or_404(_mailboxes(), pk=pk)
    actions.switch(channel, on=request.POST.get("on") == "1", by=request.user)
    return redirect("setup:mailbox", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def removal(request: Request, pk: int) -> HttpResponse:
    channel = get_object_or_404(_mailboxes(), pk=pk)
    context = {"channel": channel, "used": InboundItem.objects.filter(channel=channel).exists()}
    if request.method != "POST":
        return show(request, "mailbox_removal.html", context)
    try:
        actions.remove_mailbox(channel, by=request.user)
    except actions.InUse:
        return show(request, "mailbox_removal.html", context | {"used": True}, status=422)
    messages.success(request, _("“%(name)s” is removed.") % {"name": channel.name})
    return redirect("setup:mailboxes")


@require_POST
@permitted(permissions.SETUP)
def fetch_again(request: Request, pk: int, mail_pk: int) -> HttpResponse:
    """Ask the server once more for a mail that it could not hand out."""
    mail = get_object_or_404(
        FetchedMail.objects.select_related("server__channel"), pk=mail_pk, server__channel=pk
    )
    fetching.fetch_again(mail, by=request.user)
    messages.info(request, _("The server is asked for it again."))
    return redirect("setup:mailbox", pk=pk)
