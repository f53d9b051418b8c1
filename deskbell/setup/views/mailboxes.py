"""Mailboxes: the addresses customers write to, their servers, and how these are."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.channels import actions
from deskbell.channels.actions import fetching
from deskbell.channels.email.driver import mail_goes_to_files
from deskbell.channels.email.trial import Trial, try_incoming, try_outgoing
from deskbell.channels.models import Channel, FetchedMail, InboundItem, IncomingServer, SentCopy
from deskbell.kit.once import accepted
from deskbell.people import permissions
from deskbell.people.addresses import email_key
from deskbell.setup.access import Request, permitted
from deskbell.setup.ledgers import RECEIVED
from deskbell.setup.mailbox_forms import MailboxForm
from deskbell.setup.pages import show
from deskbell.setup.saving import saved_once, sent_before

#: mails that could not be fetched and are shown at once
TROUBLES = 20


def _mailboxes() -> Any:
    rows = Channel.objects.filter(kind=Channel.Kind.EMAIL)
    return rows.select_related("incoming", "outgoing", "queue", "sign_in__provider")


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
                made = _mailboxes().get(address=email_key(values["address"]))
                return _saved(request, made, values["name"])
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
        with transaction.atomic():  # a fetcher must not see a server without its sign-in
            _set_servers(channel, form, request)
            actions.change_mailbox(
                channel,
                name=values["name"],
                queue=values["queue"],
                plus_addresses=values["plus_addresses"],
                authserv_id=values["authserv_id"],
                by=request.user,
            )
        return _saved(request, _mailboxes().get(pk=pk), values["name"])
    return _form_page(request, channel, form)


def _set_servers(channel: Channel, form: MailboxForm, request: Request) -> None:
    actions.set_sign_in(channel, form.provider, by=request.user)
    actions.set_incoming(channel, form.fetching, by=request.user)
    actions.set_outgoing(channel, form.leaving, by=request.user)


def _saved(request: Request, channel: Channel, name: str) -> HttpResponse:
    """Where somebody has to sign in for the mailbox, that comes next."""
    messages.success(request, _("“%(name)s” is saved.") % {"name": name})
    sign_in = getattr(channel, "sign_in", None)
    if sign_in and sign_in.needed_since:
        return accepted(redirect("setup:mailbox_sign_in", channel.pk), request)
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
        **_copies(server),
    }


def _copies(server: IncomingServer | None) -> dict[str, Any]:
    """Copies of sent mails that are not in the folder: how many wait after a failure, how many never come."""
    failed = server.copies.exclude(error="") if server else SentCopy.objects.none()
    last = failed.order_by("-pk").first()
    return {
        "late_copies": failed.filter(content__isnull=False).count() if last else 0,
        "lost_copies": failed.filter(content__isnull=True).count() if last else 0,
        "copy_error": last.error if last else "",
    }


@require_POST
@permitted(permissions.SETUP)
def trial(request: Request) -> HttpResponse:
    """Try the servers as they stand in the form, saved or not."""
    channel = _mailboxes().filter(pk=_number(request.POST.get("channel", ""))).first()
    form = MailboxForm(request.POST, channel=channel)
    tried: dict[str, Trial | None] = {}
    if form.is_valid():
        tried = _tried(channel, form)
    if request.headers.get("HX-Request"):
        return render(
            request, "setup/_trial.html", {"trial": tried, "form": form, "files": mail_goes_to_files()}
        )
    return _form_page(request, channel, form, tried)


def _tried(channel: Channel | None, form: MailboxForm) -> dict[str, Trial | None]:
    sign_in = getattr(channel, "sign_in", None)
    if form.provider and (sign_in is None or sign_in.provider_id != form.provider.pk):
        first = Trial(False, _("Save the mailbox first: then it can be signed in, and be tried."))
        return {"incoming": first if form.fetching else None, "outgoing": None if form.fetching else first}
    pk, fetching, leaving = channel.pk if channel else 0, form.fetching, form.leaving
    return {
        "incoming": try_incoming(fetching.account, fetching.folder, pk) if fetching else None,
        "outgoing": try_outgoing(leaving, form.cleaned_data["address"], pk) if leaving else None,
    }


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
        actions.remove_channel(channel, by=request.user)
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
