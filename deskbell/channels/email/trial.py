"""Try a mailbox's servers without changing anything there."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deskbell.channels.email import driver
from deskbell.channels.email.accounts import Account
from deskbell.channels.email.boxes import BoxError, look

#: addresses of this machine: nothing can listen on the way
HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Trial:
    """How it went, in the reader's words. `folders` are those an IMAP server has."""

    ok: bool
    text: str
    warning: str = ""
    folders: tuple[str, ...] = ()


def try_incoming(account: Account, folder: str) -> Trial:
    """Sign in, open the folder for reading only, and count what lies there."""
    try:
        seen = look(account, folder)
    except BoxError as error:
        return Trial(False, str(error), _unsafe(account))
    text = ngettext(
        "The sign-in works. %(count)s mail lies in the folder.",
        "The sign-in works. %(count)s mails lie in the folder.",
        seen.mails,
    ) % {"count": seen.mails}
    if account.protocol == "imap" and not seen.pushes:
        text += " " + _("The server cannot tell when a mail comes in, so it is asked once a minute.")
    return Trial(True, text, _unsafe(account), seen.folders)


def try_outgoing(account: Account, sender: str) -> Trial:
    """Sign in and ask whether mails may leave from `sender`; no mail is sent."""
    connection = driver.connection_of(account)
    try:
        connection.open()
        smtp = connection.connection
        assert smtp is not None
        smtp.ehlo_or_helo_if_needed()
        code, answer = smtp.mail(sender)
        smtp.rset()
    except driver.NETWORK as error:
        return Trial(False, driver.said(error), _unsafe(account))
    finally:
        connection.close()
    if code != 250:
        return Trial(False, f"{code} {answer.decode('utf-8', 'replace')}"[:400], _unsafe(account))
    return Trial(
        True,
        _("The sign-in works, and mails may leave from %(address)s.") % {"address": sender},
        _unsafe(account),
    )


def _unsafe(account: Account) -> str:
    if account.security == "none" and account.password and account.host not in HERE:
        return _(
            "The password goes over the network unencrypted. Choose TLS or STARTTLS if the server knows it."
        )
    return ""
