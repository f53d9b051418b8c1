"""What a played customer sends: a mail through the same intake as any other, or the web form."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from deskbell.channels.actions import take_in
from deskbell.demo import company
from deskbell.people import actions as people
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from deskbell.tickets.models import Source


def send_mail(
    *,
    name: str,
    address: str,
    subject: str,
    text: str,
    files: list[UploadedFile],
    key: str,
    answers: EmailMessage | None = None,
) -> int:
    """Hand a mail to the demo's mailbox; returns the id of the inbound item.

    `key` makes its Message-ID; `answers` is the mail it replies to, quoted below as mail programs do.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = formataddr((name, address))
    mail["To"] = formataddr((company.NAME, company.SUPPORT))
    mail["Date"] = format_datetime(timezone.now())
    mail["Message-ID"] = f"<{key}@{address.rpartition('@')[2]}>"
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
    """Open a ticket as the web form does; returns its number. Raises TooBig, EmptyMessage."""
    person, _ = people.person_for_email(address, name=name, how="web")
    uploads = [
        tickets.upload(cast("object", file), filename=file.name or "", by=person).pk  # type: ignore[arg-type]
        for file in files
    ]
    content = Content.markdown(text, uploads=uploads)
    ticket = tickets.open_ticket(
        requester=person, subject=subject, content=content, by=person, source=Source.WEB
    )
    return ticket.number
