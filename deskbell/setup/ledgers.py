"""States of what came in and what went out, in words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

#: state → what to call it, colour of its badge, what it means
RECEIVED: dict[str, tuple[str | Promise, str, str | Promise]] = {
    "received": (gettext_lazy("Waiting"), "blue", gettext_lazy("stored, not decided yet")),
    "ticketed": (gettext_lazy("New ticket"), "green", gettext_lazy("opened a ticket")),
    "added": (gettext_lazy("Added"), "green", gettext_lazy("joined a ticket as a message")),
    "annotated": (gettext_lazy("Noted"), "teal", gettext_lazy("kept on a ticket for staff")),
    "quarantined": (gettext_lazy("Held back"), "amber", gettext_lazy("somebody has to look")),
    "blocked": (gettext_lazy("Blocked"), "", gettext_lazy("kept, but no ticket")),
    "duplicate": (gettext_lazy("Duplicate"), "", gettext_lazy("we had it already")),
}
SENT: dict[str, tuple[str | Promise, str, str | Promise]] = {
    "queued": (gettext_lazy("Waiting"), "blue", gettext_lazy("leaves as soon as it can")),
    "sending": (gettext_lazy("Being sent"), "blue", gettext_lazy("on its way at this moment")),
    "sent": (gettext_lazy("Sent"), "green", gettext_lazy("the other side took it")),
    "delivered": (gettext_lazy("Delivered"), "green", gettext_lazy("it arrived")),
    "read": (gettext_lazy("Read"), "green", gettext_lazy("somebody opened it")),
    "failed": (gettext_lazy("Failed"), "red", gettext_lazy("the other side refused it")),
    "unknown": (gettext_lazy("Unknown"), "amber", gettext_lazy("nobody knows whether it arrived")),
}
