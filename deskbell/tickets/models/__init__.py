from deskbell.tickets.models.bulk import BulkChange, BulkItem
from deskbell.tickets.models.conversation import Conversation
from deskbell.tickets.models.held import HeldReply
from deskbell.tickets.models.message import Attachment, Draft, Message
from deskbell.tickets.models.people import ReadMark, TicketPass, Watcher
from deskbell.tickets.models.reply import SavedReply
from deskbell.tickets.models.settings import (
    ACTIVE_CATEGORIES,
    ENDED_CATEGORIES,
    Category,
    Queue,
    Status,
    Tag,
    TicketType,
)
from deskbell.tickets.models.ticket import Priority, Source, Ticket, TicketLink

__all__ = [
    "ACTIVE_CATEGORIES",
    "ENDED_CATEGORIES",
    "Attachment",
    "BulkChange",
    "BulkItem",
    "Category",
    "Conversation",
    "Draft",
    "HeldReply",
    "Message",
    "Priority",
    "Queue",
    "ReadMark",
    "SavedReply",
    "Source",
    "Status",
    "Tag",
    "Ticket",
    "TicketLink",
    "TicketPass",
    "TicketType",
    "Watcher",
]
