from __future__ import annotations

import re
from email.utils import getaddresses
from typing import Any, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from deskbell.people.addresses import is_email
from deskbell.people.models import CUSTOMER_SCOPES, Role, Team, User
from deskbell.people.permissions import OWNER
from deskbell.people.queries import workers
from deskbell.people.rights import rights_of

#: invitations of one form
INVITED_AT_ONCE = 50


def roles_to_hand_out(user: User) -> list[Role]:
    """The roles `user` may give, somewhere at least: none that may do what he may not."""
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
            (slug, gettext(role.name)) for slug, role in self._roles.items()
        ]
        self.fields["role"].initial = "agent" if "agent" in self._roles else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        role = self._roles.get(cleaned.get("role", ""))
        if role and role.scope in CUSTOMER_SCOPES and cleaned.get("team"):
            self.add_error("team", _("Customers are in no team. Leave this empty."))
        if role and role.slug == OWNER and cleaned.get("team"):
            self.add_error("team", _("An owner owns the whole desk. Leave the team empty."))
        return cleaned


class InvitationForm(RoleForm):
    """`cleaned_data["people"]` is a list of (name or "", address), no address twice."""

    people = forms.CharField(
        label=_("Who"),
        max_length=20_000,
        widget=forms.Textarea(
            attrs={"rows": 4, "autocomplete": "off", "placeholder": _("Ada Example <ada@example.com>")}
        ),
        help_text=_("One a line: an e-mail address, or a name and the address in angle brackets."),
    )
    field_order = ["people", "role", "team"]

    def clean_people(self) -> list[tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        for line in filter(None, (line.strip(" ,;\t") for line in self.cleaned_data["people"].splitlines())):
            for name, email in getaddresses([line.replace(";", ",")]) or [("", line)]:
                if len(name) > 200 or len(email) > 320 or not is_email(email):
                    raise forms.ValidationError(
                        gettext("“%(line)s” holds no e-mail address we understand.") % {"line": line[:100]}
                    )
                found.setdefault(email.lower(), (name, email))
        if len(found) > INVITED_AT_ONCE:
            raise forms.ValidationError(
                gettext("At most %(count)s at once. Send the others after these.")
                % {"count": INVITED_AT_ONCE}
            )
        return list(found.values())


class PeopleForm(forms.Form):
    """Filters of the list of people, beside the words one looks for; all may be empty."""

    role = forms.ChoiceField(label=_("Role"), required=False)
    state = forms.ChoiceField(
        label=_("Account"),
        required=False,
        choices=[("", _("Open and closed")), ("active", _("Open")), ("closed", _("Closed"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = Role.objects.order_by("pk").values_list("slug", "name")
        cast(forms.ChoiceField, self.fields["role"]).choices = [
            ("", _("All staff")),
            *((slug, gettext(name)) for slug, name in roles),
        ]


class LeavingForm(forms.Form):
    """What becomes of the open tickets of `person`, whose account is closed."""

    tickets = forms.ChoiceField(
        label=_("The open tickets"),
        required=False,
        initial="free",
        widget=forms.RadioSelect,
        choices=[
            ("free", _("Give them to nobody: each waits among the unassigned of its team")),
            ("team", _("Give them to a team, among its unassigned")),
            ("hand over", _("Hand them over to somebody")),
            ("keep", _("Leave them as they are")),
        ],
    )
    to = forms.ModelChoiceField(
        User.objects.none(), label=_("To whom"), required=False, empty_label=_("Choose somebody")
    )
    team = forms.ModelChoiceField(
        Team.objects.filter(active=True).order_by("name"),
        label=_("To which team"),
        required=False,
        empty_label=_("Choose a team"),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["to"]).queryset = workers().exclude(pk=person.pk)

    def clean_tickets(self) -> str:
        return self.cleaned_data["tickets"] or "keep"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("tickets") == "hand over" and not cleaned.get("to"):
            self.add_error("to", gettext("Choose who gets the tickets."))
        if cleaned.get("tickets") == "team" and not cleaned.get("team"):
            self.add_error("team", gettext("Choose the team that gets the tickets."))
        chosen = {"hand over": "to", "team": "team"}.get(cleaned.get("tickets", ""))
        return {**cleaned, **dict.fromkeys({"to", "team"} - {chosen})}


class AnonymisingForm(forms.Form):
    """Asks for the person's name, so that nobody is erased by a slip."""

    name = forms.CharField(label=_("Name of the person"), max_length=400)

    def __init__(self, *args: Any, person: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean_name(self) -> str:
        given: str = self.cleaned_data["name"]
        if " ".join(given.split()) != " ".join(self.person.display_name.split()):
            raise forms.ValidationError(
                gettext("That is not the name: “%(name)s”.") % {"name": self.person.display_name}
            )
        return given


class AuditForm(forms.Form):
    """Filters of the audit trail; all may be empty."""

    kind = forms.ChoiceField(label=_("What"), required=False)
    person = forms.CharField(label=_("Who"), max_length=200, required=False)
    about = forms.CharField(label=_("About"), max_length=200, required=False)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )

    def __init__(self, *args: Any, kinds: list[tuple[Any, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["kind"]).choices = [("", _("Everything")), *kinds]
        self.fields["person"].widget.attrs["placeholder"] = _("Name or e-mail address")
        self.fields["about"].widget.attrs["placeholder"] = _("#1042, or a person")

    def clean_about(self) -> str:
        about = str(self.cleaned_data["about"]).strip()
        if about.startswith("#") and not re.fullmatch(r"#[0-9]{1,18}", about):
            raise forms.ValidationError(gettext("A ticket is named by its number: #1042."))
        return about

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("The end lies before the beginning."))
        return cleaned
