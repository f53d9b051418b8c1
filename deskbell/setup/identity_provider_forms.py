"""Forms of single sign-on: an identity provider, and which roles its claim gives."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from deskbell.kit import http
from deskbell.people.actions import ProviderGiven
from deskbell.people.models import Directory, IdentityProvider, Role, Team
from deskbell.people.permissions import OWNER

PLAIN = (
    "name",
    "issuer",
    "client_id",
    "scopes",
    "active",
    "for_staff",
    "for_customers",
    "makes_accounts",
    "role_claim",
)


class IdentityProviderForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("As its button says: “Sign in with …”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    issuer = forms.CharField(
        label=gettext_lazy("Address of the provider (issuer)"),
        max_length=500,
        help_text=gettext_lazy("Exactly as it writes it itself; the test says how."),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
    )
    client_id = forms.CharField(label=gettext_lazy("Client id"), max_length=300)
    client_secret = forms.CharField(
        label=gettext_lazy("Client secret"),
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    scopes = forms.CharField(
        label=gettext_lazy("Scopes"),
        max_length=300,
        initial="openid email profile",
        help_text=gettext_lazy("With spaces between them. Some providers want one more for groups."),
    )
    active = forms.BooleanField(label=gettext_lazy("Offer it on the sign-in pages"), required=False)
    for_staff = forms.BooleanField(
        label=gettext_lazy("For people who work here"), required=False, initial=True
    )
    for_customers = forms.BooleanField(label=gettext_lazy("For customers"), required=False)
    makes_accounts = forms.BooleanField(
        label=gettext_lazy("Make an account for whom we do not know yet"), required=False
    )
    role_claim = forms.CharField(
        label=gettext_lazy("Claim that gives roles"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("As groups, or realm_access.roles. Empty: roles are given here alone."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, provider: IdentityProvider | None = None, **kwargs: Any) -> None:
        self.provider = provider
        if provider is not None:
            kwargs["initial"] = {name: getattr(provider, name) for name in PLAIN}
        super().__init__(*args, **kwargs)
        if provider is not None and provider.client_secret:
            self.fields["client_secret"].help_text = _("One is stored. Leave this empty to keep it.")

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        others = IdentityProvider.objects.exclude(pk=self.provider.pk if self.provider else 0)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError(_("There is one of this name already."))
        return name

    def clean_issuer(self) -> str:
        issuer = self.cleaned_data["issuer"].strip().removesuffix("/.well-known/openid-configuration")
        try:
            parts = http.checked(issuer)
        except http.BadAddress as error:
            raise forms.ValidationError(str(error)) from error
        if parts.query or parts.fragment:
            raise forms.ValidationError(_("An issuer has neither a “?” nor a “#” in it."))
        return issuer

    def clean_scopes(self) -> str:
        scopes = self.cleaned_data["scopes"].split()
        return " ".join(dict.fromkeys(["openid", *scopes]))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("for_staff") and not cleaned.get("for_customers"):
            self.add_error("for_staff", _("Say for whom it is."))
        if not self.errors and not cleaned["client_secret"] and self._goes_elsewhere(cleaned):
            self.add_error(
                "client_secret", _("The stored one belongs to the settings before: enter it again.")
            )
        return cleaned

    def _goes_elsewhere(self, cleaned: dict[str, Any]) -> bool:
        stored = self.provider
        if stored is None or not stored.client_secret:
            return False
        return (cleaned["issuer"], cleaned["client_id"]) != (stored.issuer, stored.client_id)

    def given(self, roles: list[tuple[str, Role, Team | None]]) -> ProviderGiven:
        return ProviderGiven(**self.cleaned_data, roles=tuple(roles))


class ProviderRoleForm(forms.Form):
    value = forms.CharField(label=gettext_lazy("Value of the claim"), max_length=200, required=False)
    role = forms.ModelChoiceField(
        Role.objects.order_by("pk"), label=gettext_lazy("Role"), required=False, empty_label="–"
    )
    team = forms.ModelChoiceField(
        Team.objects.order_by("name"),
        label=gettext_lazy("Team"),
        required=False,
        empty_label=gettext_lazy("Everywhere the role reaches"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].label_from_instance = lambda role: gettext(role.name)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        value, role = (cleaned.get("value") or "").strip(), cleaned.get("role")
        if value and not role:
            self.add_error("role", _("Which role does it give?"))
        elif role and not value:
            self.add_error("value", _("Which value gives this role?"))
        elif role and cleaned.get("team") and (role.for_customers or role.slug == OWNER):
            self.add_error("team", _("This role is for no team. Leave it empty."))
        return {**cleaned, "value": value}


#: empty rows below those that are stored
RoleRows = forms.formset_factory(ProviderRoleForm, extra=3, max_num=100, validate_max=True)


def rows_for(request_data: Any, door: IdentityProvider | Directory | None, kind: Any = RoleRows) -> Any:
    """The rows of a provider, or of a directory with its own `kind` of rows."""
    initial = []
    if door is not None:
        rows = door.roles.order_by("value", "pk")
        initial = [{"value": row.value, "role": row.role_id, "team": row.team_id} for row in rows]
    return kind(request_data, initial=initial, prefix="roles")


def roles_in(rows: Any) -> list[tuple[str, Role, Team | None]]:
    """What the valid rows say; cleared ones are gone."""
    said = (row.cleaned_data for row in rows if row.cleaned_data.get("value"))
    return [(each["value"], each["role"], each["team"]) for each in said]
