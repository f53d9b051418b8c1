"""An outbox payload as a mail.

The payload of driver `email`, all keys but `subject` and `text` optional:

    subject, text, html      the body; both forms say the same
    from: [name, address]    default: the company and the desk's support address
    to_name                  how the recipient is called
    reply_to                 an address
    headers: {name: value}   such as In-Reply-To, References, Auto-Submitted
    attachments: [{blob, filename, content_type, content_id}]   `blob` is the id of a files.Blob
"""

from __future__ import annotations

from collections.abc import Mapping
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from email.utils import formataddr
from typing import Any

from django.core.mail import EmailMultiAlternatives

from deskbell.channels.email import references
from deskbell.files.models import Blob
from deskbell.outbox.models import OutboxItem
from deskbell.people.addresses import BadAddress, email_key
from deskbell.people.queries import company

#: relays refuse header blocks above 4096 bytes; References keeps its first and its latest ids
REFERENCES_LIMIT = 1500


def references_header(ids: list[str]) -> str:
    """`ids`, oldest first, without repeats, within REFERENCES_LIMIT characters."""
    unique = list(dict.fromkeys(one for one in ids if one))
    if not unique:
        return ""
    first, rest = unique[0], unique[1:]
    room = REFERENCES_LIMIT - len(first)
    kept: list[str] = []
    for one in reversed(rest):
        room -= len(one) + 1
        if room < 0:
            break
        kept.insert(0, one)
    return " ".join([first, *kept])


def message_id_of(item: OutboxItem) -> str:
    """The Message-ID of an item, the same on each try."""
    return item.external_id or f"<o{item.uuid.hex}@{references.host()}>"


def wire_address(given: str) -> str:
    """An address as it goes over the wire. Raises BadAddress, for letters beyond ASCII before the @ too:
    few servers on the way know such addresses (RFC 6531).
    """
    key = email_key(given)
    if not key.isascii():
        raise BadAddress(f"{given} has letters beyond ASCII before the @")
    return key


def sender_of(payload: Mapping[str, Any]) -> tuple[str, str]:
    """(name, address) in the From header. Raises BadAddress."""
    name, address = payload.get("from") or (company().name, company().support_address)
    return _one_line(name), wire_address(address)


def build(item: OutboxItem, payload: Mapping[str, Any]) -> EmailMultiAlternatives:
    """The mail of `item`; the connection is the caller's. Raises BadAddress."""
    headers = {name: _one_line(value) for name, value in payload.get("headers", {}).items() if value}
    message = EmailMultiAlternatives(
        subject=_one_line(payload["subject"]),
        body=payload["text"],
        from_email=formataddr(sender_of(payload)),
        to=[formataddr((_one_line(payload.get("to_name", "")), wire_address(item.recipient)))],
        reply_to=[payload["reply_to"]] if payload.get("reply_to") else None,
        headers={**headers, "Message-ID": message_id_of(item)},
    )
    if payload.get("html"):
        message.attach_alternative(payload["html"], "text/html")
    files = payload.get("attachments", [])
    if all(file.get("content_id") for file in files):
        # pictures of the text alone: no paper clip in the list of mails
        message.mixed_subtype = "related"  # type: ignore[attr-defined]  # Django's class has it
    for file in files:
        _attach(message, file)
    return message


def _attach(message: EmailMultiAlternatives, file: Mapping[str, Any]) -> None:
    """Attach from our copy. A file redacted since then is left out."""
    blob = Blob.objects.filter(pk=file["blob"]).first()
    if blob is None:
        return
    content = blob.path.read_bytes()
    content_id = file.get("content_id")
    if content_id and blob.is_safe_image:
        part: MIMEBase = MIMEImage(content, _subtype=blob.content_type.partition("/")[2])
        part.add_header("Content-ID", f"<{content_id}>")
        part.add_header("Content-Disposition", "inline", filename=file["filename"])
        message.attach(part)
    else:
        message.attach(file["filename"], content, file.get("content_type") or blob.content_type)


def _one_line(value: object) -> str:
    """Header values never carry a line end: it would begin another header."""
    return " ".join(str(value).split())
