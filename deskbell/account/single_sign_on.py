"""Signing in at an identity provider: there, back, and where one signs out of it, too."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url, perform_login
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from deskbell.account.access import Request, own
from deskbell.kit import limits
from deskbell.people import actions, openid
from deskbell.people.devices import begin_on_the_phone
from deskbell.people.models import IdentityProvider

#: session keys: sign-ins that were begun in this browser, by their state; and by what it is signed in
BEGUN, SIGNED_IN_BY = "single_sign_on", "identity_provider"
#: seconds in which somebody has to come back, and how many may be under way
LASTS, AT_ONCE = 900, 5


def providers(request: HttpRequest) -> list[IdentityProvider]:
    """Those that a sign-in page offers."""
    return list(IdentityProvider.objects.filter(active=True).order_by("name"))


def _back(provider: IdentityProvider) -> str:
    """Where the provider sends people back to. Each has its own, so that none can answer for another."""
    return f"{settings.BASE_URL}{reverse('account_provider_back', args=[provider.pk])}"


@require_safe
@never_cache
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """The way to the provider, noted in this browser. A form would not do: ours lead nowhere else."""
    provider = get_object_or_404(IdentityProvider, pk=pk, active=True)
    if request.user.is_authenticated:
        return redirect(get_next_redirect_url(request) or "/")
    on_the_phone = "phone" in request.GET
    if limits.PROVIDER.count(request) is None:
        return render(request, "429.html", status=429)
    begun = openid.Begun.new()
    try:
        address = openid.address_of_sign_in(provider, begun, back=_back(provider))
    except openid.NotConfirmed as error:
        return _refused(request, provider, str(error), on_the_phone=on_the_phone)
    mine = {
        **asdict(begun),
        "provider": pk,
        "at": int(time.time()),
        "next": get_next_redirect_url(request) or "",
        "phone": on_the_phone,
        "stay": "stay" in request.GET,
    }
    others = list(request.session.get(BEGUN, {}).items())[1 - AT_ONCE :]
    request.session[BEGUN] = dict([*others, (begun.state, mine)])
    return redirect(address)


@require_safe
@never_cache
def back(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody comes back. What he brings counts once, in the browser he left with, from whom he left to."""
    provider = get_object_or_404(IdentityProvider, pk=pk, active=True)
    if request.user.is_authenticated:
        return redirect("/")
    if limits.PROVIDER.count(request) is None:
        return render(request, "429.html", status=429)
    mine = _begun(request, pk)
    if mine is None:
        messages.error(request, _("This sign-in was not begun here, or too long ago. Begin it again."))
        return redirect("account_login")
    on_the_phone = mine["phone"]
    try:
        found = _found(request, provider, mine)
        user = actions.enter_by_provider(provider, found)
    except openid.NotConfirmed as error:
        return _refused(request, provider, str(error), on_the_phone=on_the_phone)
    except actions.NotLetIn as error:
        return _refused(request, provider, _why(error.reason), on_the_phone=on_the_phone)
    if on_the_phone:
        begin_on_the_phone(request, stay=mine["stay"])
    request.signed_in_by = "provider"  # type: ignore[attr-defined]
    record_authentication(request, user, "provider", provider=pk)
    request.session[SIGNED_IN_BY] = pk
    home = reverse("field:tickets") if on_the_phone else None
    return perform_login(request, user, redirect_url=mine["next"] or home)


def _begun(request: HttpRequest, pk: int) -> dict[str, Any] | None:
    begun = request.session.get(BEGUN, {})
    mine = begun.pop(request.GET.get("state", ""), None)
    request.session[BEGUN] = begun
    if mine is None or mine["provider"] != pk or time.time() - mine["at"] > LASTS:
        return None
    return mine


def _found(request: HttpRequest, provider: IdentityProvider, mine: dict[str, Any]) -> openid.Found:
    """Raises NotConfirmed."""
    given = request.GET
    if given.get("iss", provider.issuer) != provider.issuer:  # RFC 9207
        raise openid.NotConfirmed(_("The answer comes from another provider."))
    if "code" not in given:
        said = (given.get("error_description") or given.get("error") or "–")[:300]
        raise openid.NotConfirmed(_("It says: %(said)s") % {"said": said})
    begun = openid.Begun(mine["state"], mine["nonce"], mine["verifier"])
    return openid.find(provider, begun, given["code"], back=_back(provider))


def _why(reason: str) -> str:
    if reason == "unverified":
        return _("It does not say that your e-mail address is verified, so we cannot know who you are here.")
    if reason == "unknown":
        return _("Nobody here has your e-mail address. Ask for an invitation, or sign in another way.")
    if reason == "staff":
        return _("People who work here sign in another way.")
    return _("This way is for people who work here. Sign in another way.")


def _refused(
    request: HttpRequest, provider: IdentityProvider, why: str, *, on_the_phone: bool
) -> HttpResponse:
    text = _("You are not signed in by %(name)s. %(why)s") % {"name": provider.name, "why": why}
    messages.error(request, text)
    return redirect("field:signin" if on_the_phone else "account_login")


def address_after_sign_out(request: HttpRequest) -> str:
    """A page that leads to the provider's own sign-out; empty for who did not sign in by one."""
    pk = request.session.get(SIGNED_IN_BY)
    return reverse("account_provider_left", args=[pk]) if pk else ""


@require_safe
@never_cache
def left(request: HttpRequest, pk: int) -> HttpResponse:
    """Signed out here, perhaps not there: whoever opens this browser next comes in again by one click."""
    provider = get_object_or_404(IdentityProvider, pk=pk, active=True)
    address = openid.address_of_sign_out(provider, back=f"{settings.BASE_URL}{reverse('account_login')}")
    return render(request, "account/provider_left.html", {"provider": provider, "address": address})


@require_POST
@own
def unlink(request: Request, pk: int) -> HttpResponse:
    actions.unlink_provider(request.user, pk, by=request.user)
    messages.success(request, _("It is no way into your account any more."))
    return redirect("mfa_index")
