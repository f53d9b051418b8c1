"""Mail servers of the providers that small companies use most, and where their tokens come from, so that
nobody has to look them up.

Host names, ports and addresses as each provider's own help pages name them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.fernet import InvalidToken
from django.utils.translation import gettext as _

from deskbell.channels.email.accounts import HERE, Account, BadAccount
from deskbell.channels.email.oauth import Client
from deskbell.channels.models import SignInProvider
from deskbell.kit.secrets import unseal


@dataclass(frozen=True)
class Provider:
    """`imap` and `pop3` are spoken to by TLS; `smtp` as its port says."""

    imap: str
    pop3: str
    smtp: str
    smtp_port: int = 587


GMAIL = Provider("imap.gmail.com", "pop.gmail.com", "smtp.gmail.com")
MICROSOFT = Provider("outlook.office365.com", "outlook.office365.com", "smtp.office365.com")
GMX = Provider("imap.gmx.net", "pop.gmx.net", "mail.gmx.net")
WEB_DE = Provider("imap.web.de", "pop3.web.de", "smtp.web.de")
ICLOUD = Provider("imap.mail.me.com", "", "smtp.mail.me.com")
YAHOO = Provider("imap.mail.yahoo.com", "pop.mail.yahoo.com", "smtp.mail.yahoo.com")
ZOHO = Provider("imap.zoho.eu", "pop.zoho.eu", "smtp.zoho.eu")
FASTMAIL = Provider("imap.fastmail.com", "pop.fastmail.com", "smtp.fastmail.com")

BY_DOMAIN = {
    "gmail.com": GMAIL,
    "googlemail.com": GMAIL,
    "outlook.com": MICROSOFT,
    "hotmail.com": MICROSOFT,
    "live.com": MICROSOFT,
    "gmx.de": GMX,
    "gmx.net": GMX,
    "gmx.at": GMX,
    "gmx.ch": GMX,
    "web.de": WEB_DE,
    "icloud.com": ICLOUD,
    "me.com": ICLOUD,
    "yahoo.com": YAHOO,
    "yahoo.de": YAHOO,
    "zoho.eu": ZOHO,
    "zohomail.eu": ZOHO,
    "fastmail.com": FASTMAIL,
}


def provider_of(address: str) -> Provider | None:
    return BY_DOMAIN.get(address.rpartition("@")[2].casefold())


@dataclass(frozen=True)
class Grants:
    """Where a provider gives out tokens, for what, and which mail servers may be shown them.

    The scopes for the desk itself are others; without them there is no such way.
    """

    authorize_url: str
    token_url: str
    scopes: str
    scopes_of_application: str
    mail_hosts: tuple[str, ...]


_MICROSOFT_LOGIN = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/"
GRANTS = {
    SignInProvider.Kind.MICROSOFT: Grants(
        f"{_MICROSOFT_LOGIN}authorize?prompt=select_account",
        f"{_MICROSOFT_LOGIN}token",
        "offline_access https://outlook.office.com/IMAP.AccessAsUser.All"
        " https://outlook.office.com/SMTP.Send",
        "https://outlook.office365.com/.default",
        ("office365.com", "outlook.com"),
    ),
    # without both of these Google gives no refresh token
    SignInProvider.Kind.GOOGLE: Grants(
        "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent",
        "https://oauth2.googleapis.com/token",
        "https://mail.google.com/",
        "",
        ("gmail.com", "googlemail.com"),
    ),
}
MAIL = {SignInProvider.Kind.MICROSOFT: MICROSOFT, SignInProvider.Kind.GOOGLE: GMAIL}


def grants_of(provider: SignInProvider) -> Grants:
    known = GRANTS.get(SignInProvider.Kind(provider.kind))
    if known is None:
        hosts = tuple(provider.mail_hosts.lower().split())
        return Grants(provider.authorize_url, provider.token_url, provider.scopes, provider.scopes, hosts)
    return Grants(
        known.authorize_url.format(tenant=provider.tenant),
        known.token_url.format(tenant=provider.tenant),
        known.scopes,
        known.scopes_of_application,
        known.mail_hosts,
    )


def reach_of(provider: SignInProvider) -> tuple[object, ...]:
    """Where its secret and tokens may go, and for whom. They belong to that and to nothing else."""
    grants = grants_of(provider)
    return grants.authorize_url, grants.token_url, grants.mail_hosts, provider.client_id, provider.flow


def client_of(provider: SignInProvider) -> Client:
    """Raises BadAccount when its secret was sealed with keys this desk lacks."""
    grants = grants_of(provider)
    person = provider.flow == SignInProvider.Flow.PERSON
    scopes = grants.scopes if person else grants.scopes_of_application
    try:
        secret = unseal(bytes(provider.client_secret)) if provider.client_secret else ""
    except InvalidToken:
        raise BadAccount(
            _("The client secret cannot be read with this desk’s keys. Enter it again.")
        ) from None
    return Client(grants.authorize_url, grants.token_url, tuple(scopes.split()), provider.client_id, secret)


def may_be_shown_a_token(account: Account, hosts: Iterable[str]) -> bool:
    """Whether `account` is at one of `hosts`, or below: tokens must not be led astray."""
    host = account.host.lower().rstrip(".")
    return any(host == known or host.endswith(f".{known}") for known in hosts)


def require_safe_for_tokens(account: Account, provider: SignInProvider) -> None:
    """Raises BadAccount when a token must not be shown to this server, or cannot."""
    if account.protocol == "pop3":
        raise BadAccount(_("By POP3 only a password signs in. Choose IMAP."))
    if not account.username.isascii():
        raise BadAccount(_("A user name with letters such as ü cannot sign in without a password."))
    hosts = grants_of(provider).mail_hosts
    if not may_be_shown_a_token(account, hosts):
        text = _("%(name)s is for mail servers at %(hosts)s only.")
        raise BadAccount(text % {"name": provider.name, "hosts": ", ".join(hosts)})
    if account.security == "none" and account.host not in HERE:
        raise BadAccount(_("A sign-in without a password needs encryption: choose TLS or STARTTLS."))
