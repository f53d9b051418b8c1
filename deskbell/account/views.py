"""Signing up and invitations. Signing in and passwords are the sign-in library's views; wrong codes are noted
here on their way.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from allauth.account import views as library
from allauth.account.adapter import get_adapter
from allauth.account.utils import get_next_redirect_url, perform_login
from allauth.decorators import rate_limit
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from deskbell.account import guessing, pending, whatsapp
from deskbell.account.forms import CodeForm, InvitationForm, SignUpForm
from deskbell.kit import limits
from deskbell.kit.once import accepted
from deskbell.people import actions
from deskbell.people.addresses import email_key
from deskbell.people.devices import BEGUN
from deskbell.people.models import User
from deskbell.people.queries import company

READ_AND_WRITE = ["GET", "HEAD", "POST"]


class ConfirmSignInCode(library.ConfirmLoginCodeView):
    """A code by mail, or by WhatsApp. A POST with `leave` gives the sign-in up: else every page of signing in
    leads back here.
    """

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "leave" in request.POST:
            self._process.abort()
            return redirect("field:signin" if BEGUN in request.session else "account_login")
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        state = self._process.state
        by_whatsapp = "phone" in state
        given, how = (state["phone"], whatsapp.WAY) if by_whatsapp else (state.get("email", ""), "code")
        guessing.note(self.request, given, how=how)
        answer = super().form_invalid(form)
        over = answer.status_code == HTTPStatus.FOUND
        return redirect("account_request_whatsapp_code") if over and by_whatsapp else answer

    def _verify_form_valid(self, form: forms.Form) -> HttpResponse:
        if "phone" in self._process.state:
            return whatsapp.finish(self.request, self._process, self.get_next_url())
        return super()._verify_form_valid(form)


class ConfirmResetCode(library.ConfirmPasswordResetCodeView):
    def form_invalid(self, form: forms.Form) -> HttpResponse:
        guessing.note(self.request, self._process.state.get("email", ""), how="reset")
        return super().form_invalid(form)


confirm_login_code = ConfirmSignInCode.as_view()
confirm_password_reset_code = ConfirmResetCode.as_view()


@rate_limit(action="signup")
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(READ_AND_WRITE)
def sign_up(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(_home(request))
    if not company().open_to_new_people:
        return render(request, "account/signup_closed.html", status=403)
    form = SignUpForm(request.POST or None, initial={"email": request.GET.get("email", "")})
    if form.is_valid():
        try:
            pending.begin(request, **form.cleaned_data, next=get_next_redirect_url(request) or "")
            return accepted(redirect("account_signup_confirm"), request)
        except pending.Closed:
            form.add_error("email", _closed())
        except pending.TooSoon:
            form.add_error(
                "email", _("We sent a mail to this address a moment ago. Try again in a few seconds.")
            )
    return render(
        request, "account/signup.html", {"form": form, "next": get_next_redirect_url(request) or ""}
    )


def _closed() -> str:
    words = _(
        "Accounts here are for people of organisations we know, and this address belongs to none of them. "
        "Ask %(support)s for an invitation. If you wrote to us before, sign in with a code instead."
    )
    return words % {"support": company().support_address}


@rate_limit(action="signup")
@never_cache
@require_http_methods(READ_AND_WRITE)
def sign_up_confirm(request: HttpRequest) -> HttpResponse:
    """The code decides: only now a person is made, or gets the password."""
    waiting = pending.current(request)
    if waiting is None:
        return redirect("account_signup")
    form = CodeForm(request.POST or None)
    if form.is_valid():
        if pending.is_right(request, waiting, form.cleaned_data["code"]):
            return _finish_sign_up(request, waiting)
        guessing.note(request, waiting.email, how="sign_up")
        if pending.current(request) is None:
            messages.error(request, _("That was the wrong code too often. Please start again."))
            return redirect("account_signup")
        form.add_error("code", _("That is not the code from the mail."))
    return render(request, "account/signup_confirm.html", {"form": form, "sign_up": waiting})


def _finish_sign_up(request: HttpRequest, waiting: pending.SignUp) -> HttpResponse:
    pending.end(request)
    try:
        user = actions.sign_up(waiting.email, name=waiting.name, password_hash=waiting.password_hash)
    except actions.AddressTaken:  # signed up in another window meanwhile
        messages.info(request, _("You have an account already. Please sign in."))
        return redirect("account_login")
    except actions.RegistrationClosed:  # the rule was changed meanwhile
        messages.error(request, _closed())
        return redirect("account_login")
    return _sign_in(request, user, waiting.email, waiting.next or None, by="sign_up")


@rate_limit(action="signup")
@require_http_methods(["POST"])
def sign_up_code(request: HttpRequest) -> HttpResponse:
    """A new code for the sign-up that waits."""
    waiting = pending.current(request)
    if waiting is None:
        return redirect("account_signup")
    try:
        pending.resend(request, waiting)
        messages.success(request, _("We sent a new code. The old one no longer works."))
    except pending.TooSoon:
        messages.info(request, _("A code is on its way. Wait a few seconds before you ask for another."))
    return redirect("account_signup_confirm")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(READ_AND_WRITE)
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    try:
        offered = actions.open_invitation(token)
    except actions.InvitationGone as gone:
        if gone.reason == "unknown" and limits.LINK.count(request) is None:
            return render(request, "429.html", status=429)
        return render(request, "account/invitation_gone.html", {"reason": gone.reason}, status=410)
    has_account = _has_password(offered.email)
    form = InvitationForm(
        request.POST or None,
        email=offered.email,
        with_password=not has_account,
        initial={"name": offered.name},
    )
    if form.is_valid():
        return _accept(request, token, offered.email, form, has_account)
    context = {"form": form, "invitation": offered, "has_account": has_account}
    return render(request, "account/invitation.html", context)


def _accept(
    request: HttpRequest, token: str, email: str, form: InvitationForm, has_account: bool
) -> HttpResponse:
    try:
        user = actions.accept_invitation(
            token, name=form.cleaned_data["name"], password=form.cleaned_data.get("password")
        )
    except actions.InvitationGone as gone:
        return render(request, "account/invitation_gone.html", {"reason": gone.reason}, status=410)
    if has_account:  # a link in a mail never stands in for a password one has
        messages.success(request, _("You have the new role. Sign in to use it."))
        return redirect("account_login" if not request.user.is_authenticated else _home(request))
    return _sign_in(request, user, email, None, by="invitation")


def _has_password(email: str) -> bool:
    owner = User.objects.filter(identities__kind="email", identities__key=email_key(email)).first()
    return owner is not None and owner.has_usable_password()


def _sign_in(request: HttpRequest, user: User, email: str, url: str | None, *, by: str) -> HttpResponse:
    request.signed_in_by = by  # type: ignore[attr-defined]
    return perform_login(request, user, redirect_url=url, signup=True, email=email_key(email))


def _home(request: HttpRequest) -> str:
    return get_next_redirect_url(request) or get_adapter(request).get_login_redirect_url(request)
