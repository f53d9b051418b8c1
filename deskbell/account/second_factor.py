"""One's second factor: what is set up, setting it up; and the step of a sign-in that asks."""

from __future__ import annotations

import json
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
from django.views.decorators.http import require_http_methods, require_safe

from deskbell.account import guessing, passkeys
from deskbell.account.codes import me, show_codes_next
from deskbell.account.forms import SecondFactorCodeForm, SecondFactorForm
from deskbell.account.stages import SecondFactorStage
from deskbell.kit import limits
from deskbell.kit.secrets import seal, unseal
from deskbell.people import actions, second_factor
from deskbell.people.devices import visit_of
from deskbell.people.models import User
from deskbell.people.passkeys import passkeys_of

READ_AND_WRITE = ["GET", "HEAD", "POST"]
confirmed = reauthentication_required(app="allauth.mfa")
#: session key of the sealed secret that is being set up
SECRET = "second_factor.secret"  # noqa: S105


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
    context = {"form": form, "days": _days(), "app": second_factor.app_since(user) is not None}
    if passkeys_of(user):
        context["options"] = json.dumps(passkeys.ask_for(request, "step", user))
    return render(request, "mfa/authenticate.html", context, status=status)


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
    user = me(request)
    context = {
        "person": user,
        "on": second_factor.has(user),
        "app": second_factor.app_since(user),
        "passkeys": passkeys_of(user),
        "keepers": list(user.directory_links.select_related("directory").filter(directory__active=True)),
        "links": list(user.provider_links.select_related("provider").order_by("pk")),
        "needed": second_factor.is_needed(user),
        "codes_left": second_factor.codes_left(user),
        "codes": second_factor.CODES,
    }
    return render(request, "mfa/index.html", context)


@login_required
@never_cache
@confirmed
@require_http_methods(READ_AND_WRITE)
def set_up(request: HttpRequest) -> HttpResponse:
    """Show the secret and take it into use with a first code; moves an older one to another app."""
    user = me(request)
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
            return show_codes_next(request)
    context = {
        "person": user,
        "form": form,
        "replacing": second_factor.app_since(user) is not None,
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


@login_required
@never_cache
@confirmed
@require_http_methods(READ_AND_WRITE)
def switch_off(request: HttpRequest) -> HttpResponse:
    user = me(request)
    if second_factor.app_since(user) is None:
        return redirect("mfa_index")
    if request.method == "POST":
        try:
            actions.switch_off_second_factor(user, by=user)
            messages.success(request, _("You sign in without the app now."))
        except actions.SecondFactorNeeded:
            messages.error(request, _("Your role asks for a second factor, so it stays on."))
        return redirect("mfa_index")
    others = bool(passkeys_of(user))
    if second_factor.is_needed(user) and not others:
        return redirect("mfa_index")
    return render(request, "mfa/totp/deactivate_form.html", {"person": user, "others": others})
