from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from deskbell.people.addresses import is_email
from deskbell.people.models import Role, Team, User
from deskbell.people.rights import rights_of

#: scopes of roles that work for customers, who are in no team
CUSTOMER_SCOPES = {Role.Scope.OWN, Role.Scope.ORGANIZATION}


def roles_to_hand_out(user: User) -> list[Role]:
    """The roles `user` may give: none that may do what he may not."""
    mine = rights_of(user)
    return [role for role in Role.objects.order_by("pk") if all(mine.has(p) for p in role.permissions)]


class RoleForm(forms.Form):
    """A role and, for staff, the team it is for. `cleaned_data` holds a slug and a Team or None."""

    role = forms.ChoiceField(label=_("Role"))
    team = forms.ModelChoiceField(
        Team.objects.order_by("name"),
        label=_("Team"),
        required=False,
        empty_label=_("Everywhere the role reaches"),
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._roles = {role.slug: role for role in roles_to_hand_out(by)}
        cast(forms.ChoiceField, self.fields["role"]).choices = [
            (slug, role.name) for slug, role in self._roles.items()
        ]
        self.fields["role"].initial = "agent" if "agent" in self._roles else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        role = self._roles.get(cleaned.get("role", ""))
        if role and role.scope in CUSTOMER_SCOPES and cleaned.get("team"):
            self.add_error("team", _("Customers are in no team. Leave this empty."))
        return cleaned


class InvitationForm(RoleForm):
    email = forms.EmailField(label=_("E-mail address"), max_length=320)
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    field_order = ["email", "name", "role", "team"]

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip()
        if not is_email(email):
            raise forms.ValidationError(_("This is not an e-mail address."))
        return email


class AuditForm(forms.Form):
    """Filters of the audit trail; all may be empty."""

    kind = forms.ChoiceField(label=_("What"), required=False)
    person = forms.CharField(label=_("Who"), max_length=200, required=False)
    ticket = forms.IntegerField(label=_("Ticket"), min_value=1, max_value=2**63 - 1, required=False)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )

    def __init__(self, *args: Any, kinds: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["kind"]).choices = [("", _("Everything")), *kinds]
        self.fields["person"].widget.attrs["placeholder"] = _("Name or e-mail address")
        self.fields["ticket"].widget = forms.TextInput(attrs={"inputmode": "numeric", "placeholder": "1042"})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("The end lies before the beginning."))
        return cleaned
