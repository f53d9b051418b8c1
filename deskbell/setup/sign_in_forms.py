"""The form of a sign-in provider: who gives out tokens for mailboxes, and how the desk is known there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.channels.actions import ProviderGiven
from deskbell.channels.email.providers import reach_of
from deskbell.channels.models import SignInProvider
from deskbell.kit import http

Kind, Flow = SignInProvider.Kind, SignInProvider.Flow
NAMES = {Kind.MICROSOFT: "Microsoft 365", Kind.GOOGLE: "Google"}
#: alone for `other`
_ADDRESSES = ("authorize_url", "token_url", "scopes", "mail_hosts")


def _text(label: Any, help_text: Any = "", *, length: int = 500) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, max_length=length, required=False)


class SignInProviderForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("Provider"),
        choices=[
            (Kind.MICROSOFT, "Microsoft 365"),
            (Kind.GOOGLE, gettext_lazy("Google (Gmail, Workspace)")),
            (Kind.OTHER, gettext_lazy("Another one, by its addresses")),
        ],
        initial=Kind.MICROSOFT,
        widget=forms.RadioSelect,
    )
    name = _text(
        gettext_lazy("Name"), gettext_lazy("As mailboxes name it. Empty: its usual one."), length=100
    )
    flow = forms.ChoiceField(
        label=gettext_lazy("Who signs in"),
        choices=[
            (Flow.PERSON, gettext_lazy("a person, once for each mailbox")),
            (Flow.APPLICATION, gettext_lazy("the desk itself, by an application permission")),
        ],
        initial=Flow.PERSON,
        widget=forms.RadioSelect,
    )
    tenant = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9.-]*$",
        label=gettext_lazy("Directory (tenant)"),
        help_text=gettext_lazy("Its id, or a domain of yours that it knows."),
        max_length=200,
        required=False,
        error_messages={"invalid": gettext_lazy("This is neither an id nor a domain.")},
    )
    client_id = forms.CharField(label=gettext_lazy("Client id"), max_length=300)
    client_secret = forms.CharField(
        label=gettext_lazy("Client secret"),
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    secret_expires_on = forms.DateField(
        label=gettext_lazy("The secret ends on"),
        help_text=gettext_lazy("Deskbell warns you 14 days before."),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    authorize_url = _text(gettext_lazy("Address where people sign in"))
    token_url = _text(gettext_lazy("Address that gives out tokens"))
    scopes = _text(
        gettext_lazy("Scopes"),
        gettext_lazy("With spaces between them; many providers need offline_access among them."),
    )
    mail_hosts = _text(
        gettext_lazy("Mail servers"),
        gettext_lazy(
            "Names with spaces between them. Tokens are shown to these and to those below them only."
        ),
    )

    def __init__(self, *args: Any, provider: SignInProvider | None = None, **kwargs: Any) -> None:
        self.provider = provider
        if provider is not None:
            plain = ("kind", "name", "flow", "tenant", "client_id", "secret_expires_on", *_ADDRESSES)
            kwargs["initial"] = {name: getattr(provider, name) for name in plain}
        super().__init__(*args, **kwargs)
        if provider is not None:
            self.fields["kind"].disabled = True
            if provider.client_secret:
                self.fields["client_secret"].help_text = _("One is stored. Leave this empty to keep it.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "kind" not in cleaned:
            return cleaned
        kind = cleaned["kind"]
        self._clean_name(cleaned)
        if kind != Kind.MICROSOFT:
            cleaned["tenant"] = ""
        elif not cleaned.get("tenant") and "tenant" not in self.errors:
            self.add_error("tenant", _("Microsoft names it on the overview page of the app."))
        if kind == Kind.GOOGLE and cleaned.get("flow") == Flow.APPLICATION:
            self.add_error("flow", _("Google knows no such way: a person signs in."))
        if kind == Kind.OTHER:
            self._clean_addresses(cleaned)
        else:
            cleaned |= dict.fromkeys(_ADDRESSES, "")
        if not self.errors:
            self._clean_secret(cleaned)
        return cleaned

    def _clean_name(self, cleaned: dict[str, Any]) -> None:
        name = str(cleaned.get("name") or "").strip() or NAMES.get(cleaned["kind"], "")
        cleaned["name"] = name
        if not name:
            self.add_error("name", _("What should mailboxes call it?"))
        others = SignInProvider.objects.exclude(pk=self.provider.pk if self.provider else 0)
        if others.filter(name__iexact=name).exists():
            self.add_error("name", _("There is one of this name already."))

    def _clean_addresses(self, cleaned: dict[str, Any]) -> None:
        person = cleaned.get("flow") == Flow.PERSON
        for name in ("authorize_url", "token_url") if person else ("token_url",):
            try:
                http.checked(str(cleaned.get(name) or ""))
            except http.BadAddress as error:
                self.add_error(name, str(error))
        cleaned["scopes"] = " ".join(str(cleaned.get("scopes") or "").split())
        hosts = str(cleaned.get("mail_hosts") or "").lower().replace(",", " ").split()
        cleaned["mail_hosts"] = " ".join(hosts)
        if not hosts:
            self.add_error("mail_hosts", _("Which servers may be shown its tokens?"))

    def _clean_secret(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("client_secret"):
            return
        stored = self.provider
        if stored and stored.client_secret:
            if reach_of(self._filled(cleaned)) != reach_of(stored):
                self.add_error(
                    "client_secret", _("The stored one belongs to the settings before: enter it again.")
                )
        elif cleaned["kind"] != Kind.OTHER or cleaned["flow"] == Flow.APPLICATION:
            self.add_error("client_secret", _("The provider asks for it."))

    def _filled(self, cleaned: dict[str, Any]) -> SignInProvider:
        names = ("kind", "flow", "tenant", "client_id", *_ADDRESSES)
        return SignInProvider(**{name: cleaned[name] for name in names})

    @property
    def given(self) -> ProviderGiven:
        return ProviderGiven(**self.cleaned_data)
