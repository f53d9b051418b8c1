"""What the desk has to know and to keep secret to speak for one WhatsApp number."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken

from deskbell.channels.models import Channel
from deskbell.kit.secrets import unseal

BASE_URL = "https://graph.facebook.com"
VERSION = "v25.0"
#: ends of the names of hosts from which files are fetched with the token
MEDIA_HOSTS = (".facebook.com", ".fbcdn.net", ".fbsbx.com", ".whatsapp.net")
BEARER = "Authorization"


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

    @property
    def headers(self) -> dict[str, str]:
        return {self.auth_header: f"Bearer {self.token}" if self.auth_header == BEARER else self.token}

    def trusts(self, host: str) -> bool:
        """Whether the token may be shown to `host`: that of the API itself, or one that keeps its files."""
        return host == urlsplit(self.base_url).hostname or host.endswith(MEDIA_HOSTS)
