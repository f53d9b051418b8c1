from __future__ import annotations

from dataclasses import dataclass

from deskbell.events.kinds import Happened


@dataclass(frozen=True, kw_only=True)
class MailTextChanged(Happened):
    """`mail` is a key of texts.MAILS."""

    kind = "mail_text.changed"
    mail: str
    language: str


@dataclass(frozen=True, kw_only=True)
class MailTextReset(Happened):
    """The company's own words are gone, Deskbell's count again."""

    kind = "mail_text.reset"
    mail: str
    language: str
