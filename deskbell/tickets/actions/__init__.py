"""Every write about tickets. One function per use case; each locks its ticket, checks, writes, publishes."""

from deskbell.tickets.actions.attachments import discard_upload, upload
from deskbell.tickets.actions.bulk import start_bulk, undo_bulk
from deskbell.tickets.actions.deliveries import retry_delivery
from deskbell.tickets.actions.drafts import forget_draft, keep_draft, mark_read
from deskbell.tickets.actions.errors import (
    BadMove,
    DraftMoved,
    EmptyMessage,
    Moved,
    NameTaken,
    NotAllowed,
    NotStaff,
    Overtaken,
    TicketGone,
    TooLate,
    TooLateToUndo,
    TooManyCopies,
    UnknownVariable,
    UploadGone,
    WrongSite,
)
from deskbell.tickets.actions.fieldwork import arrive, finish, wait_for_customer
from deskbell.tickets.actions.links import link
from deskbell.tickets.actions.messages import add_message, customer_reply, edit_note, note, reply
from deskbell.tickets.actions.opening import open_ticket
from deskbell.tickets.actions.passes import end_passes
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
from deskbell.tickets.actions.replies import (
    add_saved_reply,
    change_saved_reply,
    count_use,
    remove_saved_reply,
)
from deskbell.tickets.actions.watching import add_copy, copy_address, remove_copy, unwatch, watch

__all__ = [
    "BadMove",
    "DraftMoved",
    "EmptyMessage",
    "Moved",
    "NameTaken",
    "NotAllowed",
    "NotStaff",
    "Overtaken",
    "TicketGone",
    "TooLate",
    "TooLateToUndo",
    "TooManyCopies",
    "UnknownVariable",
    "UploadGone",
    "WrongSite",
    "add_copy",
    "add_message",
    "add_saved_reply",
    "arrive",
    "assign",
    "change",
    "change_saved_reply",
    "claim",
    "close",
    "copy_address",
    "count_use",
    "customer_close",
    "customer_reopen",
    "customer_reply",
    "delete_for_ever",
    "discard_upload",
    "edit_note",
    "end_passes",
    "finish",
    "forget_draft",
    "keep_draft",
    "link",
    "mark_read",
    "mark_spam",
    "note",
    "open_ticket",
    "redact_attachment",
    "redact_message",
    "remove_copy",
    "remove_saved_reply",
    "reopen",
    "reply",
    "resolve",
    "restore",
    "retry_delivery",
    "start_bulk",
    "tag",
    "trash",
    "undo_bulk",
    "unmark_spam",
    "untag",
    "unwatch",
    "upload",
    "wait_for_customer",
    "watch",
]
