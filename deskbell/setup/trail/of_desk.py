"""Events in words: what an administrator shapes, tickets at once, and the desk itself."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deskbell.events.models import Event
from deskbell.kit.jinja import file_size
from deskbell.setup.trail.fields import COMPANY, of, plain
from deskbell.setup.trail.names import Names


def N_(text: str) -> str:
    """Marks a text for translation where it is used later."""
    return text


def _tag_merged(event: Event, names: Names) -> str:
    return ngettext(
        "merged the tag “%(name)s” into “%(into)s” on %(tickets)s ticket",
        "merged the tag “%(name)s” into “%(into)s” on %(tickets)s tickets",
        event.data["tickets"],
    ) % {key: event.data[key] for key in ("name", "into", "tickets")}


def _tag_removed(event: Event, names: Names) -> str:
    return ngettext(
        "removed the tag “%(name)s” from %(tickets)s ticket",
        "removed the tag “%(name)s” from %(tickets)s tickets",
        event.data["tickets"],
    ) % {key: event.data[key] for key in ("name", "tickets")}


def _company(event: Event, names: Names) -> str:
    changed = [str(COMPANY.get(name, name)) for name in event.data["fields"]]
    return _("changed: %(what)s") % {"what": ", ".join(changed)}


def _bulk(event: Event, names: Names) -> str:
    number = event.data["tickets"]
    said = ngettext(
        "began a change of %(number)s ticket at once", "began a change of %(number)s tickets at once", number
    )
    return said % {"number": number}


def _bulk_undone(event: Event, names: Names) -> str:
    number = event.data["tickets"]
    said = ngettext(
        "took back a change of %(number)s ticket", "took back a change of %(number)s tickets", number
    )
    return said % {"number": number}


def _reply(text: str) -> Any:
    return lambda event, names: _(text) % {"name": event.data["name"]}


def _backup(event: Event, names: Names) -> str:
    return _("made the backup %(file)s (%(size)s)") % {
        "file": event.data["file"],
        "size": file_size(event.data["size"]),
    }


def _failed_backup(event: Event, names: Names) -> str:
    return _("could not make the backup of the night: %(reason)s") % {"reason": event.data["reason"]}


def _restored(event: Event, names: Names) -> str:
    return _("brought the desk back from the backup %(file)s") % {"file": event.data["file"]}


WORDS: dict[str, Any] = {
    "bulk.started": _bulk,
    "bulk.undone": _bulk_undone,
    "reply.added": _reply(N_("saved the reply “%(name)s”")),
    "reply.changed": _reply(N_("changed the saved reply “%(name)s”")),
    "reply.removed": _reply(N_("removed the saved reply “%(name)s”")),
    "company.changed": _company,
    "queue.added": of(gettext_lazy("added the queue “%(name)s”")),
    "queue.changed": of(gettext_lazy("changed the queue “%(name)s”: %(fields)s")),
    "queue.removed": of(gettext_lazy("removed the queue “%(name)s”")),
    "status.added": of(gettext_lazy("added the status “%(name)s”")),
    "status.changed": of(gettext_lazy("changed the status “%(name)s”: %(fields)s")),
    "status.removed": of(gettext_lazy("removed the status “%(name)s”")),
    "type.added": of(gettext_lazy("added the type “%(name)s”")),
    "type.changed": of(gettext_lazy("changed the type “%(name)s”: %(fields)s")),
    "type.removed": of(gettext_lazy("removed the type “%(name)s”")),
    "tag.renamed": of(gettext_lazy("renamed the tag “%(name)s” to “%(after)s”")),
    "tag.merged": _tag_merged,
    "tag.removed": _tag_removed,
    "demo.made": plain(gettext_lazy("made the demo company")),
    "backup.made": _backup,
    "backup.failed": _failed_backup,
    "backup.restored": _restored,
}
