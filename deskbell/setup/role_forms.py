"""Forms of roles: what one may, how far it reaches, and who gets what instead of one that goes."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from deskbell.people import permissions
from deskbell.people.actions.roles import clean_name
from deskbell.people.models import CUSTOMER_SCOPES, Role, User
from deskbell.people.rights import rights_of
from deskbell.setup.forms import roles_to_hand_out

Words = str | Promise

#: scope → its name, and what it reaches
SCOPES: dict[str, tuple[Words, Words]] = {
    "all": (_("Everything"), _("Every ticket. Given in a team: every ticket of that team.")),
    "team": (
        _("Their teams"),
        _("Tickets of all teams the person works in. Given in a team: of that team alone."),
    ),
    "queue": (
        _("The queues of their teams"),
        _("Tickets in queues that belong to the person’s teams, whichever team has the ticket now."),
    ),
    "assigned": (_("What is assigned to them"), _("Only tickets that somebody gave to the person.")),
    "organization": (_("Their organisation"), _("What everybody of the person’s organisation asked.")),
    "own": (_("Their own"), _("What the person asked or is copied in to.")),
}


class RoleShapeForm(forms.Form):
    """One role. `for_customers` decides which scopes there are; what either may be given."""

    name = forms.CharField(label=_("Name"), max_length=100)
    scope = forms.ChoiceField(label=_("Reaches"), widget=forms.RadioSelect)
    permissions = forms.MultipleChoiceField(label=_("May"), required=False)
    needs_second_factor = forms.BooleanField(
        label=_("People with this role sign in with a second factor"),
        help_text=_("A passkey, or a code from an app on the phone besides the password."),
        required=False,
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, by: User, role: Role | None = None, for_customers: bool = False, **kwargs: Any
    ) -> None:
        self.role = role
        self.for_customers = role.for_customers if role else for_customers
        kwargs["initial"] = _values(role) if role else _first_values(for_customers)
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        scopes = [scope for scope in SCOPES if (scope in CUSTOMER_SCOPES) == self.for_customers]
        if role and role.slug in permissions.KEPT:
            scopes = [role.scope]
        if role and role.slug == permissions.OWNER:
            self.fields["name"].disabled = True
        cast(forms.ChoiceField, self.fields["scope"]).choices = [(each, SCOPES[each][0]) for each in scopes]
        #: what `by` has everywhere, and so may give
        offered = permissions.OFFERED_TO_CUSTOMERS if self.for_customers else permissions.OFFERED
        self.own = {each for each in offered if rights_of(by).everywhere(each)}
        if role and role.slug == permissions.OWNER:
            del self.fields["permissions"]
        else:
            chosen = cast(forms.MultipleChoiceField, self.fields["permissions"])
            chosen.choices = [(each, each) for each in offered]

    @property
    def chosen(self) -> set[str]:
        """What is ticked, as the page is shown."""
        if "permissions" not in self.fields:
            return set(self.role.permissions) if self.role else set()
        return set(cast(Any, self["permissions"].value()) or ())

    def clean_name(self) -> str:
        name = clean_name(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(gettext("Give the role a name."))
        others = Role.objects.filter(name__iexact=name)
        if (others.exclude(pk=self.role.pk) if self.role else others).exists():
            raise forms.ValidationError(gettext("There is one of this name already."))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.role and self.role.slug == permissions.OWNER:
            cleaned["permissions"] = list(self.role.permissions)
        return cleaned


def _first_values(for_customers: bool) -> dict[str, Any]:
    if for_customers:
        return {"scope": "own", "permissions": list(permissions.OFFERED_TO_CUSTOMERS)}
    return {"scope": "all"}


def _values(role: Role) -> dict[str, Any]:
    names = ("name", "scope", "permissions", "needs_second_factor", "version")
    return {name: getattr(role, name) for name in names}


class RoleRemovalForm(forms.Form):
    """Which role the people of `role` get instead. `cleaned_data["to"]` is a Role or None."""

    to = forms.ChoiceField(label=_("The role they get instead"))

    def __init__(self, *args: Any, role: Role, by: User, needed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._roles = {
            str(each.pk): each
            for each in roles_to_hand_out(by)
            if each.pk != role.pk
            and each.slug != permissions.OWNER
            and each.for_customers == role.for_customers
        }
        choices = [(pk, gettext(each.name)) for pk, each in self._roles.items()]
        cast(forms.ChoiceField, self.fields["to"]).choices = [("", gettext("Choose a role")), *choices]
        self.fields["to"].required = needed

    def clean_to(self) -> Role | None:
        return self._roles.get(self.cleaned_data["to"])
