"""Try a mailbox's servers without changing anything there."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deskbell.channels.email import driver
from deskbell.channels.email.accounts import HERE, Account
from deskbell.channels.email.boxes import BoxError, look
from deskbell.channels.email.tokens import signed_in
from deskbell.kit.stored import said


@dataclass(frozen=True)
class Trial:
    """How it went, in the reader's words. `folders` are those an IMAP server has."""

    ok: bool
    text: str
    warning: str = ""
    folders: tuple[str, ...] = ()


def try_incoming(account: Account, folder: str, channel_id: int = 0) -> Trial:
    """Sign in, open the folder for reading only, and count what lies there.

    `channel_id` is the mailbox whose token it is, where `account` signs in by one.
    """
    try:
        seen = signed_in(account, channel_id, lambda given: look(given, folder), at_once=True)
    except BoxError as error:
        return Trial(False, said(str(error)), _unsafe(account))
    text = ngettext(
        "The sign-in works. %(count)s mail lies in the folder.",
        "The sign-in works. %(count)s mails lie in the folder.",
        seen.mails,
    ) % {"count": seen.mails}
    if account.protocol == "imap" and not seen.pushes:
        text += " " + _("The server cannot tell when a mail comes in, so it is asked once a minute.")
    return Trial(True, text, _unsafe(account), seen.folders)


def try_outgoing(account: Account, sender: str, channel_id: int = 0) -> Trial:
    """Sign in and ask whether mails may leave from `sender`; no mail is sent."""
    try:
        connection = driver.open_connection(account, channel_id, at_once=True)
    except BoxError as error:
        return Trial(False, said(str(error)), _unsafe(account))
    except driver.NETWORK as error:
        return Trial(False, driver.said(error), _unsafe(account))
    try:
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
