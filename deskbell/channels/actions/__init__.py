"""Every write about channels and what came in by them, but for the decision itself (channels.inbound)."""

from deskbell.channels.actions.access import BadChannel, InUse, NotAllowed
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
    Fetching,
    add_channel,
    change_mailbox,
    note_sent,
    remove_channel,
    set_incoming,
    set_outgoing,
    switch,
)
from deskbell.channels.actions.senders import BadSender, list_sender, unlist_sender
from deskbell.channels.actions.sign_ins import (
    ProviderGiven,
    connect,
    remove_provider,
    save_provider,
    set_sign_in,
)

__all__ = [
    "BadChannel",
    "BadSender",
    "Fetching",
    "FormClosed",
    "InUse",
    "NoMailbox",
    "NotAllowed",
    "NotQuarantined",
    "ProviderGiven",
    "add_channel",
    "change_mailbox",
    "connect",
    "list_sender",
    "note_received",
    "note_sent",
    "receive_form",
    "remove_channel",
    "remove_provider",
    "replay",
    "save_provider",
    "set_incoming",
    "set_outgoing",
    "set_sign_in",
    "switch",
    "take_in",
    "unlist_sender",
]
