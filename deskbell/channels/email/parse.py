"""One raw mail as a `ParsedMail`. Whatever the bytes are, this answers; what it cannot read it names.

The standard library's tolerant parser (policy `compat32`) takes the mail apart; its modern header classes
are left out, because they raise on some malformed headers and need quadratic time on others
(`Message-ID: <[a@b>` raises IndexError in Python 3.11).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deskbell.channels.email import headers, parts, words
from deskbell.channels.email.automatic import AutoClass, answerable, classify
from deskbell.channels.email.content import Content, new_text
from deskbell.channels.email.parts import MailFile, Report

MAX_SUBJECT = 255
MAX_INVITATIONS = 5


@dataclass(frozen=True)
class ParsedMail:
    """A mail, read. Addresses are (name, address) as written; ids stand in angle brackets."""

    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    subject: str
    sender: tuple[str, str]
    reply_to: tuple[str, str] | None
    to: tuple[tuple[str, str], ...]
    cc: tuple[tuple[str, str], ...]
    date: datetime | None
    text: str
    new_text: str
    html: str
    attachments: tuple[MailFile, ...]
    auto_class: AutoClass
    #: whether an automatic answer may be thought of at all
    answerable: bool
    headers: dict[str, str]
    digest: str
    report: Report | None = None
    #: ids found in a returned mail, for a bounce
    returned_ids: tuple[str, ...] = ()
    #: "smime" or "pgp": it has a signature, which nobody verified
    signed: str = ""
    #: "smime" or "pgp": its words can be read with the recipient's key alone; the raw mail is a file of it
    encrypted: str = ""
    #: what it says of appointments (email/invitations.py)
    invitations: tuple[dict[str, Any], ...] = ()
    #: values of Authentication-Results, the topmost first; none when From names several senders
    authentication: tuple[str, ...] = ()
    #: what could not be read, as short sentences for the ledger
    problems: tuple[str, ...] = ()


def parse(raw: bytes) -> ParsedMail:
    """Read `raw`, a whole mail (RFC 5322), within the limits above."""
    header_block, body = headers.split(raw)
    problems: list[str] = []
    message = headers.read(headers.bounded(header_block, problems) + b"\r\n\r\n" + body, problems)
    kept = headers.kept(message)
    digest = headers.digest(header_block, body)
    content = Content(problems)
    content.read(message)
    text = content.text()
    if content.encrypted:
        content.files = [MailFile("encrypted-mail.eml", "message/rfc822", raw)]
    senders = words.addresses(headers.raw_values(message, "from"), limit=2)
    sender = senders[0] if senders else ("", "")
    reply_to = words.addresses(headers.raw_values(message, "reply-to"), limit=1)
    subject = words.clean(kept.get("subject", ""))
    in_reply_to = (headers.ids(kept.get("in-reply-to", "")) or [""])[0]
    ids = headers.capped(
        headers.ids(" ".join(words.header_text(value) for value in headers.raw_values(message, "references")))
    )
    message_id = headers.message_id(kept, raw, digest)
    auto_class = classify(
        {**kept, "message-id": message_id},
        content_type=message.get_content_type(),
        report_type=parts.parameter(message, "report-type"),
        sender=sender[1],
    )
    return ParsedMail(
        message_id=message_id,
        in_reply_to=in_reply_to,
        references=ids,
        subject=_subject(subject, text),
        sender=sender,
        reply_to=reply_to[0] if reply_to else None,
        to=tuple(words.addresses(headers.raw_values(message, "to"))),
        cc=tuple(words.addresses(headers.raw_values(message, "cc"))),
        date=headers.date(kept.get("date", "")),
        text="\n\n".join(filter(None, [text, *content.enclosed])),
        new_text=new_text(content, text, subject, reply=bool(in_reply_to or ids))
        or "\n\n".join(content.enclosed),
        html=content.html(),
        attachments=content.attachments(),
        auto_class=auto_class,
        answerable=answerable(kept, sender[1], auto_class),
        headers=kept,
        digest=digest,
        report=content.report,
        returned_ids=tuple(content.returned_ids[:20]),
        signed=content.signed,
        encrypted=content.encrypted,
        invitations=tuple(content.invitations[:MAX_INVITATIONS]),
        authentication=headers.authentication(message) if len(senders) == 1 else (),
        problems=tuple(problems),
    )


def _subject(subject: str, text: str) -> str:
    if not subject:
        subject = " ".join(text[:500].split()[:12])
    return subject[:MAX_SUBJECT].rstrip()
