"""neonize as a session needs it (neonize 0.5.2, over whatsmeow). Imported only when a session starts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deskbell.gateway import mapping
from deskbell.gateway.protocol import Code
from deskbell.gateway.session import Client, LibraryMissing, NotSent, Refused

#: how the linked device is called on the phone
NAME = "Deskbell"
#: words in an error of sending → what it means; the first that fits
MEANT: tuple[tuple[str, Code | type[Exception]], ...] = (
    ("server returned error 463", Code.REACHOUT_LOCKED),
    ("463", Code.REACHOUT_LOCKED),
    ("479", Code.INVALID_RECIPIENT),
    ("no lid found", Code.INVALID_RECIPIENT),
    ("not on whatsapp", Code.NOT_ON_WHATSAPP),
    ("recipient", Code.INVALID_RECIPIENT),
    ("413", Code.MEDIA_TOO_BIG),
    ("not logged in", NotSent),
    ("not connected", NotSent),
    ("timed out", TimeoutError),
    ("deadline", TimeoutError),
    ("disconnected", TimeoutError),
)


def make(keys: Path, on_qr: Callable[[str], None], heard: Callable[[Any], None]) -> Client:
    """A client of the library. Raises LibraryMissing."""
    try:
        from neonize.client import NewClient  # slow, and an optional extra
        from neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2 import DeviceProps
    except (ImportError, OSError) as error:
        raise LibraryMissing(str(error)[:200]) from None
    logging.getLogger("neonize").setLevel(logging.WARNING)
    logging.getLogger("whatsmeow").setLevel(logging.WARNING)
    props = DeviceProps(os=NAME, platformType=DeviceProps.CHROME)
    return Neonize(NewClient(str(keys), props=props, uuid="deskbell"), on_qr, heard)


class Neonize:
    """Wraps a `neonize.client.NewClient`, or a stub with its methods."""

    def __init__(self, client: Any, on_qr: Callable[[str], None], heard: Callable[[Any], None]) -> None:
        from neonize import events  # slow, and an optional extra

        self.client = client
        client.qr(lambda _client, code: on_qr(code.decode()))
        for kind in (
            events.MessageEv, events.ReceiptEv, events.UndecryptableMessageEv, events.HistorySyncEv,
            events.PairStatusEv, events.ConnectedEv, events.DisconnectedEv, events.KeepAliveTimeoutEv,
            events.KeepAliveRestoredEv, events.LoggedOutEv, events.StreamReplacedEv, events.TemporaryBanEv,
            events.ClientOutdatedEv, events.ConnectFailureEv, events.StreamErrorEv,
        ):  # fmt: skip
            client.event(kind)(lambda _client, event: heard(event))

    def connect(self) -> None:
        self.client.connect()

    def stop(self) -> None:
        self.client.stop()

    def log_out(self) -> None:
        self.client.logout()

    def pair_code(self, phone: str) -> str:
        return str(self.client.PairPhone(phone, True))

    def phone_of(self, hidden: Any) -> Any:
        found = self.client.get_pn_from_lid(hidden)
        return found if found.User and found.Server == mapping.PHONE else None

    def own(self) -> dict[str, str]:
        me = self.client.me
        if me is None:
            return {}
        return {"pn": me.JID.User, "lid": mapping.jid(me.LID), "name": me.PushName}

    def mark_read(self, chat: str, ids: list[str]) -> None:
        from neonize.utils.enum import ReceiptType

        to = _jid(chat)
        self.client.mark_read(*ids, chat=to, sender=to, receipt=ReceiptType.READ)

    def type_for(self, chat: str, seconds: float, wait: Callable[[float], Any]) -> None:
        from neonize.utils.enum import ChatPresence, ChatPresenceMedia

        to, media = _jid(chat), ChatPresenceMedia.CHAT_PRESENCE_MEDIA_TEXT
        self.client.send_chat_presence(to, ChatPresence.CHAT_PRESENCE_COMPOSING, media)
        wait(seconds)
        self.client.send_chat_presence(to, ChatPresence.CHAT_PRESENCE_PAUSED, media)

    def send(self, message: dict[str, Any], file: Path | None) -> str:
        from neonize.exc import NeonizeError

        to = _jid(message["chat"])
        uploaded = None
        try:
            if file is not None:  # nothing has left before the message that names it
                uploaded = self._upload(file.read_bytes(), message["kind"])
        except NeonizeError as error:
            raise (Refused(Code.MEDIA_TOO_BIG) if "413" in str(error) else NotSent()) from None
        except FileNotFoundError:
            raise Refused(Code.INTERNAL) from None
        try:
            return str(self.client.send_message(to, built(message, uploaded)).ID)
        except NeonizeError as error:
            raise meant(str(error)) from None

    def _upload(self, content: bytes, kind: str) -> Any:
        from neonize.utils.enum import MediaType

        kinds = {"image": MediaType.MediaImage, "video": MediaType.MediaVideo, "audio": MediaType.MediaAudio}
        return self.client.upload(content, kinds.get(kind, MediaType.MediaDocument))

    def download(self, content: bytes) -> bytes:
        from neonize.exc import NeonizeError
        from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as e2e

        try:
            inner, _edited = mapping.unwrapped(e2e.Message.FromString(content))
            return bytes(self.client.download_any(inner))
        except NeonizeError as error:
            raise OSError(str(error)) from None


def meant(said: str) -> Exception:
    """The library says why only in words; what is not known may have left."""
    low = said.casefold()
    found = next((each for words, each in MEANT if words in low), TimeoutError)
    return Refused(found) if isinstance(found, Code) else found(said[:200])


def built(message: dict[str, Any], uploaded: Any = None) -> Any:
    """The protobuf of a message of ours."""
    from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as e2e

    if message.get("kind") == "reaction":
        return _reaction(e2e, message)
    context = None
    if message.get("reply_to"):
        context = e2e.ContextInfo(
            stanzaID=message["reply_to"],
            participant=message["chat"],
            quotedMessage=e2e.Message(conversation=message.get("reply_text") or " "),
        )
    if uploaded is None:
        text = message.get("text", "")
        if context is None:
            return e2e.Message(conversation=text)
        return e2e.Message(extendedTextMessage=e2e.ExtendedTextMessage(text=text, contextInfo=context))
    parts = {
        "URL": uploaded.url,
        "directPath": uploaded.DirectPath,
        "mediaKey": uploaded.MediaKey,
        "fileEncSHA256": uploaded.FileEncSHA256,
        "fileSHA256": uploaded.FileSHA256,
        "fileLength": uploaded.FileLength,
        "mimetype": message.get("mime", "application/octet-stream"),
        "contextInfo": context,
    }
    match message["kind"]:
        case "image":
            return e2e.Message(imageMessage=e2e.ImageMessage(**parts))
        case "video":
            return e2e.Message(videoMessage=e2e.VideoMessage(**parts))
        case "audio":
            return e2e.Message(audioMessage=e2e.AudioMessage(**parts))
    name = message.get("filename") or "file"
    return e2e.Message(documentMessage=e2e.DocumentMessage(fileName=name, title=name, **parts))


def _reaction(e2e: Any, message: dict[str, Any]) -> Any:
    """A sign at what the customer wrote in this chat; an empty one takes it away."""
    sign = e2e.ReactionMessage(text=message.get("text", ""), senderTimestampMS=int(time.time() * 1000))
    sign.key.remoteJID, sign.key.fromMe, sign.key.ID = message["chat"], False, message["reply_to"]
    return e2e.Message(reactionMessage=sign)


def _jid(address: str) -> Any:
    from neonize.utils import build_jid

    user, _at, server = address.partition("@")
    return build_jid(user, server or mapping.PHONE)
