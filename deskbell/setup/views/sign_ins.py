"""Sign-in providers, and how a mailbox is signed in at one (OAuth 2.0)."""

from __future__ import annotations

import secrets
import time
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from deskbell.channels import actions
from deskbell.channels.email import oauth
from deskbell.channels.email.accounts import BadAccount
from deskbell.channels.email.providers import client_of
from deskbell.channels.models import MailboxSignIn, SignInProvider
from deskbell.kit.once import accepted
from deskbell.people import permissions
from deskbell.setup.access import Request, permitted
from deskbell.setup.pages import show
from deskbell.setup.saving import saved_once, sent_before
from deskbell.setup.sign_in_forms import SignInProviderForm

#: sign-ins that were begun in this browser: state → mailbox, provider, verifier, when
BEGUN = "mailbox_sign_ins"
#: seconds in which somebody has to come back, and how many may be under way
TIME, AT_ONCE = 900, 5


def back() -> str:
    """Where providers send people back to; it has to be registered with them, letter by letter."""
    return f"{settings.BASE_URL}{reverse('setup:mailbox_signed_in')}"


@require_safe
@permitted(permissions.SETUP)
def providers(request: Request) -> HttpResponse:
    rows = SignInProvider.objects.annotate(mailboxes=Count("sign_ins")).order_by("name")
    return show(request, "sign_in_providers.html", {"rows": list(rows)})


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def new(request: Request) -> HttpResponse:
    if sent_before(request, "sign_in_provider"):
        return accepted(redirect("setup:sign_in_providers"), request)
    form = SignInProviderForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():

        def act() -> int:
            return actions.save_provider(form.given, by=request.user).pk

        if saved_once(request, "sign_in_provider", form, act):
            return _saved(request, form)
    return _page(request, None, form)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def provider(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(SignInProvider, pk=pk)
    form = SignInProviderForm(request.POST if request.method == "POST" else None, provider=row)
    if form.is_bound and form.is_valid():
        actions.save_provider(form.given, provider=row, by=request.user)
        return _saved(request, form)
    return _page(request, row, form)


def _saved(request: Request, form: SignInProviderForm) -> HttpResponse:
    messages.success(request, _("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
    return accepted(redirect("setup:sign_in_providers"), request)


def _page(request: Request, row: SignInProvider | None, form: SignInProviderForm) -> HttpResponse:
    context = {"row": row, "form": form, "back": back(), "https": settings.HTTPS}
    return show(request, "sign_in_provider.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def removal(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(SignInProvider, pk=pk)
    used = list(row.sign_ins.select_related("channel").order_by("channel__address"))
    context = {"row": row, "used": used}
    if request.method != "POST":
        return show(request, "sign_in_provider_removal.html", context)
    try:
        actions.remove_provider(row, by=request.user)
    except actions.InUse:
        return show(request, "sign_in_provider_removal.html", context, status=422)
    messages.success(request, _("“%(name)s” is removed.") % {"name": row.name})
    return redirect("setup:sign_in_providers")


def _sign_ins() -> Any:
    return MailboxSignIn.objects.select_related("channel", "provider")


@require_safe
@permitted(permissions.SETUP)
def sign_in(request: Request, pk: int) -> HttpResponse:
    """The way to the provider's own page, for one mailbox and this browser."""
    row = get_object_or_404(_sign_ins(), channel=pk, provider__flow=SignInProvider.Flow.PERSON)
    context: dict[str, Any] = {"channel": row.channel, "provider": row.provider, "address": "", "error": ""}
    try:
        client = client_of(row.provider)
    except BadAccount as error:
        context["error"] = str(error)
    else:
        state, verifier = secrets.token_urlsafe(32), oauth.new_verifier()
        begun = list(request.session.get(BEGUN, {}).items())[1 - AT_ONCE :]
        mine = {"mailbox": pk, "provider": row.provider_id, "verifier": verifier, "at": int(time.time())}
        request.session[BEGUN] = dict([*begun, (state, mine)])
        context["address"] = oauth.address_of_sign_in(client, back=back(), state=state, verifier=verifier)
    return show(request, "mailbox_sign_in.html", context)


@require_safe
@permitted(permissions.SETUP)
def signed_in(request: Request) -> HttpResponse:
    """Somebody comes back from the provider. What he brings counts once, in the browser he left with."""
    begun = request.session.get(BEGUN, {})
    mine = begun.pop(request.GET.get("state", ""), None)
    request.session[BEGUN] = begun
    row = _sign_ins().filter(channel=mine["mailbox"], provider=mine["provider"]).first() if mine else None
    if row is None or time.time() - mine["at"] > TIME:
        messages.error(request, _("This sign-in was not begun here, or too long ago. Begin it again."))
        return redirect("setup:mailboxes")
    if failure := _connect(request, row, mine["verifier"]):
        text = _("Nobody is signed in. %(name)s says: %(said)s")
        messages.error(request, text % {"name": row.provider.name, "said": failure})
        return redirect("setup:mailbox_sign_in", row.channel_id)
    messages.success(request, _("Signed in: the mailbox goes on from here."))
    return redirect("setup:mailbox", row.channel_id)


def _connect(request: Request, row: MailboxSignIn, verifier: str) -> str:
    """Empty when the mailbox is connected, else why not."""
    given = request.GET
    if "code" not in given:
        return (given.get("error_description") or given.get("error") or "–")[:400]
    try:
        tokens = oauth.exchange(client_of(row.provider), given["code"], back=back(), verifier=verifier)
        actions.connect(row, tokens, by=request.user)
    except (oauth.NotGranted, BadAccount) as error:
        return str(error)
    except actions.BadChannel:
        return _("It gave no refresh token, so that the sign-in would end within the hour. See its scopes.")
    return ""
