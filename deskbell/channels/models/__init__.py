from deskbell.channels.models.channel import Channel
from deskbell.channels.models.charges import DeliveredMessage
from deskbell.channels.models.chats import TicketChat
from deskbell.channels.models.consent import ChatConsent
from deskbell.channels.models.inbound import InboundFile, InboundItem
from deskbell.channels.models.questions import ParkedMessage, TicketQuestion
from deskbell.channels.models.references import ChatReference
from deskbell.channels.models.sender import SenderRule
from deskbell.channels.models.servers import FetchedMail, IncomingServer, OutgoingServer, SentCopy, Server
from deskbell.channels.models.sign_ins import MailboxSignIn, SignInProvider
from deskbell.channels.models.tally import Tally
from deskbell.channels.models.whatsapp import (
    AwaitedFile,
    EarlyStatus,
    MessageTemplate,
    PastMessage,
    Webhook,
    WhatsAppNumber,
)
from deskbell.channels.models.whatsapp_web import DeviceMessage, LinkedDevice

__all__ = [
    "AwaitedFile",
    "Channel",
    "ChatConsent",
    "ChatReference",
    "DeliveredMessage",
    "DeviceMessage",
    "EarlyStatus",
    "FetchedMail",
    "InboundFile",
    "InboundItem",
    "IncomingServer",
    "LinkedDevice",
    "MailboxSignIn",
    "MessageTemplate",
    "OutgoingServer",
    "ParkedMessage",
    "PastMessage",
    "SenderRule",
    "SentCopy",
    "Server",
    "SignInProvider",
    "Tally",
    "TicketChat",
    "TicketQuestion",
    "Webhook",
    "WhatsAppNumber",
]
