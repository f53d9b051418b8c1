"""What this desk lets people do who have not signed in."""

from __future__ import annotations

from deskbell.channels.queries import form_is_open
from deskbell.people.queries import company


def guests_welcome() -> bool:
    """Whether people without an account may write to us by the web form."""
    return company().guests and form_is_open()
