"""Recovery codes: shown, downloaded and made anew."""

from __future__ import annotations

import time

from allauth.account.decorators import reauthentication_required
from allauth.account.utils import get_next_redirect_url
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from deskbell.people import actions, second_factor
from deskbell.people.models import User

confirmed = reauthentication_required(app="allauth.mfa")
#: session key: until when new recovery codes are shown
CODES_UNTIL = "second_factor.codes_until"
#: seconds in which the browser that made recovery codes may show, download and print them
CODES_SHOWN = 600


def me(request: HttpRequest) -> User:
    """Whoever is signed in, behind `login_required`."""
    assert isinstance(request.user, User)
    return request.user


def show_codes_next(request: HttpRequest) -> HttpResponse:
    """To the codes that were made a moment ago, and from there on to where the form was to lead."""
    request.session[CODES_UNTIL] = time.time() + CODES_SHOWN
    if after := get_next_redirect_url(request):
        request.session["second_factor.next"] = after
    return redirect("mfa_view_recovery_codes")


@login_required
@never_cache
@confirmed
@require_safe
def codes(request: HttpRequest) -> HttpResponse:
    """The recovery codes, for some minutes and in the browser that made them."""
    shown = _shown_codes(request)
    if shown is None:
        return redirect("mfa_index")
    context = {"person": me(request), "codes": shown, "next": request.session.get("second_factor.next", "")}
    return render(request, "mfa/recovery_codes/index.html", context)


@login_required
@never_cache
@confirmed
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    shown = _shown_codes(request)
    if shown is None:
        return redirect("mfa_index")
    context = {"codes": shown, "address": settings.BASE_URL, "person": me(request)}
    answer = render(
        request, "mfa/recovery_codes/download.txt", context, content_type="text/plain; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return answer


def _shown_codes(request: HttpRequest) -> list[str] | None:
    found = second_factor.recovery_codes(me(request))
    if found is None or time.time() > request.session.get(CODES_UNTIL, 0):
        return None
    return [f"{code[:4]} {code[4:]}" for code in found.get_unused_codes()]


@require_POST
@login_required
@never_cache
@confirmed
def new_codes(request: HttpRequest) -> HttpResponse:
    user = me(request)
    actions.renew_recovery_codes(user, by=user)
    return show_codes_next(request)
