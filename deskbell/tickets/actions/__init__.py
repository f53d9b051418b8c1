"""Every write about tickets. One function per use case; each locks its ticket, checks, writes, publishes."""

from deskbell.tickets.actions.attachments import discard_upload, upload
from deskbell.tickets.actions.drafts import keep_draft, mark_read
from deskbell.tickets.actions.errors import (
    BadMove,
    EmptyMessage,
    Moved,
    NotAllowed,
    NotStaff,
    Overtaken,
    TicketGone,
    TooLate,
    UploadGone,
)
from deskbell.tickets.actions.links import link
from deskbell.tickets.actions.messages import add_message, customer_reply, edit_note, note, reply
from deskbell.tickets.actions.opening import open_ticket
from deskbell.tickets.actions.properties import (
    assign,
    change,
    claim,
    close,
    customer_close,
    customer_reopen,
    reopen,
    resolve,
    tag,
    untag,
)
from deskbell.tickets.actions.removal import (
    delete_for_ever,
    mark_spam,
    redact_attachment,
    redact_message,
    restore,
    trash,
    unmark_spam,
)
from deskbell.tickets.actions.watching import add_copy, remove_copy, unwatch, watch

__all__ = [
    "BadMove",
    "EmptyMessage",
    "Moved",
    "NotAllowed",
    "NotStaff",
    "Overtaken",
    "TicketGone",
    "TooLate",
    "UploadGone",
    "add_copy",
    "add_message",
    "assign",
    "change",
    "claim",
    "close",
    "customer_close",
    "customer_reopen",
    "customer_reply",
    "delete_for_ever",
    "discard_upload",
    "edit_note",
    "keep_draft",
    "link",
    "mark_read",
    "mark_spam",
    "note",
    "open_ticket",
    "redact_attachment",
    "redact_message",
    "remove_copy",
    "reopen",
    "reply",
    "resolve",
    "restore",
    "tag",
    "trash",
    "unmark_spam",
    "untag",
    "unwatch",
    "upload",
    "watch",
]
