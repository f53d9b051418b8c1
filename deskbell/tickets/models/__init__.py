from deskbell.tickets.models.message import Attachment, Draft, Message
from deskbell.tickets.models.people import ReadMark, Watcher
from deskbell.tickets.models.settings import ACTIVE_CATEGORIES, Category, Queue, Status, Tag, TicketType
from deskbell.tickets.models.ticket import Priority, Source, Ticket, TicketLink

__all__ = [
    "ACTIVE_CATEGORIES",
    "Attachment",
    "Category",
    "Draft",
    "Message",
    "Priority",
    "Queue",
    "ReadMark",
    "Source",
    "Status",
    "Tag",
    "Ticket",
    "TicketLink",
    "TicketType",
    "Watcher",
]
