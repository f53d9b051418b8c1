from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deskbell.demo.whatsapp.phones import LARGEST as LARGEST_PHOTO
from deskbell.files.sniff import content_type
from deskbell.people.addresses import email_key

LONGEST = 20_000


class SomebodyForm(forms.Form):
    """Somebody new to play: a name and an address, and he is known by both from then on."""

    name = forms.CharField(label=_("Name"), max_length=120, error_messages={"required": _("Who is it?")})
    address = forms.EmailField(
        label=_("E-mail"),
        max_length=200,
        error_messages={"required": _("Any address will do: no mail leaves this machine.")},
    )

    def clean_address(self) -> str:
        return email_key(self.cleaned_data["address"])


class LetterForm(forms.Form):
    how = forms.ChoiceField(
        label=_("How"), choices=[("mail", _("E-mail")), ("form", _("Web form"))], widget=forms.RadioSelect
    )
    subject = forms.CharField(
        label=_("Subject"),
        max_length=200,
        error_messages={"required": _("Say in a few words what it is about.")},
    )
    text = forms.CharField(
        label=_("Text"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Write something first.")},
    )

    def __init__(self, *args: Any, answering: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # an answer goes on under the subject it has
        self.fields["subject"].required = not answering


class NumberForm(forms.Form):
    """Somebody new with a phone."""

    name = forms.CharField(label=_("Name"), max_length=120, error_messages={"required": _("Who is it?")})
    number = forms.CharField(
        label=_("Phone number"),
        max_length=40,
        error_messages={"required": _("Any number will do: nothing leaves this machine.")},
    )

    def clean_number(self) -> str:
        given = "".join(sign for sign in self.cleaned_data["number"] if sign.isascii() and sign.isdigit())
        if not 7 <= len(given) <= 15 or given.startswith("0"):
            raise forms.ValidationError(
                _("Write it with the country code, for instance %(number)s.") % {"number": "+44 7700 900555"}
            )
        return given


class ChatForm(forms.Form):
    text = forms.CharField(
        label=_("Message"),
        max_length=4096,
        required=False,
        widget=forms.Textarea(attrs={"rows": 1}),
    )
    photo = forms.FileField(label=_("Photo"), required=False)
    quotes = forms.CharField(max_length=300, required=False)

    def clean_photo(self) -> tuple[bytes, str]:
        """Its content and type; both empty without one."""
        given = self.cleaned_data["photo"]
        if given is None:
            return b"", ""
        if given.size > LARGEST_PHOTO:
            raise forms.ValidationError(_("That photo is too big: WhatsApp takes 5 MB."))
        content = given.read()
        kind = content_type(content[:4096])
        if kind not in ("image/jpeg", "image/png"):
            raise forms.ValidationError(_("WhatsApp takes photos as JPEG or PNG."))
        return content, kind

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["text"] = cleaned.get("text", "").strip()
        if not cleaned["text"] and "photo" in cleaned and not cleaned["photo"][0]:
            self.add_error("text", _("Write something first, or take a photo."))
        return cleaned
