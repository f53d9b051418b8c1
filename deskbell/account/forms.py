from __future__ import annotations

import zoneinfo
from typing import Any, cast

from allauth.account.forms import LoginForm, RequestLoginCodeForm, ResetPasswordForm
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from deskbell.account.directory import asked
from deskbell.people.addresses import BadAddress, email_key, is_email
from deskbell.people.models import User
from deskbell.people.queries import company


class NewPassword(forms.CharField):
    """A password to be. The form checks it against the desk's rules: it knows the person."""

    def __init__(self) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        super().__init__(label=_("Password"), strip=False, max_length=200, widget=widget)


class SignUpForm(forms.Form):
    name = forms.CharField(
        label=_("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = NewPassword()

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].strip()
        if not is_email(email):
            raise forms.ValidationError(_("Enter a valid e-mail address."))
        return email

    def clean_password(self) -> str:
        return _checked(
            self.cleaned_data["password"],
            User(email=self.cleaned_data.get("email"), name=self.cleaned_data.get("name", "")),
        )


class SignInForm(LoginForm):
    """Address and password, or what a directory knows somebody by."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_name = bool(asked())
        if self.by_name:
            widget = forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"})
            label = _("E-mail or user name")
            self.fields["login"] = forms.CharField(label=label, max_length=320, widget=widget)
            self.order_fields(["login", "password"])

    def clean_login(self) -> str:
        login = super().clean_login()
        return login if self.by_name and not is_email(login) else _key(login)

    def clean(self) -> dict[str, Any]:
        try:
            return cast("dict[str, Any]", super().clean())
        except forms.ValidationError as error:
            if error.code != "email_password_mismatch" or not self.by_name:
                raise
            raise forms.ValidationError(self._not_right(), code=error.code) from error

    def _not_right(self) -> str:
        """The same for everybody; where a directory is silent nobody can tell whose password was right."""
        if silent := getattr(self.request, "silent_directory", ""):
            text = gettext(
                "That could not be checked in “%(name)s”, which does not answer. If your password is kept "
                "there, try again in a minute, or sign in with a code by mail."
            )
            return text % {"name": silent}
        return gettext("The e-mail address or user name and the password are not correct.")

    def _login_with_password(self, request: HttpRequest, redirect_url: str | None, credentials: Any) -> Any:
        if getattr(request, "signed_in_by", "") != "directory":
            return super()._login_with_password(request, redirect_url, credentials)
        record_authentication(request, self.user, "directory")
        return perform_login(request, self.user, redirect_url=redirect_url)


class RequestCodeForm(RequestLoginCodeForm):
    def clean_email(self) -> str:
        self.cleaned_data["email"] = _key(self.cleaned_data["email"])
        return super().clean_email()


class ForgottenPasswordForm(ResetPasswordForm):
    def clean_email(self) -> str:
        self.cleaned_data["email"] = _key(self.cleaned_data["email"])
        return super().clean_email()


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )


class SecondFactorCodeForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class SecondFactorForm(SecondFactorCodeForm):
    remember = forms.BooleanField(label=_("Remember this device"), required=False)


class RecoverForm(forms.Form):
    password = NewPassword()

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_password(self) -> str:
        return _checked(self.cleaned_data["password"], self.person)


class InvitationForm(forms.Form):
    """What an invited person adds. A person who has a password keeps it."""

    name = SignUpForm.base_fields["name"]
    password = NewPassword()

    def __init__(self, *args: Any, email: str, with_password: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email
        if not with_password:
            del self.fields["password"]

    def clean_password(self) -> str:
        return _checked(
            self.cleaned_data["password"], User(email=self.email, name=self.cleaned_data.get("name", ""))
        )


class ProfileForm(forms.Form):
    name = SignUpForm.base_fields["name"]
    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone or zone == "UTC")
        language = cast(forms.ChoiceField, self.fields["language"])
        language.choices = [("", _("As the browser asks")), *settings.LANGUAGES]
        time_zone = cast(forms.ChoiceField, self.fields["time_zone"])
        time_zone.choices = [
            ("", _("As the desk has it (%(zone)s)") % {"zone": company().time_zone}),
            *((zone, zone.replace("_", " ")) for zone in zones),
        ]


def _key(email: str) -> str:
    """`email` as the sign-in library's rows have it: else a domain in another script would be a stranger."""
    try:
        return email_key(email)
    except BadAddress as error:
        raise forms.ValidationError(_("Enter a valid e-mail address.")) from error


def _checked(password: str, user: User) -> str:
    validate_password(password, user)
    return password
