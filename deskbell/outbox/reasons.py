"""Why something did not leave, with a value inside: kept in English, shown in the reader's words."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from deskbell.kit.stored import sentence

NO_DRIVER = sentence(_("Nothing here can send by %(driver)s"))
STOPPED = sentence(_("Sending stopped with %(error)s"))
