"""Passkeys: signing in with one, as the second step, to confirm who one is; and one's own."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url, perform_login
from allauth.account.views import BaseReauthenticateView
from allauth.mfa.internal.flows import trust
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from deskbell.account.access import Request, own
from deskbell.account.codes import me, show_codes_next
from deskbell.account.stages import SecondFactorStage
from deskbell.kit import limits
from deskbell.people import actions, passkeys
from deskbell.people.browsers import browser_and_system
from deskbell.people.devices import begin_on_the_phone, visit_of
from deskbell.people.models import Device, User
from deskbell.people.passkeys import WrongPasskey
from deskbell.people.queries import company

READ_AND_WRITE = ["GET", "HEAD", "POST"]
confirmed = reauthentication_required(app="allauth.mfa")
#: session key of what a browser was asked, and the seconds it has for the answer
ASKED, LASTS = "passkey", 300


class AnswerForm(forms.Form):
    """What the browser answers."""

    credential = forms.JSONField(widget=forms.HiddenInput)


class NameForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("By which you know it again, as “Phone” or “Blue key”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def place_of(request: HttpRequest) -> passkeys.Place:
    return passkeys.Place(request.scheme or "", request.get_host(), company().name)


def _ask(request: HttpRequest, what: str, asked: tuple[dict[str, Any], passkeys.State]) -> dict[str, Any]:
    options, state = asked
    request.session[ASKED] = {"what": what, "at": time.time(), **state}
    return options


def _asked(request: HttpRequest, what: str) -> passkeys.State:
    """What this browser was asked. It counts once. Raises WrongPasskey."""
    state = request.session.pop(ASKED, None)
    if state is None or state["what"] != what or time.time() - state["at"] > LASTS:
        raise WrongPasskey
    return state


def ask_for(request: HttpRequest, what: str, user: User | None) -> dict[str, Any]:
    """Options for the browser, kept for its answer."""
    return _ask(request, what, passkeys.ask_for(place_of(request), user))


def _answered(request: HttpRequest, what: str, user: User | None) -> Authenticator:
    """The passkey that answered, used. Raises WrongPasskey, and TooOften where that was tried too often."""
    tried = limits.PASSKEY.count(request)
    if tried is None:
        raise TooOften
    form = AnswerForm(request.POST)
    state = _asked(request, what)
    if not form.is_valid():
        raise WrongPasskey
    try:
        row, count = passkeys.used(place_of(request), state, form.cleaned_data["credential"], user=user)
        actions.use_passkey(row, count)
    except WrongPasskey:
        if user is not None:
            actions.fail_sign_in(user, how="passkey", visit=visit_of(request))
        raise
    tried.rollback()
    return row


class TooOften(WrongPasskey):
    pass


def _words(error: WrongPasskey) -> str:
    if isinstance(error, TooOften):
        return _("That was tried too often. Wait a few minutes, or sign in another way.")
    return _("That did not work: the passkey is not known here, or it took too long. Try again.")


# --- signing in -----------------------------------------------------------------------------------


@never_cache
@require_http_methods(READ_AND_WRITE)
def sign_in(request: HttpRequest) -> HttpResponse:
    """What the browser is asked, which is the same for everybody; a POST is its answer."""
    if request.user.is_authenticated:
        return redirect(get_next_redirect_url(request) or "/")
    if request.method != "POST":
        return JsonResponse(ask_for(request, "sign in", None))
    on_the_phone = "phone" in request.POST
    after = get_next_redirect_url(request)
    try:
        row = _answered(request, "sign in", None)
    except WrongPasskey as error:
        messages.error(request, _words(error))
        back = reverse("field:signin" if on_the_phone else "account_login")
        return redirect(f"{back}?{urlencode({'next': after})}" if after else back)
    if on_the_phone:
        begin_on_the_phone(request, stay="stay" in request.POST)
        after = after or reverse("field:tickets")
    request.signed_in_by = "passkey"  # type: ignore[attr-defined]
    record_authentication(request, row.user, "mfa", type=row.type)
    return perform_login(request, row.user, redirect_url=after)


@require_POST
@login_stage_required(stage=SecondFactorStage.key, redirect_urlname="account_login")
def step(request: HttpRequest) -> HttpResponse:
    """The step after the password or the mailed code."""
    stage = request._login_stage  # type: ignore[attr-defined]
    user = stage.login.user
    try:
        row = _answered(request, "step", user)
    except WrongPasskey as error:
        messages.error(request, _words(error))
        return redirect("mfa_authenticate")
    record_authentication(request, user, "mfa", type=row.type)
    response = stage.exit()
    if "remember" in request.POST:
        trust.trust_browser(request, user, response)
    return response


@method_decorator([login_required, never_cache], name="dispatch")
class Reauthenticate(BaseReauthenticateView):
    """Confirm it is you, by a passkey."""

    form_class = AnswerForm
    template_name = "account/passkey_reauthenticate.html"

    def form_valid(self, form: forms.Form) -> HttpResponse:
        try:
            row = _answered(self.request, "confirm", self.request.user)
        except WrongPasskey as error:
            return self._again(form, error)
        record_authentication(self.request, self.request.user, "mfa", type=row.type, reauthenticated=True)
        return super().form_valid(form)

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        return self._again(form, WrongPasskey())

    def _again(self, form: forms.Form, error: WrongPasskey) -> HttpResponse:
        status = 429 if isinstance(error, TooOften) else 422
        return self.render_to_response(self.get_context_data(form=form, wrong=_words(error)), status=status)

    def get_context_data(self, **named: Any) -> dict[str, Any]:
        options = json.dumps(ask_for(self.request, "confirm", self.request.user))
        return super().get_context_data(**{"wrong": "", **named}, options=options)


reauthenticate = Reauthenticate.as_view()


# --- one's own -------------------------------------------------------------------------------------


@login_required
@never_cache
@confirmed
@require_http_methods(READ_AND_WRITE)
def new(request: HttpRequest) -> HttpResponseBase:
    user, wrong = me(request), ""
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": _device(request)})
    if form.is_valid():
        try:
            codes = _add(request, form.cleaned_data["name"])
        except actions.TooManyPasskeys:
            wrong = _("You have %(most)d passkeys, and more there cannot be. Remove one first.")
            wrong %= {"most": actions.MOST_PASSKEYS}
        except WrongPasskey:
            wrong = _("That did not work: it took too long, or this passkey is in use already. Try again.")
        else:
            if codes:
                return show_codes_next(request)
            messages.success(request, _("The passkey is added."))
            return redirect("mfa_index")
    context = {
        "form": form,
        "wrong": wrong,
        "options": json.dumps(_ask(request, "new", passkeys.ask_to_make(place_of(request), user))),
        "next": get_next_redirect_url(request) or "",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "account/passkey_new.html", context, status=status)


def _add(request: HttpRequest, name: str) -> bool:
    """Whether recovery codes were made. Raises WrongPasskey, TooManyPasskeys."""
    answer = AnswerForm(request.POST)
    state = _asked(request, "new")
    if not answer.is_valid():
        raise WrongPasskey
    found = passkeys.made(place_of(request), state, answer.cleaned_data["credential"])
    return actions.add_passkey(me(request), found, name=name, by=me(request))


def _device(request: HttpRequest) -> str:
    browser, system = browser_and_system(request.headers.get("User-Agent", ""))
    return Device(browser=browser, system=system).words if browser or system else ""


@require_http_methods(READ_AND_WRITE)
@own
@confirmed
def name(request: Request, pk: int) -> HttpResponse:
    row = next((each for each in passkeys.passkeys_of(request.user) if each.pk == pk), None)
    if row is None:
        return redirect("mfa_index")
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": row.name})
    if form.is_valid():
        actions.rename_passkey(request.user, pk, name=form.cleaned_data["name"], by=request.user)
        return redirect("mfa_index")
    context = {"form": form, "passkey": row}
    return render(request, "account/passkey_name.html", context, status=422 if form.is_bound else 200)


@require_http_methods(READ_AND_WRITE)
@own
@confirmed
def removal(request: Request, pk: int) -> HttpResponse:
    row = next((each for each in passkeys.passkeys_of(request.user) if each.pk == pk), None)
    if row is None:
        return redirect("mfa_index")
    if request.method != "POST":
        return render(request, "account/passkey_removal.html", {"passkey": row})
    try:
        actions.remove_passkey(request.user, pk, by=request.user)
        messages.success(request, _("The passkey “%(name)s” is removed.") % {"name": row.name})
    except actions.SecondFactorNeeded:
        messages.error(
            request, _("Your role asks for a second factor, and this is your last: add another one first.")
        )
    return redirect("mfa_index")
