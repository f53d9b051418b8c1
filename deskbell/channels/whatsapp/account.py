"""What the desk has to know and to keep secret to speak for one WhatsApp number."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.fernet import InvalidToken

from deskbell.channels.models import Channel
from deskbell.kit.secrets import unseal

BASE_URL = "https://graph.facebook.com"
VERSION = "v25.0"
#: ends of the names of hosts from which files are fetched with the token
MEDIA_HOSTS = (".facebook.com", ".fbcdn.net", ".fbsbx.com", ".whatsapp.net")
BEARER = "Authorization"


#: seconds for which a process believes what it has read of a number
KEPT_SECONDS = 5.0


@dataclass(frozen=True)
class Account:
    """`auth_header` carries the token, as `Bearer …` when it is Authorization: providers have their own."""

    number_id: str
    waba_id: str
    base_url: str = BASE_URL
    version: str = VERSION
    auth_header: str = BEARER
    token: str = field(default="", repr=False)
    app_secret: str = field(default="", repr=False)
    verify_token: str = field(default="", repr=False)

    @classmethod
    def of(cls, channel: Channel) -> Account:
        """Of a channel whose `whatsapp` is there; without secrets when they were sealed with lost keys."""
        number = channel.whatsapp
        try:
            stored = unseal(bytes(channel.secrets)) if channel.secrets else {}
        except InvalidToken:
            stored = {}
        return cls(
            number_id=channel.address,
            waba_id=number.waba_id,
            base_url=number.base_url,
            version=number.version,
            auth_header=number.auth_header,
            **stored.get("whatsapp", {}),
        )

    @classmethod
    def at(cls, uuid: UUID) -> tuple[Channel, Account] | None:
        """The number whose webhooks come to that address, as it was at most KEPT_SECONDS ago: they come in
        crowds, and each costs little more than its insert.
        """
        kept = _kept.get(uuid)
        if kept is None or time.monotonic() - kept[0] > KEPT_SECONDS:
            numbers = Channel.objects.select_related("whatsapp").filter(kind=Channel.Kind.WHATSAPP_CLOUD)
            channel = numbers.filter(uuid=uuid).first()
            if channel is None:
                return None
            kept = _kept[uuid] = (time.monotonic(), channel, cls.of(channel))
        return kept[1], kept[2]

    @property
    def headers(self) -> dict[str, str]:
        return {self.auth_header: f"Bearer {self.token}" if self.auth_header == BEARER else self.token}

    def trusts(self, host: str) -> bool:
        """Whether the token may be shown to `host`: that of the API itself, or one that keeps its files."""
        return host == urlsplit(self.base_url).hostname or host.endswith(MEDIA_HOSTS)


#: when it was read, the number, and what to know of it
_kept: dict[UUID, tuple[float, Channel, Account]] = {}
