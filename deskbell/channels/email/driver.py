"""The way out by mail: SMTP as EMAIL_URL says, or one readable file per mail when nothing is set."""

from __future__ import annotations

import logging
import re
import smtplib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.db import DatabaseError
from django.utils.translation import gettext_noop as N_

from deskbell.channels import actions, reasons
from deskbell.channels.actions import copies
from deskbell.channels.actions.sign_ins import NoToken, SignInNeeded
from deskbell.channels.email.accounts import Account, BadAccount
from deskbell.channels.email.compose import build, message_id_of, sender_of, wire_address
from deskbell.channels.email.sasl import Bearer
from deskbell.channels.email.tokens import signed_in
from deskbell.channels.models import Channel, OutgoingServer
from deskbell.kit.network import trusted
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.results import Accepted, Final, Result, Retry, Unknown
from deskbell.people.addresses import BadAddress

FILES_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
#: what a connection may raise (socket time-outs are OSError)
NETWORK = (OSError, smtplib.SMTPException)
#: seconds before it is tried again whether somebody has signed in for the mailbox
SIGN_IN_WAIT = 600
#: seconds until a server that could not be reached is tried again: it is the same for all mails
AWAY = (60, 300, 900)
#: error codes of mails that could not be handed to the server at all
NOT_HANDED = frozenset({"connect", "sign_in"})

log = logging.getLogger(__name__)


def send(item: OutboxItem, payload: Mapping[str, Any]) -> Result:
    """Try once to send `item`. Never raises for what the network or the other side does."""
    try:
        message, sender = build(item, payload), sender_of(payload)[1]
    except BadAddress as error:
        return Final("bad_address", str(error))
    mailbox = mailbox_of(sender)
    server = getattr(mailbox, "outgoing", None)
    if server is None and mail_goes_to_files():
        result = _write(item, message)
    else:
        content = message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]  # Django's class takes it
        result = _deliver(message, content, sender, wire_address(item.recipient), server)
        if isinstance(result, Retry) and result.code == "connect":
            result = replace(result, after=AWAY[min(item.attempts, len(AWAY)) - 1])
        if mailbox and isinstance(result, Accepted):
            _keep_copy(mailbox, item, message, content)
        if isinstance(result, Accepted) and item.error_code in NOT_HANDED:
            _let_others_follow(item)
    actions.note_sent(item.channel_id or (mailbox.pk if mailbox else None), result)
    return Accepted(message_id_of(item)) if isinstance(result, Accepted) else result


def mailbox_of(address: str) -> Channel | None:
    """The mailbox that has this address, with its servers."""
    mailboxes = Channel.objects.select_related("outgoing", "incoming").filter(kind=Channel.Kind.EMAIL)
    return mailboxes.filter(address=address.casefold()).first()


def mail_goes_to_files() -> bool:
    """Whether EMAIL_URL is not set, so that nobody outside gets our mail."""
    return settings.EMAIL_BACKEND == FILES_BACKEND


def _write(item: OutboxItem, message: EmailMessage) -> Result:
    """One file per item, named by time and recipient; a second try writes the same file."""
    folder = Path(settings.EMAIL_FILE_PATH)
    recipient = re.sub(r"[^\w@.+-]", "_", item.recipient)[:100]
    path = folder / f"{item.created_at:%Y%m%d-%H%M%S}-{recipient}-{item.pk}.eml"
    draft = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(message.message().as_bytes())
        draft.replace(path)
    except OSError as error:
        return Retry("disk", reasons.NOT_WRITTEN % {"reason": error.strerror})
    return Accepted()


def _deliver(
    message: EmailMessage, content: bytes, sender: str, recipient: str, server: OutgoingServer | None
) -> Result:
    if server is None and not isinstance(usual := get_connection(), EmailBackend):
        usual.send_messages([message])  # a backend of another kind tells nothing of stages
        return Accepted()
    try:
        smtp = _opened(server).connection
    except BadAccount as error:
        return Final("account", str(error))
    except SignInNeeded as error:
        return Retry("sign_in", str(error), SIGN_IN_WAIT)
    except NoToken as error:
        return Retry("sign_in", str(error))
    except NETWORK as error:
        return Retry("connect", said(error))
    if smtp is None:
        return Retry("connect", N_("The mail server could not be reached"))
    try:
        return _converse(smtp, content, sender, recipient)
    finally:
        _hang_up(smtp)


def _opened(server: OutgoingServer | None) -> EmailBackend:
    if server is not None:
        return open_connection(Account.of(server), server.channel_id)
    usual = _trusting(cast(EmailBackend, get_connection()))
    usual.open()
    return usual


def _trusting(connection: EmailBackend) -> EmailBackend:
    """It would read the system's authorities anew for each mail, unless it shows a certificate of its own."""
    if (connection.use_tls or connection.use_ssl) and not (connection.ssl_certfile or connection.ssl_keyfile):
        vars(connection)["ssl_context"] = trusted("smtp")
    return connection


def _let_others_follow(item: OutboxItem) -> None:
    """What waits for the server that has just taken one. It has left: nothing changes that."""
    try:
        outbox.try_now(item.channel_id, codes=NOT_HANDED)
    except DatabaseError:
        log.exception("mails that wait are not hastened", extra={"outbox_item": item.pk})


def _keep_copy(mailbox: Channel, item: OutboxItem, message: EmailMessage, content: bytes) -> None:
    """For the folder of sent mails, what a person wrote about a ticket. It has left: nothing changes that."""
    server = getattr(mailbox, "incoming", None)
    if not server or not server.copy_sent or not item.ticket_id or "Auto-Submitted" in message.extra_headers:
        return
    try:
        copies.keep(server, message_id_of(item), content)
    except DatabaseError:
        log.exception("the copy of a sent mail is lost", extra={"outbox_item": item.pk})


def open_connection(account: Account, channel_id: int = 0, *, at_once: bool = False) -> EmailBackend:
    """An open connection to the own server of the mailbox `channel_id`.

    Raises NETWORK, SignInNeeded, NoToken.
    """

    def opened(account: Account) -> EmailBackend:
        connection = _connection_of(account)
        try:
            connection.open()
        except BaseException:
            if connection.connection:
                _hang_up(connection.connection)
            raise
        return connection

    refusal = smtplib.SMTPAuthenticationError
    return signed_in(account, channel_id, opened, refusal=refusal, at_once=at_once)


def _connection_of(account: Account) -> EmailBackend:
    return _trusting(
        _Backend(
            account,
            host=account.host,
            port=account.port,
            username="" if account.with_token else account.username,
            password=account.password,
            use_tls=account.security == "starttls",
            use_ssl=account.security == "tls",
            timeout=settings.EMAIL_TIMEOUT,
        )
    )


class _Backend(EmailBackend):
    """Signs in by a token where there is one."""

    def __init__(self, account: Account, **settings: Any) -> None:
        super().__init__(**settings)
        self.account = account

    def open(self) -> bool | None:
        opened = super().open()
        smtp = self.connection
        if opened and smtp and self.account.with_token:
            smtp.ehlo_or_helo_if_needed()
            bearer = Bearer(self.account, smtp.esmtp_features.get("auth", "").upper().split())
            try:
                smtp.auth(bearer.mechanism, bearer)
            except smtplib.SMTPAuthenticationError as error:
                text = f"{said(error).partition(' ')[2]} {bearer.reason}".strip()
                raise smtplib.SMTPAuthenticationError(error.smtp_code, text) from None
        return opened


def _converse(smtp: smtplib.SMTP, content: bytes, sender: str, recipient: str) -> Result:
    """One mail over an open connection, told apart by the point of no return: the dot that ends the mail."""
    try:
        smtp.ehlo_or_helo_if_needed()
        for command in _before_content(smtp, sender, recipient):
            code, answer = command()
            if code not in (250, 251, 354):
                return _refused(code, answer)
        smtp.send(_dotted(content))
    except NETWORK as error:
        return Retry("connection", said(error))
    try:
        smtp.send(b".\r\n")
        code, answer = smtp.getreply()
    except NETWORK as error:
        return Unknown("no_answer", reasons.NOT_CONFIRMED % {"reason": said(error)})
    return Accepted() if 200 <= code < 300 else _refused(code, answer)


def _before_content(smtp: smtplib.SMTP, sender: str, recipient: str) -> list[Callable[[], tuple[int, bytes]]]:
    return [lambda: smtp.mail(sender), lambda: smtp.rcpt(recipient), lambda: smtp.docmd("data")]


def _dotted(content: bytes) -> bytes:
    """Lines that begin with a dot get a second one (RFC 5321 section 4.5.2), and the last line an end."""
    content = re.sub(rb"(?m)^\.", b"..", content)
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def _refused(code: int, answer: bytes) -> Result:
    text = answer.decode("utf-8", "replace")[:400]
    if 500 <= code < 600:
        return Final(str(code), text)
    return Retry(str(code), text)


def _hang_up(smtp: smtplib.SMTP) -> None:
    try:
        smtp.quit()
    except NETWORK:
        smtp.close()  # the mail's fate is settled by now


def said(error: BaseException) -> str:
    """What went wrong, for the agent who reads it."""
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
        return f"{error.smtp_code} {text}"[:400]
    return (str(error) or type(error).__name__)[:400]
