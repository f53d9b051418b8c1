"""A file of a chat's message, fetched from wherever its channel keeps it."""

from __future__ import annotations

from deskbell.channels.models import Channel
from deskbell.channels.whatsapp import files as cloud
from deskbell.channels.whatsapp.files import NotFetched
from deskbell.channels.whatsapp.incoming import Media
from deskbell.channels.whatsapp_web import files as linked
from deskbell.tickets.content import NewFile

__all__ = ["NotFetched", "fetch"]


def fetch(channel: Channel, media: Media) -> NewFile:
    """The file on our disk. Raises NotFetched, OSError when our own disk refuses."""
    source = linked if channel.kind == Channel.Kind.WHATSAPP_WEB else cloud
    return source.fetch(channel, media)
