"""The form of the company."""

from __future__ import annotations

import zoneinfo
from typing import Any, cast
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, URLValidator
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from deskbell.kit.colour import HEX
from deskbell.people import pictures
from deskbell.people.addresses import is_email
from deskbell.people.models import Company

#: the colour the picker shows while the company has picked none (kit/css/tokens.css)
OURS = "#2f5bd7"
PICTURES = "image/png,image/jpeg,image/webp"


class PictureField(forms.FileField):
    """A PNG, JPEG or WebP file; gives a `pictures.Picture`, or None when none was chosen."""

    def __init__(self, **options: Any) -> None:
        widget = forms.FileInput(attrs={"accept": PICTURES})
        super().__init__(required=False, widget=widget, **options)

    def clean(self, data: Any, initial: Any = None) -> pictures.Picture | None:
        file = super().clean(data, initial)
        if not file:
            return None
        try:
            return pictures.keep(file)
        except pictures.BadPicture as error:
            raise ValidationError(
                _("Choose a PNG, JPEG or WebP picture of at most 5 MB and 4,000 pixels a side.")
            ) from error


class CompanyForm(forms.Form):
    """`values()` holds what `people.actions.change_company` takes."""

    name = forms.CharField(label=_("Name"), max_length=80)
    logo = PictureField(label=_("Logo"), help_text=_("PNG, JPEG or WebP. A wide one replaces the name."))
    remove_logo = forms.BooleanField(label=_("Remove the logo"), required=False)
    icon = PictureField(label=_("Icon of the browser tab"), help_text=_("Made of the logo if you give none."))
    remove_icon = forms.BooleanField(label=_("Remove this icon"), required=False)
    own_accent = forms.BooleanField(label=_("Use a colour of our own"), required=False)
    accent = forms.RegexField(
        HEX,
        label=_("Colour"),
        required=False,
        help_text=_("For buttons, links and marks. We make it darker or lighter where words need it."),
        error_messages={"invalid": _("Write it as # and six digits, such as #2f5bd7.")},
    )
    support_address = forms.CharField(
        label=_("Support address"),
        max_length=254,
        help_text=_("Mails leave from here, unless a queue has an address of its own."),
        widget=forms.EmailInput(),
    )
    support_phone = forms.CharField(label=_("Support phone"), max_length=40, required=False)
    signature = forms.CharField(
        label=_("Signature of the company"),
        max_length=2000,
        required=False,
        help_text=_("In replies by mail, below that of the agent. Markdown works."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    language = forms.ChoiceField(label=_("Language"), help_text=_("Of readers who chose none."))
    time_zone = forms.ChoiceField(label=_("Time zone"), help_text=_("Of readers who chose none."))
    date_format = forms.ChoiceField(label=_("Dates"), choices=Company.DATE_FORMATS, required=False)
    announcement = forms.CharField(
        label=_("Announcement"),
        max_length=2000,
        required=False,
        strip=True,
        help_text=_("Shown above the portal and the sign-in page. Markdown works."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    announced_until = forms.DateTimeField(
        label=_("Show it until"),
        required=False,
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
    )
    registration = forms.ChoiceField(
        label=_("Who may make an account"),
        choices=Company.Registration.choices,
        widget=forms.RadioSelect,
        help_text=_("People who wrote to us before can always sign in with a code."),
    )
    ticket_link_days = forms.IntegerField(
        label=_("Days for which a link in a mail opens its ticket"),
        min_value=0,
        max_value=365,
        required=False,
        help_text=_("Without a sign-in, for customers who have no password. 0: mails carry no such links."),
    )
    undo_seconds = forms.IntegerField(
        label=_("Seconds to take a reply back"),
        min_value=0,
        max_value=60,
        required=False,
        help_text=_("It leaves when they are over, and no customer sees it before. 0: it leaves at once."),
    )
    guests = forms.BooleanField(label=_("People may open tickets without an account"), required=False)
    tickets_per_sender = forms.IntegerField(
        label=_("New tickets one sender may open by mail within an hour"),
        min_value=0,
        max_value=10_000,
        required=False,
        help_text=_("What is more is held back under Received. 0: as many as he likes."),
    )
    whatsapp_codes = forms.BooleanField(
        label=_("People may sign in by a code by WhatsApp"),
        required=False,
        help_text=_(
            "Offered as soon as WhatsApp has approved the template sign_in_code of a number (Setup, "
            "WhatsApp). Each code costs what WhatsApp asks for such a message."
        ),
    )
    phone_days = forms.IntegerField(
        label=_("Days an engineer stays signed in on the phone"),
        min_value=1,
        max_value=365,
        help_text=_(
            "Counted from the sign-in on the phone page. Whoever is signed in already keeps his time."
        ),
    )

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        kwargs.setdefault("initial", _initial(company))
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone or zone == "UTC")
        self._choose("language", [(code, name) for code, name in settings.LANGUAGES], company.language)
        self._choose("time_zone", [(z, z.replace("_", " ")) for z in zones], company.time_zone)
        self.fields["accent"].widget = forms.TextInput(attrs={"type": "color"})
        for number in range(Company.LINKS):
            self.fields[f"link_label_{number}"] = forms.CharField(
                label=_("Text"), max_length=40, required=False
            )
            self.fields[f"link_address_{number}"] = forms.CharField(
                label=_("Address"), max_length=300, required=False
            )

    def _choose(self, name: str, choices: list[tuple[str, str | Promise]], now: str) -> None:
        """What is stored stays choosable, even where this version no longer knows it."""
        missing = [] if now in dict(choices) else [(now, now)]
        cast(forms.ChoiceField, self.fields[name]).choices = [*missing, *choices]

    @property
    def links(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        numbers = range(Company.LINKS)
        return [(self[f"link_label_{number}"], self[f"link_address_{number}"]) for number in numbers]

    def clean_support_address(self) -> str:
        return checked_address(self.cleaned_data["support_address"])

    def clean_signature(self) -> str:
        return self.cleaned_data["signature"].replace("\r\n", "\n")

    def clean_announced_until(self) -> Any:
        until = self.cleaned_data["announced_until"]
        if until and "announced_until" in self.changed_data and until <= timezone.now():
            raise ValidationError(_("This moment is over."))
        return until

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for number in range(Company.LINKS):
            self._check_link(number, cleaned)
        return cleaned

    def _check_link(self, number: int, cleaned: dict[str, Any]) -> None:
        label, address = cleaned.get(f"link_label_{number}"), cleaned.get(f"link_address_{number}")
        if label and not address:
            self.add_error(f"link_address_{number}", _("Where does it lead?"))
        elif address and not label:
            self.add_error(f"link_label_{number}", _("What shall it say?"))
        elif address and not _leads_somewhere(address):
            words = _("Begin with https://, http:// or mailto:")
            self.add_error(f"link_address_{number}", words)

    def values(self) -> dict[str, Any]:
        """The cleaned fields as the action takes them; a picture only if one was chosen or removed."""
        left_out = {"logo", "icon", "remove_logo", "remove_icon", "own_accent"}
        values = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in left_out and not name.startswith("link_")
        }
        for name in ("ticket_link_days", "tickets_per_sender", "undo_seconds"):
            if values[name] is None:
                del values[name]
        values["accent"] = self.cleaned_data["accent"].lower() if self.cleaned_data["own_accent"] else ""
        values["footer_links"] = [
            {"label": label, "address": address}
            for number in range(Company.LINKS)
            if (label := self.cleaned_data[f"link_label_{number}"])
            and (address := self.cleaned_data[f"link_address_{number}"])
        ]
        for name in ("logo", "icon"):
            if self.cleaned_data[name] or self.cleaned_data[f"remove_{name}"]:
                values[name] = self.cleaned_data[name]
        return values


class SupportForm(forms.Form):
    """The address alone, for the first steps."""

    support_address = forms.CharField(label=_("Support address"), max_length=254, widget=forms.EmailInput())

    def clean_support_address(self) -> str:
        return checked_address(self.cleaned_data["support_address"])


def checked_address(given: str) -> str:
    """`given` without blanks around it. Raises ValidationError."""
    address = given.strip()
    if not is_email(address) or not address.isascii():
        raise ValidationError(_now("This is not an e-mail address."))
    return address


def _initial(company: Company) -> dict[str, Any]:
    names = (
        "name accent support_address support_phone signature language time_zone date_format announcement "
        "announced_until registration guests whatsapp_codes ticket_link_days phone_days tickets_per_sender "
        "undo_seconds"
    )
    initial: dict[str, Any] = {name: getattr(company, name) for name in names.split()}
    initial |= {"own_accent": bool(company.accent), "accent": company.accent or OURS}
    for number, link in enumerate(company.footer_links):
        initial |= {f"link_label_{number}": link["label"], f"link_address_{number}": link["address"]}
    return initial


def _leads_somewhere(address: str) -> bool:
    try:
        if address.startswith("mailto:"):
            EmailValidator()(urlsplit(address).path)
        else:
            URLValidator(schemes=["http", "https"])(address)
    except (ValidationError, ValueError):
        return False
    return True
