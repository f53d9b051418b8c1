"""The built-in templates of a WhatsApp number, each with how it stands at Meta."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.channels.models import Channel, MessageTemplate
from deskbell.channels.whatsapp import drafts, templates
from deskbell.channels.whatsapp.drafts import Draft

#: word, colour
NOT_SENT: tuple[str | Promise, str] = (gettext_lazy("Not sent"), "outline")
STATES: dict[str, tuple[str | Promise, str]] = {
    "PENDING": (gettext_lazy("Waits for approval"), "blue"),
    "IN_APPEAL": (gettext_lazy("Waits for approval"), "blue"),
    "APPROVED": (gettext_lazy("Approved"), "green"),
    "REJECTED": (gettext_lazy("Rejected"), "red"),
    "PAUSED": (gettext_lazy("Paused by WhatsApp"), "amber"),
    "DISABLED": (gettext_lazy("Switched off by WhatsApp"), "red"),
}
#: why one was rejected
REASONS: dict[str, str | Promise] = {
    "": gettext_lazy("WhatsApp gave no reason."),
    "NONE": gettext_lazy("WhatsApp gave no reason."),
    "ABUSIVE_CONTENT": gettext_lazy("WhatsApp finds its words abusive."),
    "INVALID_FORMAT": gettext_lazy("Its variables or its form are not as WhatsApp wants them."),
    "PROMOTIONAL": gettext_lazy("WhatsApp takes it for an advertisement."),
    "SCAM": gettext_lazy("WhatsApp takes it for a fraud."),
    "TAG_CONTENT_MISMATCH": gettext_lazy(
        "WhatsApp finds that its category or its language does not fit its words."
    ),
    "INCORRECT_CATEGORY": gettext_lazy(
        "WhatsApp finds that its category or its language does not fit its words."
    ),
}


@dataclass(frozen=True)
class Spoken:
    """A draft in one language."""

    code: str
    language: str
    state: str | Promise
    colour: str
    preview: str
    is_sent: bool
    #: what else to know of it; empty when nothing
    note: str


@dataclass(frozen=True)
class Row:
    draft: Draft
    spoken: list[Spoken]


def rows_of(channel: Channel) -> list[Row]:
    there = MessageTemplate.objects.filter(channel=channel, name__in=[each.name for each in drafts.DRAFTS])
    found = {(row.name, row.language): row for row in there}
    return [
        Row(draft, [_spoken(draft, code, found.get((draft.name, code))) for code in drafts.LANGUAGES])
        for draft in drafts.DRAFTS
    ]


def _spoken(draft: Draft, code: str, row: MessageTemplate | None) -> Spoken:
    word, colour = STATES.get(row.status, (row.status, "amber")) if row else NOT_SENT
    foreign = row is not None and not drafts.is_ours(draft, row)
    preview = templates.preview(row, {}) if row and foreign else drafts.preview(draft, code)
    notes = _notes(row, foreign=foreign) if row else []
    if draft.category == templates.AUTHENTICATION and not foreign:
        said = _(
            "WhatsApp writes these words itself. Nobody sends it by hand: it goes out when somebody signs in "
            "by WhatsApp."
        )
        notes.insert(0, said)
    return Spoken(code, drafts.LANGUAGES[code], word, colour, preview, row is not None, " ".join(notes))


def _notes(row: MessageTemplate, *, foreign: bool) -> list[str]:
    notes = []
    if foreign:
        notes.append(_("WhatsApp has a template of this name already. These are its words."))
    if row.status == "REJECTED":
        notes.append(str(REASONS.get(row.rejected_reason, row.rejected_reason)))
        notes.append(_("Change it in the WhatsApp Manager; it is read from there."))
    if row.category == "MARKETING":
        notes.append(_("WhatsApp counts it as advertising, which has another price."))
    return notes
