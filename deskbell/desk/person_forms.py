"""What may be typed about a customer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from deskbell.people import queries as people
from deskbell.people.addresses import BadAddress, is_email, phone_key
from deskbell.people.models import Organization, Site, User


class DetailsForm(forms.Form):
    """`organization` is written by its name: a desk may know thousands."""

    name = forms.CharField(required=False, max_length=200, label=_("Name"))
    organization = forms.CharField(
        required=False,
        max_length=200,
        label=_("Organisation"),
        widget=forms.TextInput(attrs={"list": "known-organizations", "autocomplete": "off"}),
    )
    site = forms.ModelChoiceField(Site.objects.none(), required=False, empty_label="–", label=_("Site"))
    language = forms.ChoiceField(
        required=False, choices=[("", "–"), *settings.LANGUAGES], label=_("Language of mails")
    )

    def __init__(self, person: User, by: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by, self.person = by, person
        fields: dict[str, Any] = self.fields
        fields["site"].queryset = Site.objects.filter(organization=person.organization_id).order_by("name")

    @classmethod
    def about(cls, person: User, by: User) -> DetailsForm:
        """With what is known of `person`."""
        initial = {
            "name": person.name,
            "organization": person.organization.name if person.organization else "",
            "site": person.site_id,
            "language": person.language,
        }
        return cls(person, by, initial=initial)

    def clean_organization(self) -> Organization | None:
        given = " ".join(str(self.cleaned_data["organization"]).split())
        if not given:
            return None
        found = people.visible_organizations(self.by).filter(name__iexact=given).first()
        if found is None:
            raise ValidationError(_("There is no organisation with this name. Choose one of the list."))
        return found

    def clean(self) -> dict[str, Any]:
        """A site belongs to its organisation: another organisation leaves it behind."""
        cleaned = super().clean() or self.cleaned_data
        organization, site = cleaned.get("organization"), cleaned.get("site")
        if site and (organization is None or site.organization_id != organization.pk):
            cleaned["site"] = None
        return cleaned


class NotesForm(forms.Form):
    notes = forms.CharField(
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label=_("Notes"),
    )


class AddressForm(forms.Form):
    given = forms.CharField(
        max_length=320,
        label=_("E-mail or phone"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_given(self) -> str:
        given = str(self.cleaned_data["given"]).strip()
        if "@" in given:
            if not is_email(given):
                raise ValidationError(_("This is not an e-mail address."))
            return given
        try:
            phone_key(given)
        except BadAddress as error:
            raise ValidationError(
                _("Write an e-mail address, or a number with its country code, such as +44 20 7946 0958.")
            ) from error
        return given
