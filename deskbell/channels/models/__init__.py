from deskbell.channels.models.channel import Channel
from deskbell.channels.models.inbound import InboundItem

__all__ = ["Channel", "InboundItem"]
