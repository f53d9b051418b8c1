from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deskbell.people.addresses import email_key

LONGEST = 20_000


class SomebodyForm(forms.Form):
    """Somebody new to play: a name and an address, and he is known by both from then on."""

    name = forms.CharField(label=_("Name"), max_length=120, error_messages={"required": _("Who is it?")})
    address = forms.EmailField(
        label=_("E-mail"),
        max_length=200,
        error_messages={"required": _("Any address will do: no mail leaves this machine.")},
    )

    def clean_address(self) -> str:
        return email_key(self.cleaned_data["address"])


class LetterForm(forms.Form):
    how = forms.ChoiceField(
        label=_("How"), choices=[("mail", _("E-mail")), ("form", _("Web form"))], widget=forms.RadioSelect
    )
    subject = forms.CharField(
        label=_("Subject"),
        max_length=200,
        error_messages={"required": _("Say in a few words what it is about.")},
    )
    text = forms.CharField(
        label=_("Text"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Write something first.")},
    )

    def __init__(self, *args: Any, answering: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # an answer goes on under the subject it has
        self.fields["subject"].required = not answering
