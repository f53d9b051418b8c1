"""The form of a mailbox: where its mails come from, and how its answers leave."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.channels.actions import Fetching
from deskbell.channels.email.accounts import PORTS, Account, BadAccount, stored_password
from deskbell.channels.email.providers import MAIL, Provider, provider_of, require_safe_for_tokens
from deskbell.channels.models import Channel, IncomingServer, Server, SignInProvider
from deskbell.people.addresses import email_key, is_email
from deskbell.tickets.models import Queue

After = IncomingServer.After
SECURITY = [
    (Server.Security.TLS, gettext_lazy("TLS (usual)")),
    (Server.Security.STARTTLS, gettext_lazy("STARTTLS")),
    (Server.Security.NONE, gettext_lazy("Not encrypted")),
]
DAYS = [
    ("14", gettext_lazy("Those of the last 14 days")),
    ("0", gettext_lazy("None: only what comes from now on")),
    ("", gettext_lazy("All of them")),
]


def _port() -> forms.IntegerField:
    return forms.IntegerField(
        label=gettext_lazy("Port"),
        required=False,
        min_value=1,
        max_value=65535,
        help_text=gettext_lazy("Empty: the usual one."),
    )


def _text(label: Any, help_text: Any = "", *, length: int = 255) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, max_length=length, required=False)


def _password() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Password"),
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def _sign_in() -> forms.ModelChoiceField:
    return forms.ModelChoiceField(
        SignInProvider.objects.none(),
        label=gettext_lazy("Sign-in"),
        required=False,
        empty_label=gettext_lazy("with a password"),
    )


class QueueField(forms.ModelChoiceField):
    """Queues we made ourselves are called in the reader's words."""

    def label_from_instance(self, obj: Any) -> str:
        return _(obj.name)


class MailboxForm(forms.Form):
    """`fetching`, `leaving` and `provider` hold the servers, and by what to sign in there, once the form is
    valid; None for none.
    """

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    address = forms.CharField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        help_text=gettext_lazy("Customers write to it, and answers leave from it."),
        widget=forms.EmailInput(),
    )
    queue = QueueField(
        Queue.objects.none(),
        label=gettext_lazy("Queue"),
        required=False,
        empty_label=gettext_lazy("The first one"),
        help_text=gettext_lazy("New tickets of this mailbox go there."),
    )
    plus_addresses = forms.BooleanField(
        label=gettext_lazy("The server knows plus addresses"),
        help_text=gettext_lazy(
            "It delivers support+anything@… here. Then each answer gets an address of its own, and finds its "
            "ticket whatever the customer’s mail program does."
        ),
        required=False,
    )
    authserv_id = forms.RegexField(
        r"^\S*$",
        label=gettext_lazy("Name of the server in Authentication-Results"),
        max_length=255,
        required=False,
        help_text=gettext_lazy(
            "The first word of that header in a mail that came in, such as mx.example.com. Then senders "
            "count as verified when the server says so, and your staff can answer by mail. Empty: nobody "
            "counts as verified."
        ),
        error_messages={"invalid": gettext_lazy("This must be one word.")},
    )
    incoming = forms.ChoiceField(
        label=gettext_lazy("Mails come in"),
        choices=[
            ("imap", gettext_lazy("by IMAP: Deskbell fetches them")),
            ("pop3", gettext_lazy("by POP3, where there is no IMAP")),
            ("none", gettext_lazy("from the mail server on this machine: deskbell mail receive")),
        ],
        initial="imap",
        widget=forms.RadioSelect,
    )
    in_host = _text(gettext_lazy("Server"))
    in_port = _port()
    in_security = forms.ChoiceField(label=gettext_lazy("Encryption"), choices=SECURITY, required=False)
    in_username = _text(gettext_lazy("User name"), gettext_lazy("Empty: the address."), length=320)
    in_sign_in = _sign_in()
    in_password = _password()
    folder = forms.CharField(label=gettext_lazy("Folder"), max_length=255, required=False, initial="INBOX")
    days_back = forms.ChoiceField(
        label=gettext_lazy("Mails that lie there already"), choices=DAYS, required=False, initial="14"
    )
    after = forms.ChoiceField(
        label=gettext_lazy("What was fetched"),
        choices=[
            (After.SEEN, gettext_lazy("is marked as read")),
            (After.MOVE, gettext_lazy("is moved to a folder")),
            (After.DELETE, gettext_lazy("is deleted there")),
            (After.KEEP, gettext_lazy("stays as it is")),
        ],
        required=False,
        initial=After.SEEN,
        help_text=gettext_lazy("Only after it is stored here for good."),
    )
    moved_to = forms.CharField(
        label=gettext_lazy("Folder for it"), max_length=255, required=False, initial="Processed"
    )
    outgoing = forms.ChoiceField(
        label=gettext_lazy("Answers leave"),
        choices=[
            ("desk", gettext_lazy("by the mail server of the desk (EMAIL_URL)")),
            ("smtp", gettext_lazy("by a server of this mailbox")),
        ],
        initial="desk",
        widget=forms.RadioSelect,
    )
    out_host = _text(gettext_lazy("Server"))
    out_port = _port()
    out_security = forms.ChoiceField(
        label=gettext_lazy("Encryption"), choices=SECURITY, required=False, initial="starttls"
    )
    out_username = _text(
        gettext_lazy("User name"),
        gettext_lazy("Empty: no sign-in, or the address if there is a password."),
        length=320,
    )
    out_sign_in = _sign_in()
    out_password = _password()
    copy_sent = forms.BooleanField(
        label=gettext_lazy("Put a copy of each answer into a folder of the mailbox"),
        help_text=gettext_lazy(
            "By IMAP, once it has left. Gmail and Microsoft 365 keep a copy themselves: leave this off there."
        ),
        required=False,
    )
    sent_folder = forms.CharField(
        label=gettext_lazy("Folder for it"),
        max_length=255,
        required=False,
        help_text=gettext_lazy("Empty: the one the server has for sent mails."),
    )

    def __init__(self, *args: Any, channel: Channel | None = None, **kwargs: Any) -> None:
        self.channel = channel
        self.stored_in = getattr(channel, "incoming", None)
        self.stored_out = getattr(channel, "outgoing", None)
        self.fetching: Fetching | None = None
        self.leaving: Account | None = None
        self.provider: SignInProvider | None = None
        self.providers = list(SignInProvider.objects.order_by("name"))
        if channel is not None:
            kwargs["initial"] = self._values(channel)
        super().__init__(*args, **kwargs)
        queues = Queue.objects.filter(active=True)
        if channel is not None:
            self.fields["address"].disabled = True
            queues |= Queue.objects.filter(pk=channel.queue_id or 0)
        cast(QueueField, self.fields["queue"]).queryset = queues.order_by("position")
        for name in ("in_sign_in", "out_sign_in"):
            cast(forms.ModelChoiceField, self.fields[name]).queryset = SignInProvider.objects.order_by("name")
        for stored, name in ((self.stored_in, "in_password"), (self.stored_out, "out_password")):
            if stored is not None and stored.password:
                self.fields[name].help_text = _("One is stored. Leave this empty to keep it.")

    def _values(self, channel: Channel) -> dict[str, Any]:
        values: dict[str, Any] = {
            "name": channel.name,
            "address": channel.address,
            "queue": channel.queue_id,
            "plus_addresses": channel.plus_addresses,
            "authserv_id": channel.authserv_id,
            "incoming": self.stored_in.protocol if self.stored_in else "none",
            "outgoing": "smtp" if self.stored_out else "desk",
        }
        for prefix, stored in (("in", self.stored_in), ("out", self.stored_out)):
            if stored is not None:
                values |= {
                    f"{prefix}_host": stored.host,
                    f"{prefix}_port": stored.port,
                    f"{prefix}_security": stored.security,
                    f"{prefix}_username": stored.username,
                    f"{prefix}_sign_in": channel.sign_in.provider_id if stored.with_token else None,
                }
        if self.stored_in is not None:
            days = self.stored_in.days_back
            values |= {
                "folder": self.stored_in.folder,
                "after": self.stored_in.after,
                "moved_to": self.stored_in.moved_to,
                "days_back": "" if days is None else str(days),
                "copy_sent": self.stored_in.copy_sent,
                "sent_folder": self.stored_in.sent_folder,
            }
        return values

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).strip()
        if self.channel is not None:
            return self.channel.address
        if not is_email(address):
            raise forms.ValidationError(_("This is not an e-mail address."))
        if Channel.objects.filter(kind=Channel.Kind.EMAIL, address=email_key(address)).exists():
            raise forms.ValidationError(_("This address is a mailbox of the desk already."))
        return address

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        address = str(cleaned.get("address", ""))
        incoming = cleaned.get("incoming")
        if incoming in ("imap", "pop3") and (
            account := self._account("in", incoming, address, self.stored_in)
        ):
            self.fetching = Fetching(
                account,
                folder=cleaned.get("folder") or "INBOX",
                after=cleaned.get("after") or After.SEEN,
                moved_to=cleaned.get("moved_to") or "Processed",
                days_back=int(cleaned["days_back"]) if cleaned.get("days_back") else None,
                copy_sent=bool(cleaned.get("copy_sent")),
                sent_folder=str(cleaned.get("sent_folder") or "").strip(),
            )
        if cleaned.get("outgoing") == "smtp":
            self.leaving = self._account("out", "smtp", address, self.stored_out)
        if cleaned.get("copy_sent") and incoming != "imap":
            self.add_error("copy_sent", _("The copies are put there by IMAP: let the mails come in by it."))
        return cleaned

    def _account(self, prefix: str, protocol: str, address: str, stored: Server | None) -> Account | None:
        """The account of one half of the form; its stored password where none was typed."""
        given = {name: self.cleaned_data.get(f"{prefix}_{name}") for name in ("host", "port", "security")}
        security = given["security"] or "tls"
        host, port = str(given["host"] or "").strip(), given["port"]
        by = self.cleaned_data.get(f"{prefix}_sign_in")
        if not host and (provider := _servers(by, address)):
            host = getattr(provider, protocol)
            if protocol == "smtp":
                security, port = "starttls", provider.smtp_port
        if not host:
            self.add_error(
                f"{prefix}_host", _("Which server? Your mail provider names it in its help pages.")
            )
            return None
        if by is not None:
            username = str(self.cleaned_data.get(f"{prefix}_username") or "").strip() or address
            port = port or PORTS[protocol, security]
            return self._by_token(prefix, by, Account(protocol, host, port, security, username, "", True))
        password = str(self.cleaned_data.get(f"{prefix}_password") or "") or (
            stored_password(stored) if stored and stored.host == host else ""
        )
        username = str(self.cleaned_data.get(f"{prefix}_username") or "").strip()
        if not username and (password or prefix == "in"):
            username = address
        if prefix == "in" and not password:
            self.add_error("in_password", _("The server asks for a password."))
            return None
        return Account(protocol, host, port or PORTS[protocol, security], security, username, password)

    def _by_token(self, prefix: str, provider: SignInProvider, account: Account) -> Account | None:
        if self.provider not in (None, provider):
            self.add_error(
                f"{prefix}_sign_in", _("A mailbox signs in by one provider: choose the same twice.")
            )
            return None
        self.provider = provider
        try:
            require_safe_for_tokens(account, provider)
        except BadAccount as error:
            self.add_error(f"{prefix}_sign_in", str(error))
            return None
        return account


def _servers(by: SignInProvider | None, address: str) -> Provider | None:
    """The mail servers that belong to the chosen sign-in, else to the address."""
    known = MAIL.get(SignInProvider.Kind(by.kind)) if by is not None else None
    return known or provider_of(address)
