"""What a played customer sends: a mail through the same intake as any other, or the web form."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from deskbell.channels.actions import receive_form, take_in
from deskbell.channels.webform.sent import FormSent
from deskbell.demo import company
from deskbell.files.actions import store
from deskbell.tickets.actions.attachments import clean_filename
from deskbell.tickets.content import NewFile


def send_mail(
    *,
    name: str,
    address: str,
    subject: str,
    text: str,
    files: list[UploadedFile],
    key: str,
    answers: EmailMessage | None = None,
    automatic: bool = False,
) -> int:
    """Hand a mail to the demo's mailbox; returns the id of the inbound item.

    `key` makes its Message-ID; `answers` is the mail it replies to, quoted below as mail programs do.
    An `automatic` one says that a machine answers.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = formataddr((name, address))
    mail["To"] = formataddr((company.NAME, company.SUPPORT))
    mail["Date"] = format_datetime(timezone.now())
    mail["Message-ID"] = f"<{key}@{address.rpartition('@')[2]}>"
    if automatic:
        mail["Auto-Submitted"] = "auto-replied"
    if answers:
        mail["Subject"] = _answering(str(answers["Subject"] or ""))
        mail["In-Reply-To"] = str(answers["Message-ID"])
        mail["References"] = f"{answers['References'] or ''} {answers['Message-ID']}".strip()
        text += _quoted(answers)
    else:
        mail["Subject"] = subject
    mail.set_content(text)
    for file in files:
        main, _, sub = (file.content_type or "application/octet-stream").partition("/")
        mail.add_attachment(file.read(), maintype=main, subtype=sub, filename=file.name)
    return take_in(mail.as_bytes(), to=company.SUPPORT, sender=address).pk


def _answering(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _quoted(answers: EmailMessage) -> str:
    body = answers.get_body(("plain",))
    lines = str(body.get_content()).strip().splitlines() if body else []
    said = "".join(f"> {line}\n" for line in lines)
    return f"\n\nOn {answers['Date']}, {company.NAME} <{company.SUPPORT}> wrote:\n\n{said}"


@transaction.atomic
def fill_form(*, name: str, address: str, subject: str, text: str, files: list[UploadedFile]) -> int:
    """Send the web form, as somebody who is not signed in; returns the id of the inbound item.

    Raises TooBig, FormClosed.
    """
    form = FormSent(name=name, email=address, subject=subject, text=text)
    limit = settings.GUEST_UPLOAD_LIMIT
    brought = [
        NewFile(store(cast(BinaryIO, file), limit=limit), clean_filename(file.name or "")) for file in files
    ]
    return receive_form(form, brought).pk
