"""Signing in by a code by WhatsApp: asked for by one's number, then checked as a code by mail is."""

from __future__ import annotations

from typing import Any

from allauth.account import views as library
from allauth.account.adapter import get_adapter
from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.models import Login
from allauth.core import context as current
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.channels.actions import whatsapp_codes
from deskbell.kit import limits
from deskbell.people import actions
from deskbell.people.addresses import BadAddress, chat_number_key
from deskbell.people.devices import begin_on_the_phone
from deskbell.people.whatsapp import aliases

#: how the sign-in history calls it
WAY = "whatsapp"
#: counted together with codes by mail
CODES = limits.Limit(
    "request_login_code", settings.ACCOUNT_RATE_LIMITS["request_login_code"], app="allauth.account"
)


def are_offered(request: HttpRequest) -> bool:
    """What sign-in pages ask."""
    return whatsapp_codes.are_offered()


class NumberField(forms.CharField):
    """A WhatsApp number as people write it; gives its digits with the country code."""

    def __init__(self) -> None:
        attrs = {"type": "tel", "inputmode": "tel", "autocomplete": "tel"}
        super().__init__(
            label=gettext_lazy("WhatsApp number"), max_length=40, widget=forms.TextInput(attrs=attrs)
        )

    def clean(self, value: Any) -> str:
        given = super().clean(value)
        try:
            return chat_number_key(given, whatsapp_codes.region())
        except BadAddress as error:
            raise forms.ValidationError(
                _("This is not a phone number. Write it with its country code, as +44 7700 900555.")
            ) from error


def count(request: HttpRequest, digits: str) -> bool:
    """Whether one more code may be sent to the number, however it is written; counts it."""
    return CODES.count(request, key=min(digits, *aliases(digits), digits)) is not None


class RequestCodeForm(forms.Form):
    phone = NumberField()

    def clean_phone(self) -> str:
        digits = self.cleaned_data["phone"]
        number = whatsapp_codes.number_of(digits)
        if not count(current.request, digits):
            raise get_adapter().validation_error("too_many_login_attempts")
        self._user = number.user if number else None
        return f"+{digits}"


class RequestCode(library.RequestLoginCodeView):
    """The way in for thumbs, too: `phone` in the address or the form makes it one of the phone page."""

    template_name = "account/request_whatsapp_code.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not whatsapp_codes.are_offered():
            return redirect("field:signin" if self.on_the_phone else "account_login")
        return super().dispatch(request, *args, **kwargs)

    @property
    def on_the_phone(self) -> bool:
        return "phone_page" in self.request.GET or "phone_page" in self.request.POST

    def get_form_class(self) -> type[forms.Form]:
        return RequestCodeForm

    def form_valid(self, form: forms.Form) -> HttpResponse:
        if self.on_the_phone:
            begin_on_the_phone(self.request, stay="stay" in self.request.POST)
        return super().form_valid(form)

    def get_context_data(self, **named: Any) -> dict[str, Any]:
        stays = self.request.method != "POST" or "stay" in self.request.POST
        return super().get_context_data(**named, on_the_phone=self.on_the_phone, stays=stays)


request_code = RequestCode.as_view()


def finish(request: HttpRequest, process: LoginCodeVerificationProcess, url: str | None) -> HttpResponse:
    """The code was right, and counts once: sign its person in, if the number is still his."""
    user, phone = process.user, process.state["phone"]
    process.abort()
    number = whatsapp_codes.number_of(phone.removeprefix("+"))
    if number is None or user is None or number.user_id != user.pk:
        messages.error(request, _("Nobody can sign in by this number any more. Try another way."))
        return redirect("account_login")
    actions.use_whatsapp(number)
    record_authentication(request, user, WAY, phone=phone)
    # a mail address that somebody noted of him is no reason to keep him out
    login = Login(user=user, redirect_url=url, email_verification=EmailVerificationMethod.NONE)
    return perform_login(request, login)
