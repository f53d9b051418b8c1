"""Sentences of decisions and of sending that hold a value: kept in English, shown in the reader's words."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from deskbell.kit.stored import sentence

BY_MAIL = sentence(_("Somebody who works here answered #%(number)s by mail"))
MAY_NOT = sentence(_("The sender may not write at #%(number)s"))
WITHOUT_TICKET = sentence(_("%(kind)s that belongs to no ticket"))
NOT_OWNER = sentence(_("%(how)s names #%(number)s, where the sender may not write"))
NOT_WRITTEN = sentence(_("The mail could not be written: %(reason)s"))
NOT_CONFIRMED = sentence(_("The server took the mail and did not confirm it: %(reason)s"))
