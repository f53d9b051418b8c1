"""What engineers type on the phone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deskbell.people.forms import CustomerFields
from deskbell.people.models import Site, User
from deskbell.tickets.posting import UploadsField

#: characters of a message; more belongs into a file
LONGEST = 100_000


class TextForm(forms.Form):
    text = forms.CharField(
        label=_("Message"),
        required=False,
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    uploads = UploadsField(required=False)


class MessageForm(TextForm):
    """Words about a ticket and, with `step`, what came of it. `after` is the newest message on the screen."""

    SAY, ARRIVE, WAIT, DONE = "say", "arrive", "wait", "done"

    visibility = forms.ChoiceField(choices=[("internal", _("Internal note")), ("public", _("To customer"))])
    step = forms.ChoiceField(required=False, choices=[(step, step) for step in (SAY, ARRIVE, WAIT, DONE)])
    after = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "text" in cleaned and not cleaned["text"].strip():
            if cleaned.get("step") == self.WAIT:
                self.add_error("text", _("Say what you wait for, then press Waiting again."))
            if cleaned.get("step") == self.DONE:
                self.add_error("text", _("Say in a sentence what was done, then press Done again."))
        return cleaned


class NewTicketForm(TextForm, CustomerFields):
    """A ticket made on the spot. Either `customer` is a known person or the other fields describe one."""

    customer = forms.ModelChoiceField(User.objects.none(), required=False, widget=forms.HiddenInput)
    site = forms.ModelChoiceField(
        Site.objects.none(), required=False, label=_("Site"), empty_label=_("No site")
    )
    subject = forms.CharField(
        max_length=255,
        label=_("Subject"),
        error_messages={"required": _("Say in a few words what it is about.")},
    )
    mine = forms.BooleanField(required=False, initial=True, label=_("I work on it myself"))

    def __init__(self, *args: Any, people: Any, sites: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["customer"].queryset = people
        fields["customer"].error_messages["invalid_choice"] = _("This customer is no longer here.")
        fields["site"].queryset = sites
        self.places = sites
