"""The form of a WhatsApp number: how the desk is known at Meta, or at a provider that speaks as Meta does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from cryptography.fernet import InvalidToken
from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.channels.actions.whatsapp import HEADER, ID, SECRETS, VERSION, WORD, Given
from deskbell.channels.models import Channel
from deskbell.channels.whatsapp import account
from deskbell.channels.whatsapp.account import Account
from deskbell.kit import http
from deskbell.kit.secrets import seal, unseal
from deskbell.people.models import User
from deskbell.setup.numbers import NumberForm

#: for how long what was typed beside a mistake is kept
KEPT = timedelta(hours=1)


def _digits(label: Any, help_text: Any) -> forms.RegexField:
    return forms.RegexField(
        rf"^{ID.pattern}$",
        label=label,
        help_text=help_text,
        strip=True,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": gettext_lazy("These are digits only, as Meta shows them.")},
    )


def _secret(label: Any, help_text: Any) -> forms.RegexField:
    return forms.RegexField(
        rf"^{WORD.pattern}$",
        label=label,
        help_text=help_text,
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
        error_messages={
            "invalid": gettext_lazy(
                "This has no spaces and at most 500 signs. Copy it whole, and nothing else."
            )
        },
    )


class WhatsAppForm(NumberForm):
    """`given` is what to store once the form is valid.

    No secret is ever in a page. Those that were typed beside a mistake go back sealed, for their author alone
    and for an hour: then he need not fetch them again.
    """

    kind = Channel.Kind.WHATSAPP_CLOUD
    number_id = _digits(
        gettext_lazy("Phone number ID"), gettext_lazy("Not the number itself: the ID that stands below it.")
    )
    waba_id = _digits(
        gettext_lazy("WhatsApp Business Account ID"), gettext_lazy("It stands beside the other.")
    )
    token = _secret(
        gettext_lazy("Access token"),
        gettext_lazy("Of a system user. The temporary one of the dashboard ends within a day."),
    )
    app_secret = _secret(
        gettext_lazy("App secret"),
        gettext_lazy("In the app’s settings, under “Basic”. By it Deskbell knows that a message is Meta’s."),
    )
    verify_token = _secret(
        gettext_lazy("Verify token"),
        gettext_lazy(
            "A word of your own that you give to Meta as well. Empty: Deskbell makes one and shows it."
        ),
    )
    greets = forms.BooleanField(
        label=gettext_lazy("Answer the first message with the ticket’s number"),
        help_text=gettext_lazy("Once for each new ticket. WhatsApp counts it as a message of yours."),
        required=False,
        initial=True,
    )
    tells_hours = forms.BooleanField(
        label=gettext_lazy("Outside the opening hours say when somebody is there again"),
        help_text=gettext_lazy("Once for each ticket. The hours stand under Setup, Opening hours."),
        required=False,
        initial=True,
    )
    asks = forms.BooleanField(
        label=gettext_lazy("Ask a customer with several open tickets which one he means"),
        help_text=gettext_lazy(
            "By a list, when the chat was silent for two hours; at most once in twelve hours. Until he "
            "answers, for 15 minutes at most, his message waits beside those tickets."
        ),
        required=False,
        initial=True,
    )
    reads = forms.BooleanField(
        label=gettext_lazy("Show customers that their messages were read"),
        help_text=gettext_lazy(
            "Blue ticks when somebody who may answer opens the ticket, and that he is writing."
        ),
        required=False,
        initial=True,
    )
    most_at_once = forms.IntegerField(
        label=gettext_lazy("Messages of one person within ten minutes"),
        help_text=gettext_lazy("What is more is held back under Received. 0: nothing is."),
        min_value=0,
        max_value=10_000,
        required=False,
        initial=30,
    )
    base_url = forms.CharField(
        label=gettext_lazy("Address of the API"),
        help_text=gettext_lazy("Empty: that of Meta."),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": account.BASE_URL}),
    )
    version = forms.RegexField(
        rf"^{VERSION.pattern}$",
        label=gettext_lazy("Version"),
        help_text=gettext_lazy("Empty: the one Deskbell was built with."),
        required=False,
        strip=True,
        widget=forms.TextInput(attrs={"placeholder": account.VERSION}),
        error_messages={"invalid": gettext_lazy("A version is written as v25.0.")},
    )
    auth_header = forms.RegexField(
        rf"^{HEADER.pattern}$",
        label=gettext_lazy("Header that carries the token"),
        help_text=gettext_lazy("Empty: Authorization."),
        required=False,
        strip=True,
        widget=forms.TextInput(attrs={"placeholder": account.BEARER}),
        error_messages={"invalid": gettext_lazy("The name of a header has letters, digits and hyphens.")},
    )
    kept = forms.CharField(required=False, max_length=8000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, reader: User, channel: Channel | None = None, **kwargs: Any) -> None:
        self.reader = reader
        self.stored = Account.of(channel) if channel else None
        self.given: Given | None = None
        if channel is not None:
            kwargs["initial"] = _values(channel)
        super().__init__(*args, channel=channel, **kwargs)
        for name in SECRETS:
            if self.stored and getattr(self.stored, name):
                self.fields[name].help_text = _("One is stored. Leave this empty to keep it.")
        self.before = self._kept()
        for name in self.before:
            self.fields[name].help_text = _("What you typed is kept. Leave this empty to use it.")

    @property
    def has_other_provider(self) -> bool:
        """Whether something stands in the fields that only another provider needs."""
        return any(self[name].value() or self[name].errors for name in ("base_url", "version", "auth_header"))

    def clean_number_id(self) -> str:
        return self.free(str(self.cleaned_data["number_id"]))

    def clean_base_url(self) -> str:
        given = str(self.cleaned_data["base_url"]).rstrip("/")
        if not given:
            return account.BASE_URL
        try:
            parts = http.checked(given)
        except http.BadAddress as error:
            raise forms.ValidationError(str(error)) from None
        if parts.query or parts.fragment:
            raise forms.ValidationError(_("The address has neither ? nor # in it."))
        return given

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        typed = {name: cleaned.get(name) or self.before.get(name, "") for name in SECRETS}
        stored = self.stored
        if (
            stored
            and not typed["token"]
            and stored.token
            and cleaned.get("base_url", stored.base_url) != stored.base_url
        ):
            self.add_error(
                "token",
                _("A token is for the server it was made for: give the new one with the new address."),
            )
        for name, said in (
            ("token", _("Without an access token nothing can be sent.")),
            ("app_secret", _("Without the app secret nobody can tell Meta’s messages from forged ones.")),
        ):
            if not typed[name] and not (stored and getattr(stored, name)) and name not in self.errors:
                self.add_error(name, said)
        if self.errors:
            self._keep(typed)
            return cleaned
        self.given = Given(
            number_id=cleaned["number_id"],
            waba_id=cleaned["waba_id"],
            **typed,
            base_url=cleaned["base_url"],
            version=cleaned["version"] or account.VERSION,
            auth_header=cleaned["auth_header"] or account.BEARER,
            greets=cleaned["greets"],
            asks=cleaned["asks"],
            reads=cleaned["reads"],
            most_at_once=30 if cleaned["most_at_once"] is None else cleaned["most_at_once"],
            tells_hours=cleaned["tells_hours"],
        )
        return cleaned

    def _keep(self, typed: dict[str, str]) -> None:
        """Send back what was typed well, sealed."""
        good = {name: value for name, value in typed.items() if value}
        data = cast(QueryDict, self.data).copy()
        data["kept"] = ""
        if good:
            now = timezone.now().timestamp()
            data["kept"] = seal({"typed": good, "by": self.reader.pk, "at": now}).decode()
            for name in good:
                self[name].help_text = _("What you typed is kept. Leave this empty to use it.")
        self.data = data

    def _kept(self) -> dict[str, str]:
        """What came back sealed, when it is this person's and fresh."""
        try:
            found = unseal(str(self.data.get("kept", "")).encode()) if self.is_bound else {}
        except InvalidToken:
            return {}
        age = timezone.now().timestamp() - found.get("at", 0)
        if found.get("by") != self.reader.pk or age > KEPT.total_seconds():
            return {}
        return {name: value for name, value in found["typed"].items() if name in SECRETS}


def _values(channel: Channel) -> dict[str, Any]:
    """What Meta's own service has by itself is left empty."""
    number = channel.whatsapp
    usual = {"base_url": account.BASE_URL, "version": account.VERSION, "auth_header": account.BEARER}
    return {
        "name": channel.name,
        "number_id": channel.address,
        "waba_id": number.waba_id,
        "queue": channel.queue_id,
        "greets": number.greets,
        "asks": number.asks,
        "reads": number.reads,
        "most_at_once": number.most_at_once,
        "tells_hours": number.tells_hours,
        **{
            name: "" if getattr(number, name) == own else getattr(number, name) for name, own in usual.items()
        },
    }
