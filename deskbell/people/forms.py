"""What a form about a customer asks, whichever face asks it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from deskbell.people.addresses import BadAddress, is_email, phone_key


class CustomerFields(forms.Form):
    """Who a ticket is for: `customer`, a field of the form that inherits, names somebody known; else one of
    these describes him.
    """

    name = forms.CharField(required=False, max_length=200, label=_("Name"))
    email = forms.CharField(
        required=False,
        max_length=320,
        label=_("E-mail"),
        widget=forms.TextInput(attrs={"inputmode": "email", "autocapitalize": "none"}),
    )
    phone = forms.CharField(
        required=False, max_length=40, label=_("Phone"), widget=forms.TextInput(attrs={"inputmode": "tel"})
    )

    def clean_email(self) -> str:
        given = str(self.cleaned_data["email"]).strip()
        if given and not is_email(given):
            raise ValidationError(_("This is not an e-mail address."))
        return given

    def clean_phone(self) -> str:
        given = str(self.cleaned_data["phone"]).strip()
        if given:
            try:
                phone_key(given)
            except BadAddress as error:
                raise ValidationError(
                    _("Write the number with its country code, such as +44 20 7946 0958.")
                ) from error
        return given

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        asked = ("customer", "name", "email", "phone")
        if not any(cleaned.get(name) or name in self.errors for name in asked):
            self.add_error("name", _("Who is it for? A name, an e-mail address or a phone number will do."))
        return cleaned
