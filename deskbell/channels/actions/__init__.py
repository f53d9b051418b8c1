"""Every write about channels and what came in by them, but for the decision itself (channels.inbound)."""

from deskbell.channels.actions.access import NotAllowed
from deskbell.channels.actions.ledger import (
    FormClosed,
    NoMailbox,
    NotQuarantined,
    note_received,
    receive_form,
    replay,
    take_in,
)
from deskbell.channels.actions.mailboxes import (
    BadChannel,
    Fetching,
    InUse,
    add_channel,
    change_mailbox,
    note_sent,
    remove_mailbox,
    set_incoming,
    set_outgoing,
    switch,
)
from deskbell.channels.actions.senders import BadSender, list_sender, unlist_sender

__all__ = [
    "BadChannel",
    "BadSender",
    "Fetching",
    "FormClosed",
    "InUse",
    "NoMailbox",
    "NotAllowed",
    "NotQuarantined",
    "add_channel",
    "change_mailbox",
    "list_sender",
    "note_received",
    "note_sent",
    "receive_form",
    "remove_mailbox",
    "replay",
    "set_incoming",
    "set_outgoing",
    "switch",
    "take_in",
    "unlist_sender",
]
