"""The secret that desk and gateway share, and what the desk must know of a number whose events come in."""

from __future__ import annotations

import time
from uuid import UUID

from cryptography.fernet import InvalidToken

from deskbell.channels.models import Channel
from deskbell.kit.secrets import unseal

#: seconds for which a process believes what it has read of a number
KEPT_SECONDS = 5.0


def secret_of(channel: Channel) -> str:
    """Empty when it was sealed with keys this desk lacks."""
    try:
        stored = unseal(bytes(channel.secrets)) if channel.secrets else {}
    except InvalidToken:
        return ""
    return str(stored.get("gateway", ""))


def at(uuid: UUID) -> tuple[Channel, str] | None:
    """The number whose events come to that address and its secret, as they were KEPT_SECONDS ago at most."""
    kept = _kept.get(uuid)
    if kept is None or time.monotonic() - kept[0] > KEPT_SECONDS:
        channel = Channel.objects.filter(kind=Channel.Kind.WHATSAPP_WEB, uuid=uuid).first()
        if channel is None:
            return None
        kept = _kept[uuid] = (time.monotonic(), channel, secret_of(channel))
    return kept[1], kept[2]


#: when it was read, the number, its secret
_kept: dict[UUID, tuple[float, Channel, str]] = {}
