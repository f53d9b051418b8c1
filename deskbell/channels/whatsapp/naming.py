"""A chat has no subject: the first words are it, or what came."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from deskbell.people.models import User

#: bold, slanted, struck
_MARKED = re.compile(r"(?<!\w)([*_~])(\S(?:.*?\S)?)\1(?!\w)")


def subject_of(text: str, kind: str, person: User) -> str:
    """`kind` is the type of the message."""
    line = _MARKED.sub(r"\2", " ".join(text.split()))
    if line:
        return line if len(line) <= 60 else line[:60].rsplit(" ", 1)[0] + " …"
    names = {
        "image": _("Photo from %(name)s"),
        "video": _("Video from %(name)s"),
        "audio": _("Voice message from %(name)s"),
        "document": _("Document from %(name)s"),
        "location": _("Location from %(name)s"),
    }
    return names.get(kind, _("WhatsApp message from %(name)s")) % {"name": person.display_name}
