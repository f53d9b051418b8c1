"""What a message consists of before it is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deskbell.files.models import Blob
from deskbell.kit import markdown

#: bytes of files in one mail
FILES_LIMIT = 20 * 1024 * 1024


@dataclass(frozen=True)
class NewFile:
    """A file that came with a message from outside."""

    blob: Blob
    filename: str
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Content:
    """`text` is the whole plain text; `uploads` are ids of the writer's own files, `files` came along."""

    text: str
    new_text: str = ""
    html: str = ""
    markup: str = "markdown"
    subject: str = ""
    kind: str = "human"
    external_id: str = ""
    in_reply_to: str = ""
    to: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    #: who gets a reply without the others knowing
    bcc: list[str] = field(default_factory=list)
    sent_at: datetime | None = None
    inbound_id: int | None = None
    remote_images: int = 0
    #: of a reply where the ticket's own way is a chat: "email" for one that leaves by mail, "template" for
    #: one that is taken at any time (details.whatsapp.template says which), "chat:7" for one that leaves by
    #: another conversation with the customer
    way: str = ""
    #: see Message.details
    details: dict[str, Any] = field(default_factory=dict)
    uploads: list[int] = field(default_factory=list)
    files: list[NewFile] = field(default_factory=list)
    #: a file is on its way to it
    awaits_file: bool = False

    @classmethod
    def markdown(
        cls, text: str, *, uploads: list[int] | None = None, bcc: list[str] | None = None, way: str = ""
    ) -> Content:
        """What a person typed on one of our pages."""
        clean = text.replace("\0", "").replace("\r\n", "\n").strip()
        return cls(
            text=clean,
            new_text=clean,
            html=markdown.to_html(clean),
            uploads=uploads or [],
            bcc=bcc or [],
            way=way,
        )

    @property
    def other_chat(self) -> int | None:
        """Id of the conversation that `way` names."""
        name, _colon, pk = self.way.partition(":")
        return int(pk) if name == "chat" and pk.isdecimal() else None

    @property
    def empty(self) -> bool:
        return not (self.text.strip() or self.html.strip() or self.uploads or self.files or self.awaits_file)
