"""Changing the words of mails."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.notifications import events, texts
from deskbell.notifications.models import MailText
from deskbell.people import permissions
from deskbell.people.actions.guard import require
from deskbell.people.models import User
from deskbell.people.reader import reading
from deskbell.tickets.variables import variables_in


class UnknownVariables(ValueError):
    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class MissingVariables(UnknownVariables):
    """Without them the mail would not say what it is sent for."""


@transaction.atomic
def change_text(mail: str, language: str, *, subject: str, text: str, by: Actor | User) -> None:
    """Let `mail` say this in `language`; words that are Deskbell's own are not kept.

    Raises NotAllowed, UnknownVariables (also of the subject) and MissingVariables.
    """
    require(by, permissions.SETUP)
    if names := texts.unknown(mail, f"{subject}\n{text}") + _blocks(subject):
        raise UnknownVariables(names)
    if names := texts.missing(mail, text):
        raise MissingVariables(names)
    with reading(language=language):
        ours = texts.MAILS[mail].defaults()
    if (subject, text) == ours:
        reset_text(mail, language, by=by)
        return
    row, made = MailText.objects.select_for_update(no_key=True).get_or_create(
        mail=mail, language=language, defaults={"subject": subject, "text": text}
    )
    if not made and (row.subject, row.text) == (subject, text):
        return
    row.subject, row.text, row.changed_at = subject, text, timezone.now()
    row.save()
    publish(events.MailTextChanged(mail=mail, language=language), about=row, by=by)


def _blocks(subject: str) -> list[str]:
    """A subject is one line."""
    return [name for name in texts.BLOCKS if name in variables_in(subject)]


@transaction.atomic
def reset_text(mail: str, language: str, *, by: Actor | User) -> None:
    """Let `mail` say in `language` what Deskbell says. Raises NotAllowed."""
    require(by, permissions.SETUP)
    row = MailText.objects.select_for_update().filter(mail=mail, language=language).first()
    if row is None:
        return
    publish(events.MailTextReset(mail=mail, language=language), about=row, by=by)
    row.delete()
