from deskbell.channels.models.channel import Channel
from deskbell.channels.models.inbound import InboundFile, InboundItem
from deskbell.channels.models.tally import Tally

__all__ = ["Channel", "InboundFile", "InboundItem", "Tally"]
