"""Forms of what an administrator shapes. `row` is what is changed, None for a new one."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.people.addresses import (
    BadAddress,
    domain_key,
    email_key,
    is_domain,
    is_email,
    is_public_mail_domain,
    phone_key,
)
from deskbell.people.models import CUSTOMER_SCOPES, Organization, OrganizationDomain, Site, Team, User
from deskbell.people.permissions import OWNER
from deskbell.people.queries import staff
from deskbell.setup.forms import RoleForm
from deskbell.tickets.actions.properties import clean_tag
from deskbell.tickets.models import Category, Queue, Status, Tag, Ticket, TicketType


class ShapeForm(forms.Form):
    """`model` is what it is about; `named` the field that is unique among them, in any spelling."""

    model: type[Model]
    named = "name"

    def __init__(self, *args: Any, row: Any = None, **kwargs: Any) -> None:
        self.row = row
        if row is not None:
            kwargs["initial"] = self.values_of(row)
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("autocomplete", "off")

    def values_of(self, row: Any) -> dict[str, Any]:
        return {name: getattr(row, name) for name in self.base_fields}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        name = cleaned.get(self.named)
        if name and self._others().filter(**{f"{self.named}__iexact": name}).exists():
            self.add_error(self.named, _("There is one of this name already."))
        return cleaned

    def _others(self) -> Any:
        rows = self.model._default_manager.all()
        return rows.exclude(pk=self.row.pk) if self.row else rows


def _active(words: Any) -> forms.BooleanField:
    return forms.BooleanField(label=gettext_lazy("In use"), help_text=words, required=False, initial=True)


def _clean_address(form: forms.Form) -> str:
    address = str(form.cleaned_data["address"]).strip()
    if address and not is_email(address):
        raise forms.ValidationError(_("This is not an e-mail address."))
    return address


# --- tickets ------------------------------------------------------------------------------------


class QueueForm(ShapeForm):
    model = Queue

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    slug = forms.SlugField(
        label=gettext_lazy("Short name"),
        max_length=50,
        required=False,
        help_text=gettext_lazy("For programs and addresses: small letters, digits and hyphens."),
    )
    team = forms.ModelChoiceField(
        Team.objects.none(),
        label=gettext_lazy("Team"),
        required=False,
        empty_label=gettext_lazy("No team"),
        help_text=gettext_lazy("New tickets of this queue go to it."),
    )
    address = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        required=False,
        help_text=gettext_lazy("Customers write to it, and answers leave from it."),
    )
    public = forms.BooleanField(
        label=gettext_lazy("Customers can choose it"),
        help_text=gettext_lazy("Otherwise only your staff put tickets here."),
        required=False,
        initial=True,
    )
    active = _active(gettext_lazy("Otherwise it keeps its tickets and is offered no more."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.filter(active=True)
        if self.row and self.row.team_id:
            teams |= Team.objects.filter(pk=self.row.team_id)
        cast(forms.ModelChoiceField, self.fields["team"]).queryset = teams.order_by("name")

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"] or (self.row.slug if self.row else ""))
        if slug and self._others().filter(slug=slug).exists():
            raise forms.ValidationError(_("There is one of this name already."))
        return slug

    def clean_address(self) -> str:
        address = _clean_address(self)
        if address and self._others().filter(address__iexact=address).exists():
            raise forms.ValidationError(_("Another queue has this address."))
        return address


class StatusForm(ShapeForm):
    model = Status
    named = "label"

    label = forms.CharField(label=gettext_lazy("Label"), max_length=60)
    category = forms.ChoiceField(
        label=gettext_lazy("Category"),
        choices=Category.choices,
        help_text=gettext_lazy("What it means for lists, timers and the customer."),
    )
    default = forms.BooleanField(
        label=gettext_lazy("Default of its category"),
        help_text=gettext_lazy("Deskbell sets it by itself. It takes over from the present one."),
        required=False,
    )
    active = _active(gettext_lazy("Otherwise tickets keep it and nobody can choose it any more."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.row is None:
            self.fields["category"].initial = Category.OPEN
            return
        if self.row.default:
            self.fields["default"].disabled = True
            self.fields["default"].help_text = _("To change this, make another status of this category it.")
        if self.row.default or Ticket.objects.filter(status=self.row).exists():
            self.fields["category"].disabled = True
            self.fields["category"].help_text = (
                _("Deskbell sets this status, so its category stays.")
                if self.row.default
                else _("Tickets have this status, so its category stays.")
            )


class TypeForm(ShapeForm):
    model = TicketType

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    active = _active(gettext_lazy("Otherwise tickets keep it and nobody can choose it any more."))


class TagForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=50)

    def clean_name(self) -> str:
        if name := clean_tag(self.cleaned_data["name"]):
            return name
        raise forms.ValidationError(_("A tag needs a letter or a digit."))


class MergeForm(forms.Form):
    """`cleaned_data["into"]` is the Tag that stays."""

    into = forms.CharField(
        label=gettext_lazy("Into which tag"),
        max_length=50,
        widget=forms.TextInput(attrs={"list": "other-tags"}),
    )

    def __init__(self, *args: Any, tag: Tag, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tag = tag

    def clean_into(self) -> Tag:
        into = Tag.objects.filter(name__iexact=self.cleaned_data["into"].strip()).first()
        if into is None:
            raise forms.ValidationError(_("There is no tag of this name."))
        if into == self._tag:
            raise forms.ValidationError(_("This is the same tag."))
        return into


# --- people -------------------------------------------------------------------------------------


class TeamForm(ShapeForm):
    model = Team

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    address = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        required=False,
        help_text=gettext_lazy("Where the whole team can be reached."),
    )
    active = _active(gettext_lazy("Otherwise it keeps its people and tickets and is offered no more."))

    def clean_address(self) -> str:
        return _clean_address(self)


class MemberForm(RoleForm):
    """Somebody of the staff, and the role he has in the team."""

    person = forms.ModelChoiceField(
        User.objects.none(), label=gettext_lazy("Person"), empty_label=gettext_lazy("Choose somebody")
    )
    field_order = ["person", "role"]

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, by=by, **kwargs)
        del self.fields["team"]
        cast(forms.ModelChoiceField, self.fields["person"]).queryset = staff()
        role = cast(forms.ChoiceField, self.fields["role"])
        role.choices = [
            (slug, _(each.name))
            for slug, each in self._roles.items()
            if each.scope not in CUSTOMER_SCOPES and slug != OWNER
        ]


class OrganizationForm(ShapeForm):
    """`cleaned_data["domains"]` is a list of A-labels, none twice."""

    model = Organization

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    domains = forms.CharField(
        label=gettext_lazy("Mail domains"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "example.com"}),
        help_text=gettext_lazy(
            "One a line. Whoever writes from there for the first time belongs to the organisation."
        ),
    )
    notes = forms.CharField(
        label=gettext_lazy("Notes"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("For your staff: contract, opening hours, what comes first."),
    )

    def values_of(self, row: Organization) -> dict[str, Any]:
        domains = row.domains.order_by("domain").values_list("domain", flat=True)
        return {"name": row.name, "notes": row.notes, "domains": "\n".join(domains)}

    def clean_domains(self) -> list[str]:
        wanted: dict[str, None] = {}
        for given in self.cleaned_data["domains"].replace(",", " ").split():
            try:
                wanted[self._domain(given.removeprefix("@"))] = None
            except forms.ValidationError as error:
                self.add_error("domains", error)
        return list(wanted)

    def _domain(self, given: str) -> str:
        try:
            key = domain_key(given)
        except BadAddress:
            key = ""
        if not is_domain(key):
            raise forms.ValidationError(_("“%(domain)s” is not a mail domain.") % {"domain": given})
        if is_public_mail_domain(key):
            raise forms.ValidationError(
                _("Anybody can have an address at %(domain)s, so it says nothing about the company.")
                % {"domain": given}
            )
        other = OrganizationDomain.objects.filter(domain=key).select_related("organization").first()
        if other and (self.row is None or other.organization_id != self.row.pk):
            raise forms.ValidationError(
                _("%(domain)s belongs to %(organization)s.")
                % {"domain": given, "organization": other.organization.name}
            )
        return key


class JoinForm(forms.Form):
    """`cleaned_data["email"]` is the person with that address, who is known already."""

    email = forms.EmailField(label=gettext_lazy("E-mail address of the person"), max_length=320)

    def clean_email(self) -> User:
        try:
            key = email_key(self.cleaned_data["email"])
        except BadAddress:
            key = ""
        person = User.objects.filter(identities__kind="email", identities__key=key).first()
        if person is None:
            raise forms.ValidationError(_("Nobody with this address is known yet."))
        return person


class SiteForm(ShapeForm):
    model = Site

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=200, help_text=gettext_lazy("As people there call it.")
    )
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=40, required=False)
    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    access_notes = forms.CharField(
        label=gettext_lazy("How to get in"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Gate, badge, parking, whom to ask for. Engineers read it on their phone."),
    )
    latitude = forms.DecimalField(
        label=gettext_lazy("Latitude"), required=False, min_value=-90, max_value=90, decimal_places=6
    )
    longitude = forms.DecimalField(
        label=gettext_lazy("Longitude"), required=False, min_value=-180, max_value=180, decimal_places=6
    )
    active = _active(gettext_lazy("Otherwise its tickets keep it and it is offered no more."))

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        for name in ("latitude", "longitude"):  # typed or pasted from a map, never counted up
            self.fields[name].widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def _others(self) -> Any:
        return super()._others().filter(organization=self.organization)

    def clean_phone(self) -> str:
        phone = str(self.cleaned_data["phone"]).strip()
        if phone:
            try:
                phone_key(phone)
            except BadAddress as error:
                raise forms.ValidationError(_("Write the number with its country code: +44 …")) from error
        return phone

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        given = [name for name in ("latitude", "longitude") if cleaned.get(name) is not None]
        if len(given) == 1 and not self.errors.keys() & {"latitude", "longitude"}:
            missing = "longitude" if given == ["latitude"] else "latitude"
            self.add_error(missing, _("A place on the map needs both numbers."))
        return cleaned
