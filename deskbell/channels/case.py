"""One mail to be decided: what is known of it, the message it makes, and what a decision looks like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from deskbell.channels import senders
from deskbell.channels.email import references
from deskbell.channels.email.authentication import verified
from deskbell.channels.email.parse import ParsedMail
from deskbell.channels.models import InboundItem, SenderRule
from deskbell.channels.queries import desk_addresses
from deskbell.kit.html import clean_mail
from deskbell.tickets.content import Content, NewFile

State = InboundItem.State

#: a header date further back, or in the future, is a wrong clock
OLDEST_DATE = timedelta(days=30)
SMALL_INTEGER = 32767


@dataclass(frozen=True)
class Verdict:
    """A decision and its reason: `reason` is a fixed word, `text` a sentence for administrators.

    It is stored in English and shown in the reader's language where it is one of our sentences.
    """

    state: str
    reason: str
    text: str = ""
    ticket_id: int | None = None
    message_id: int | None = None
    duplicate_of: int | None = None

    @classmethod
    def quarantined(cls, reason: str, text: str) -> Verdict:
        return cls(State.QUARANTINED, reason, text)

    @classmethod
    def blocked(cls, reason: str, text: str) -> Verdict:
        return cls(State.BLOCKED, reason, text)

    def noting(self, problems: tuple[str, ...]) -> Verdict:
        """This verdict with what could not be read of the mail."""
        return replace(self, text="; ".join(filter(None, [self.text, *problems]))) if problems else self


def refusal(sender_kind: str) -> Verdict | None:
    """For a sender whom an administrator blocked (channels.senders)."""
    if sender_kind != SenderRule.Kind.BLOCK:
        return None
    return Verdict.blocked("sender_blocked", N_("The sender stands on the list of the blocked ones"))


@dataclass(frozen=True)
class Case:
    """One mail to be decided: its row, what it says, and its files on disk."""

    item: InboundItem
    mail: ParsedMail
    files: list[NewFile]

    @cached_property
    def ours(self) -> set[str]:
        """Every address under which this desk writes or is written to, by this mail too."""
        return desk_addresses() | {references.base_address(self.item.envelope_to)} - {""}

    @cached_property
    def sender_kind(self) -> str:
        """What an administrator said of the sender (channels.senders.kind_of)."""
        return senders.kind_of(self.mail.sender[1])

    @cached_property
    def verified(self) -> bool:
        """Whether the mailbox's own server confirmed the domain of the sender; never when none is named."""
        by = self.item.channel.authserv_id
        return bool(by) and verified(self.mail.authentication, by=by, sender=self.mail.sender[1])


def content_of(case: Case, *, kind: str) -> Content:
    """The mail as a message. Inline images keep their `cid:` addresses, which the page resolves."""
    mail = case.mail
    cleaned = clean_mail(mail.html, cid=lambda content_id: f"cid:{content_id}") if mail.html.strip() else None
    text = mail.text
    if not text and mail.encrypted:
        text = _("(This mail is encrypted. Open the file with a mail program that has the key.)")
    if not text and not case.files and not (cleaned and cleaned.html.strip()):
        text = _("(The mail has no text.)")
    return Content(
        text=text,
        new_text=mail.new_text or text,
        html=cleaned.html if cleaned else "",
        remote_images=min(cleaned.remote_images, SMALL_INTEGER) if cleaned else 0,
        markup="mail" if cleaned else "plain",
        subject=mail.subject,
        kind=kind,
        external_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        to=[address for _name, address in mail.to[:100]],
        cc=[address for _name, address in mail.cc[:100]],
        sent_at=believable(mail.date),
        inbound_id=case.item.pk,
        files=case.files,
        details=details_of(case),
    )


def details_of(case: Case) -> dict[str, Any]:
    """See Message.details."""
    mail = case.mail
    trust = ("verified" if case.verified else "unverified") if case.item.channel.authserv_id else ""
    found = {
        "sender": trust,
        "signed": mail.signed,
        "encrypted": mail.encrypted,
        "invitations": list(mail.invitations),
    }
    return {name: value for name, value in found.items() if value}


def believable(date: datetime | None) -> datetime | None:
    """`date`, unless it lies in the future or so far back that a clock must be wrong."""
    now = timezone.now()
    return date if date and now - OLDEST_DATE <= date <= now else None
