from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from deskbell.people.addresses import is_email
from deskbell.tickets.models import Queue
from deskbell.tickets.posting import UploadsField

#: characters of a message; more belongs into a file
LONGEST = 100_000


class ReplyForm(forms.Form):
    text = forms.CharField(
        label=_("Your message"),
        required=False,
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    uploads = UploadsField(required=False)


class TicketForm(ReplyForm):
    subject = forms.CharField(
        label=_("Subject"),
        max_length=255,
        error_messages={"required": _("Say in a few words what it is about.")},
    )
    queue = forms.ModelChoiceField(
        Queue.objects.none(),
        label=_("What is it about?"),
        empty_label=None,
        error_messages={"required": _("Choose one of these.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        queues = Queue.objects.filter(public=True, active=True).order_by("position", "pk")
        cast(forms.ModelChoiceField, self.fields["queue"]).queryset = queues
        self.queues = list(queues)

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"])
        if not text.strip():
            raise forms.ValidationError(_("Describe what happens, and since when."))
        return text


class TokensField(forms.Field):
    """The tokens in the hidden `uploads` fields of a guest's form; they are checked where they are used."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[str]:
        return [str(each) for each in value or []]


class CopyForm(forms.Form):
    email = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        error_messages={"required": _("Write an e-mail address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "off", "list": "colleagues"}),
    )

    def clean_email(self) -> str:
        return _address(self.cleaned_data["email"])


class GuestForm(TicketForm):
    name = forms.CharField(
        label=_("Your name"),
        max_length=200,
        error_messages={"required": _("Tell us what to call you.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        error_messages={"required": _("We need it to answer you.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    #: seen and filled in by programs alone
    website = forms.CharField(required=False)
    uploads = TokensField(required=False)  # type: ignore[assignment]  # another kind of field, as forms allow

    def clean_email(self) -> str:
        return _address(self.cleaned_data["email"])

    def clean_text(self) -> str:
        return super().clean_text().replace("\0", "")

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("website"):
            raise forms.ValidationError(
                _("A hidden field was filled in, as programs do. It is empty again: send it once more.")
            )
        return self.cleaned_data


def _address(given: str) -> str:
    if not is_email(given):
        raise forms.ValidationError(_("Enter a valid e-mail address."))
    return given.strip()


#: level → what it means, in a customer manager's words
LEVELS = {
    "customer": _("Writes, sees own tickets"),
    "read_only": _("Reads only, own tickets"),
    "read_only_organization": _("Reads only, all tickets of the organisation"),
}


class ColleagueForm(forms.Form):
    """Somebody whom a customer manager invites."""

    email = forms.EmailField(label=_("E-mail"), max_length=254, widget=forms.EmailInput())
    level = forms.ChoiceField(label=_("May"), choices=list(LEVELS.items()))
