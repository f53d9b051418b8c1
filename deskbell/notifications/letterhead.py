"""What every mail of ours shows around its words: the company's name, logo and colour."""

from __future__ import annotations

from typing import Any

from django.utils import translation

from deskbell.kit.colour import shades
from deskbell.people.queries import company

#: of the button, where the company picked no colour of its own
ACCENT = "#1d4ed8"
#: how the HTML names the logo that goes with the mail
LOGO_ID = "logo@company"
#: pixels of the logo's height in a mail
LOGO_HEIGHT = 32


def context() -> dict[str, Any]:
    """What `notifications/mail/base.html` needs, in the active language; a mail adds its own words."""
    desk = company()
    height = min(LOGO_HEIGHT, desk.logo_height)
    return {
        "company": desk.name,
        "accent": shades(desk.accent).accent[0] if desk.accent else ACCENT,
        "logo": f"cid:{LOGO_ID}" if desk.logo_id else "",
        "logo_size": (round(desk.logo_width * height / desk.logo_height), height) if desk.logo_id else (0, 0),
        "language": translation.get_language(),
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
        "ticket": None,
        "link": "",
        "link_label": "",
        "answerable": False,
        "marker": "",
    }


def attached() -> list[dict[str, Any]]:
    """The logo as the mail carries it (channels/email/compose.py): shown without asking another machine."""
    desk = company()
    if not desk.logo_id:
        return []
    return [
        {"blob": desk.logo_id, "filename": "logo.png", "content_type": "image/png", "content_id": LOGO_ID}
    ]
