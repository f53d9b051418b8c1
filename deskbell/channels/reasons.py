"""Sentences of decisions and of sending that hold a value: kept in English, shown in the reader's words."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from deskbell.kit.stored import sentence

BY_MAIL = sentence(_("Somebody who works here answered #%(number)s by mail"))
NOT_OWNER = sentence(_("The mail belongs to #%(number)s, where the sender may not write"))
MAY_NOT = sentence(_("The sender may not write at #%(number)s"))
NOT_WRITTEN = sentence(_("The mail could not be written: %(reason)s"))
NOT_CONFIRMED = sentence(_("The server took the mail and did not confirm it: %(reason)s"))
#: of `routing.Found.how`
FOUND_BY = {
    "reply_address": _("Its ticket is named by the address it was sent to"),
    "signed_reference": _("It answers a mail of ours"),
    "known_reference": _("It answers a mail that came in before"),
    "subject_token": _("Its ticket is named by the sign in the subject"),
    "subject_number": _("Its ticket is named by the number in the subject"),
}
#: of `AutoClass`
WITHOUT_TICKET = {
    "auto_reply": _("An automatic answer that belongs to no ticket"),
    "out_of_office": _("A notice of absence that belongs to no ticket"),
}
