"""Mail servers of the providers that small companies use most, so that nobody has to look them up.

Host names and ports as each provider's own help pages name them.
"""

from __future__ import annotations

from dataclasses import dataclass


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
