from __future__ import annotations

import zoneinfo
from typing import Any, cast

from allauth.account.forms import LoginForm, RequestLoginCodeForm, ResetPasswordForm
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

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
    def clean_login(self) -> str:
        return _key(super().clean_login())


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
