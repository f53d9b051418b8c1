"""Forms of directories (LDAP): how one is asked, which groups give roles, and whom a test looks up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.kit import ldap
from deskbell.people.actions import DirectoryGiven
from deskbell.people.actions.directories import PLAIN
from deskbell.people.models import Directory, Role, Team
from deskbell.setup.identity_provider_forms import ProviderRoleForm

#: servers of one directory: each gets its share of the time
MOST_SERVERS = 5
#: what usually fits, by the kind of directory
KINDS: dict[str, dict[str, str]] = {
    "ad": {
        "user_filter": "(&(objectCategory=person)(objectClass=user)"
        "(!(userAccountControl:1.2.840.113556.1.4.803:=2))(|(sAMAccountName={login})(userPrincipalName={login})(mail={login})))",
        "id_attribute": "objectGUID",
        "name_attribute": "displayName",
        "group_filter": "(&(objectClass=group)(member:1.2.840.113556.1.4.1941:={dn}))",
    },
    "other": {
        "user_filter": "(&(objectClass=person)(|(uid={login})(mail={login})))",
        "id_attribute": "entryUUID",
        "name_attribute": "cn",
        "group_filter": "(&(objectClass=groupOfNames)(member={dn}))",
    },
}
_CODE = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


def _line(
    label: Any, *, most: int, required: bool = True, help_text: Any = "", **more: Any
) -> forms.CharField:
    widget = forms.TextInput(attrs=_CODE)
    return forms.CharField(
        label=label, max_length=most, required=required, help_text=help_text, widget=widget, **more
    )


class DirectoryForm(forms.Form):
    name = _line(
        gettext_lazy("Name"), most=60, help_text=gettext_lazy("As people know it: the sign-in page says it.")
    )
    urls = forms.CharField(
        label=gettext_lazy("Servers"),
        max_length=2000,
        help_text=gettext_lazy(
            "ldaps://… or ldap://…, one in a line; the next is asked when one does not answer. ldap:// is "
            "encrypted by StartTLS, and nothing is sent without; only on this machine itself it goes without."
        ),
        widget=forms.Textarea(attrs={**_CODE, "rows": 2}),
    )
    ca_certificate = forms.CharField(
        label=gettext_lazy("Certificate of your own authority"),
        required=False,
        max_length=50_000,
        help_text=gettext_lazy("PEM, where no public authority signed the server's certificate."),
        widget=forms.Textarea(attrs={**_CODE, "rows": 3}),
    )
    bind_dn = _line(
        gettext_lazy("Account to search with (bind DN)"),
        most=500,
        required=False,
        help_text=gettext_lazy("One that only reads. Empty: anybody may search there."),
    )
    bind_secret = forms.CharField(
        label=gettext_lazy("Its password"),
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    base = _line(
        gettext_lazy("Base"), most=500, help_text=gettext_lazy("People are sought in it and below it.")
    )
    user_filter = _line(
        gettext_lazy("Filter that finds a person"),
        most=1000,
        initial=KINDS["other"]["user_filter"],
        help_text=gettext_lazy("{login} is what somebody types. Whom it does not find does not come in."),
    )
    id_attribute = _line(
        gettext_lazy("Attribute that never changes"),
        most=100,
        initial=KINDS["other"]["id_attribute"],
        help_text=gettext_lazy("entryUUID, objectGUID, ipaUniqueID: by it a person is known again."),
    )
    name_attribute = _line(
        gettext_lazy("Attribute of the name"), most=100, initial=KINDS["other"]["name_attribute"]
    )
    mail_attribute = _line(gettext_lazy("Attribute of the e-mail address"), most=100, initial="mail")
    group_filter = _line(
        gettext_lazy("Filter that finds the groups of a person"),
        most=1000,
        required=False,
        initial=KINDS["other"]["group_filter"],
        help_text=gettext_lazy("{dn} is the person's entry."),
    )
    group_base = _line(
        gettext_lazy("Base of the groups"),
        most=500,
        required=False,
        help_text=gettext_lazy("Empty: the base above."),
    )
    group_attribute = _line(
        gettext_lazy("Attribute that lists them"),
        most=100,
        required=False,
        help_text=gettext_lazy("Instead of the filter, or beside it: memberOf."),
    )
    patience = forms.IntegerField(
        label=gettext_lazy("Seconds to wait for it"),
        min_value=1,
        max_value=15,
        initial=5,
        help_text=gettext_lazy(
            "For all servers together. Then the sign-in page says that it does not answer."
        ),
    )
    active = forms.BooleanField(label=gettext_lazy("Check passwords there"), required=False)
    mail_is_proof = forms.BooleanField(
        label=gettext_lazy("Nobody writes his own e-mail address there"),
        required=False,
        help_text=gettext_lazy(
            "Only administrators of the directory do. Otherwise somebody could enter the address of another "
            "and come in as him."
        ),
    )
    for_staff = forms.BooleanField(
        label=gettext_lazy("For people who work here"), required=False, initial=True
    )
    for_customers = forms.BooleanField(label=gettext_lazy("For customers"), required=False)
    makes_accounts = forms.BooleanField(
        label=gettext_lazy("Make an account for whom we do not know yet"), required=False
    )

    def __init__(self, *args: Any, directory: Directory | None = None, kind: str = "", **kwargs: Any) -> None:
        self.directory = directory
        if directory is not None:
            kwargs["initial"] = {name: getattr(directory, name) for name in PLAIN}
        elif kind in KINDS:
            kwargs["initial"] = KINDS[kind]
        super().__init__(*args, **kwargs)
        if directory is not None and directory.bind_secret:
            self.fields["bind_secret"].help_text = _("One is stored. Leave this empty to keep it.")

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        others = Directory.objects.exclude(pk=self.directory.pk if self.directory else 0)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError(_("There is one of this name already."))
        return name

    def clean_urls(self) -> str:
        lines = self.cleaned_data["urls"].replace(",", " ").split()
        try:
            urls = list(dict.fromkeys(ldap.checked(line) for line in lines))
        except ldap.BadAddress as error:
            raise forms.ValidationError(str(error)) from error
        if len(urls) > MOST_SERVERS:
            raise forms.ValidationError(_("At most %(most)s servers.") % {"most": MOST_SERVERS})
        return "\n".join(urls)

    def clean_ca_certificate(self) -> str:
        text = self.cleaned_data["ca_certificate"].replace("\r\n", "\n").strip()
        if "PRIVATE KEY" in text:
            raise forms.ValidationError(_("This holds a private key. Only the certificate belongs here."))
        try:
            if text and "-----BEGIN CERTIFICATE-----" not in text:
                raise ValueError(text)
            ldap.trusts(text)
        except (OSError, ValueError) as error:
            raise forms.ValidationError(_("This is no certificate in PEM form.")) from error
        return text

    def clean_user_filter(self) -> str:
        return self._filter("user_filter", "{login}")

    def clean_group_filter(self) -> str:
        return self._filter("group_filter", "{dn}") if self.cleaned_data["group_filter"] else ""

    def _filter(self, name: str, place: str) -> str:
        text = self.cleaned_data[name].strip()
        if place not in text:
            raise forms.ValidationError(_("%(place)s has to be in it.") % {"place": place})
        if not ldap.is_filter(text.replace(place, "x")):
            raise forms.ValidationError(_("This is no filter: look at the brackets."))
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("for_staff") and not cleaned.get("for_customers"):
            self.add_error("for_staff", _("Say for whom it is."))
        if cleaned.get("active") and not cleaned.get("mail_is_proof"):
            self.add_error("mail_is_proof", _("It can be switched on only where that is so."))
        for name in ("id_attribute", "name_attribute", "mail_attribute", "group_attribute"):
            text = cleaned.get(name) or ""
            if text and not all(sign.isalnum() or sign in "-.;" for sign in text):
                self.add_error(name, _("This is no name of an attribute."))
        if (
            not self.errors
            and not cleaned["bind_secret"]
            and cleaned["bind_dn"]
            and self._secret_is_missing()
        ):
            stored = self.directory is not None and self.directory.bind_secret
            told = _("The stored one belongs to the settings before: enter it again.")
            self.add_error("bind_secret", told if stored else _("Enter the password of this account."))
        return cleaned

    def _secret_is_missing(self) -> bool:
        stored = self.directory
        if stored is None or not stored.bind_secret:
            return True
        names = ("urls", "bind_dn", "ca_certificate")
        return any(self.cleaned_data[name] != getattr(stored, name) for name in names)

    def given(self, roles: list[tuple[str, Role, Team | None]]) -> DirectoryGiven:
        return DirectoryGiven(**self.cleaned_data, roles=tuple(roles))


class DirectoryRoleForm(ProviderRoleForm):
    value = forms.CharField(label=gettext_lazy("Group"), max_length=500, required=False)


GroupRows = forms.formset_factory(DirectoryRoleForm, extra=3, max_num=100, validate_max=True)


class LookUpForm(forms.Form):
    login = forms.CharField(
        label=gettext_lazy("Whom to look up"),
        max_length=320,
        required=False,
        help_text=gettext_lazy("A user name or an address there. Its password is not asked for."),
        widget=forms.TextInput(attrs=_CODE),
    )
