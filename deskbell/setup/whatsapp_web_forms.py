"""The forms of a linked device: its number and limits, and the warning that has to be accepted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.channels.actions.access import BadChannel
from deskbell.channels.actions.whatsapp_web import LIMITS, Given, digits
from deskbell.channels.models import Channel
from deskbell.kit import http
from deskbell.setup.numbers import NumberForm


def _limit(name: str, label: Any, help_text: Any) -> forms.IntegerField:
    least, most = LIMITS[name]
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        min_value=least,
        max_value=most,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class LinkedDeviceForm(NumberForm):
    """`given` is what to store once the form is valid. The phone number of an existing one stays."""

    kind = Channel.Kind.WHATSAPP_WEB
    phone = forms.CharField(
        label=gettext_lazy("Phone number"),
        max_length=40,
        help_text=gettext_lazy("With its country code, such as +49 30 123456. Best a spare number."),
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    greets = forms.BooleanField(
        label=gettext_lazy("Answer the first message with the ticket’s number"),
        help_text=gettext_lazy("Once for each new ticket, and never while WhatsApp restricts the number."),
        required=False,
        initial=True,
    )
    reply_days = _limit(
        "reply_days",
        gettext_lazy("Days in which a customer may be answered"),
        gettext_lazy("After his last message. Nobody is written to who has not written first."),
    )
    people_per_hour = _limit(
        "people_per_hour",
        gettext_lazy("People an hour"),
        gettext_lazy("How many different people get a message within an hour."),
    )
    messages_per_day = _limit(
        "messages_per_day", gettext_lazy("Messages a day"), gettext_lazy("What is more waits until tomorrow.")
    )
    gateway = forms.CharField(
        label=gettext_lazy("Address of another gateway"),
        help_text=gettext_lazy(
            "Empty: Deskbell’s own. Another one must speak as docs/whatsapp-web-gateway.md says."
        ),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url"}),
    )

    def __init__(self, *args: Any, channel: Channel | None = None, **kwargs: Any) -> None:
        self.given: Given | None = None
        kwargs["initial"] = (
            _values(channel) if channel else {name: getattr(Given(""), name) for name in LIMITS}
        )
        super().__init__(*args, channel=channel, **kwargs)
        if channel is not None:
            self.fields["phone"].disabled = True
            self.fields["phone"].help_text = _("Another number is another channel.")

    def clean_phone(self) -> str:
        try:
            phone = digits(str(self.cleaned_data["phone"]))
        except BadChannel:
            raise forms.ValidationError(
                _("This is no phone number with its country code, such as +49 30 123456.")
            ) from None
        return self.free(phone)

    def clean_gateway(self) -> str:
        given = str(self.cleaned_data["gateway"]).rstrip("/")
        if given:
            try:
                parts = http.checked(given, to_loopback=True)
            except http.BadAddress as error:
                raise forms.ValidationError(str(error)) from None
            if parts.query or parts.fragment:
                raise forms.ValidationError(_("The address has neither ? nor # in it."))
        return given

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            self.given = Given(**{name: cleaned[name] for name in ("phone", "gateway", "greets", *LIMITS)})
        return cleaned


def _values(channel: Channel) -> dict[str, Any]:
    device = channel.device
    return {
        "name": channel.name,
        "phone": f"+{channel.address}",
        "queue": channel.queue_id,
        "greets": channel.whatsapp.greets,
        "gateway": device.gateway,
        **{name: getattr(device, name) for name in LIMITS},
    }


class RiskForm(forms.Form):
    understood = forms.BooleanField(
        label=gettext_lazy(
            "I understand that WhatsApp can block the number, and take that upon the company."
        ),
        error_messages={"required": gettext_lazy("Tick this to go on; the number stays off without it.")},
    )
