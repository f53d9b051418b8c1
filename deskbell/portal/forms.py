from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from deskbell.tickets.models import Queue

#: characters of a message; more belongs into a file
LONGEST = 100_000


class UploadsField(forms.Field):
    """The ids in the hidden `uploads` fields that the file list makes; anything else in them is ignored."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[int]:
        given = [str(each) for each in value or []]
        return [int(each) for each in given if each.isascii() and each.isdigit() and len(each) < 19]


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
