"""What somebody without an account sent by the web form, as the ledger keeps it."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field

#: no letters or digits that are taken for one another
_SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_reference() -> str:
    """`K7QF-M2XD-9R4T`: what the sender is told before there is a ticket number."""
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(3))


@dataclass(frozen=True, kw_only=True)
class FormSent:
    """`queue` is the slug of the queue that was chosen; `language` the one the form was shown in."""

    name: str
    email: str
    subject: str
    text: str
    queue: str = ""
    language: str = ""
    reference: str = field(default_factory=new_reference)

    def raw(self) -> bytes:
        """For the ledger; its files are `InboundFile` rows."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2).encode()

    @classmethod
    def parse(cls, raw: bytes) -> FormSent:
        """Raises ValueError or TypeError for what `raw` did not write."""
        return cls(**json.loads(raw))
