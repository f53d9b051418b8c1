"""One's second factor: what is set up, setting it up, recovery codes; and the step of a sign-in that asks."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

import segno
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url
from allauth.account.views import BaseReauthenticateView
from allauth.mfa.adapter import get_adapter
from allauth.mfa.internal.flows import trust
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.account import guessing
from deskbell.account.forms import SecondFactorCodeForm, SecondFactorForm
from deskbell.account.stages import SecondFactorStage
from deskbell.kit import limits
from deskbell.kit.secrets import seal, unseal
from deskbell.people import actions, second_factor
from deskbell.people.devices import visit_of
from deskbell.people.models import User

READ_AND_WRITE = ["GET", "HEAD", "POST"]
confirmed = reauthentication_required(app="allauth.mfa")
#: session keys: the sealed secret that is being set up, and until when new recovery codes are shown
SECRET, CODES_UNTIL = "second_factor.secret", "second_factor.codes_until"
#: seconds in which the browser that made recovery codes may show, download and print them
CODES_SHOWN = 600


def _try_code(
    request: HttpRequest, user: User, form: forms.Form, use: Any, *, entering: bool = False
) -> HTTPStatus:
    """Call `use(code)` if the form and the limits allow it. Gives the status: 200 for a right code.

    A wrong one of somebody `entering` stands in the history of sign-ins.
    """
    if not form.is_valid():
        return HTTPStatus.UNPROCESSABLE_ENTITY
    tried = limits.SECOND_FACTOR.count(request, key=str(user.pk))
    if tried is None:
        guessing.report(request, limits.SECOND_FACTOR, account=user.email or "")
        form.add_error("code", _("That was tried too often. Wait a few minutes, then take a new code."))
        return HTTPStatus.TOO_MANY_REQUESTS
    try:
        use(form.cleaned_data["code"])
    except actions.WrongCode:
        if entering:
            how = "totp" if second_factor.of_the_app(form.cleaned_data["code"]) else "recovery_code"
            actions.fail_sign_in(user, how=how, visit=visit_of(request))
        form.add_error("code", _("This code is wrong, too old, or was used before. Take a new one."))
        return HTTPStatus.UNPROCESSABLE_ENTITY
    tried.rollback()
    return HTTPStatus.OK


# --- signing in -----------------------------------------------------------------------------------


@login_stage_required(stage=SecondFactorStage.key, redirect_urlname="account_login")
@require_http_methods(READ_AND_WRITE)
def authenticate(request: HttpRequest) -> HttpResponse:
    """The step of a sign-in after the password or the mailed code."""
    stage = request._login_stage  # type: ignore[attr-defined]
    user = stage.login.user
    form = SecondFactorForm(request.POST or None)
    status = HTTPStatus.OK
    if request.method == "POST":
        status = _try_code(request, user, form, lambda code: _record(request, user, code), entering=True)
        if status == HTTPStatus.OK:
            response = stage.exit()
            if form.cleaned_data["remember"]:
                trust.trust_browser(request, user, response)
            return response
    return render(request, "mfa/authenticate.html", {"form": form, "days": _days()}, status=status)


def _record(request: HttpRequest, user: User, code: str, **more: Any) -> None:
    record_authentication(request, user, "mfa", type=actions.use_second_factor(user, code), **more)


def _days() -> int:
    return int(settings.MFA_TRUST_COOKIE_AGE) // 86400


@method_decorator([login_required, never_cache], name="dispatch")
class Reauthenticate(BaseReauthenticateView):
    """Confirm it is you, by a code."""

    form_class = SecondFactorCodeForm
    template_name = "mfa/reauthenticate.html"

    def form_valid(self, form: forms.Form) -> HttpResponse:
        user = self.request.user
        status = _try_code(
            self.request,
            user,
            form,
            lambda code: _record(self.request, user, code, reauthenticated=True),
            entering=True,
        )
        if status == HTTPStatus.OK:
            return super().form_valid(form)
        return self.render_to_response(self.get_context_data(form=form), status=status)


reauthenticate = Reauthenticate.as_view()


# --- one's own -------------------------------------------------------------------------------------


@login_required
@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    user = _me(request)
    context = {
        "person": user,
        "on": second_factor.since(user),
        "needed": second_factor.is_needed(user),
        "codes_left": second_factor.codes_left(user),
        "codes": second_factor.CODES,
    }
    return render(request, "mfa/index.html", context)


def _me(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@login_required
@never_cache
@confirmed
@require_http_methods(READ_AND_WRITE)
def set_up(request: HttpRequest) -> HttpResponse:
    """Show the secret and take it into use with a first code; moves an older one to another app."""
    user = _me(request)
    form = SecondFactorCodeForm(request.POST or None)
    secret = _secret(request)
    status = HTTPStatus.OK
    if request.method == "POST":
        status = _try_code(
            request,
            user,
            form,
            lambda code: actions.switch_on_second_factor(user, secret, code=code, by=user),
        )
        if status == HTTPStatus.OK:
            del request.session[SECRET]
            request.session[CODES_UNTIL] = time.time() + CODES_SHOWN
            return _on_with_next(request, "mfa_view_recovery_codes")
    context = {
        "person": user,
        "form": form,
        "replacing": second_factor.has(user),
        "needed": second_factor.is_needed(user),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "qr": segno.make(get_adapter().build_totp_url(user, secret), error="m", micro=False).svg_data_uri(
            scale=5, border=3, dark="#101418", light="#ffffff"
        ),
        "next": get_next_redirect_url(request) or "",
    }
    return render(request, "mfa/totp/activate_form.html", context, status=status)


def _secret(request: HttpRequest) -> str:
    """The secret of this session's set-up: the same on every try, for it may be in the app already."""
    sealed = request.session.get(SECRET)
    if sealed:
        return str(unseal(sealed.encode()))
    secret = second_factor.new_secret()
    request.session[SECRET] = seal(secret).decode()
    return secret


def _on_with_next(request: HttpRequest, name: str) -> HttpResponse:
    response = redirect(name)
    if after := get_next_redirect_url(request):
        request.session["second_factor.next"] = after
    return response


@login_required
@never_cache
@confirmed
@require_http_methods(READ_AND_WRITE)
def switch_off(request: HttpRequest) -> HttpResponse:
    user = _me(request)
    if not second_factor.has(user):
        return redirect("mfa_index")
    if request.method == "POST":
        try:
            actions.switch_off_second_factor(user, by=user)
            messages.success(request, _("Your second factor is off."))
        except actions.SecondFactorNeeded:
            messages.error(request, _("Your role asks for a second factor, so it stays on."))
        return redirect("mfa_index")
    if second_factor.is_needed(user):
        return redirect("mfa_index")
    return render(request, "mfa/totp/deactivate_form.html", {"person": user})


@login_required
@never_cache
@confirmed
@require_safe
def codes(request: HttpRequest) -> HttpResponse:
    """The recovery codes, for some minutes and in the browser that made them."""
    shown = _shown_codes(request)
    if shown is None:
        return redirect("mfa_index")
    context = {"person": _me(request), "codes": shown, "next": request.session.get("second_factor.next", "")}
    return render(request, "mfa/recovery_codes/index.html", context)


@login_required
@never_cache
@confirmed
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    shown = _shown_codes(request)
    if shown is None:
        return redirect("mfa_index")
    context = {"codes": shown, "address": settings.BASE_URL, "person": _me(request)}
    answer = render(
        request, "mfa/recovery_codes/download.txt", context, content_type="text/plain; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return answer


def _shown_codes(request: HttpRequest) -> list[str] | None:
    found = second_factor.recovery_codes(_me(request))
    if found is None or time.time() > request.session.get(CODES_UNTIL, 0):
        return None
    return [f"{code[:4]} {code[4:]}" for code in found.get_unused_codes()]


@require_POST
@login_required
@never_cache
@confirmed
def new_codes(request: HttpRequest) -> HttpResponse:
    user = _me(request)
    actions.renew_recovery_codes(user, by=user)
    request.session[CODES_UNTIL] = time.time() + CODES_SHOWN
    return redirect("mfa_view_recovery_codes")
