"""What the library hears, built by hand as its own protobuf messages, as the events the desk gets."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from deskbell.gateway import mapping

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    n = pytest.importorskip(
        "neonize.proto.Neonize_pb2", reason="neonize is not installed (extra whatsapp-web)"
    )
    e = pytest.importorskip("neonize.proto.waE2E.WAWebProtobufsE2E_pb2")

PHONE = n.JID(User="919810000001", Server="s.whatsapp.net", RawAgent=0, Device=0, Integrator=0, IsEmpty=False)
HIDDEN = n.JID(User="7700123", Server="lid", RawAgent=0, Device=0, Integrator=0, IsEmpty=False)
EMPTY = n.JID(User="", Server="", RawAgent=0, Device=0, Integrator=0, IsEmpty=True)


def nobody(hidden: Any) -> None:
    return None


def heard(
    content: Any,
    *,
    chat: Any = PHONE,
    sender: Any = PHONE,
    alt: Any = EMPTY,
    mine: bool = False,
    edit: bool = False,
) -> Any:
    source = n.MessageSource(
        Chat=chat, Sender=sender, IsFromMe=mine, IsGroup=chat.Server == "g.us", SenderAlt=alt,
        RecipientAlt=alt, AddressingMode=n.AddressingMode.PN, BroadcastListOwner=EMPTY,
    )  # fmt: skip
    info = n.MessageInfo(MessageSource=source, ID="3EB0", Pushname="Asha Rao", Timestamp=1_795_000_001)
    event = n.Message(IsEdit=edit)
    event.Info.CopyFrom(info)
    event.Message.CopyFrom(content)
    return event


def mapped(content: Any, **more: Any) -> Any:
    return mapping.message(heard(content, **more), nobody)


def test_a_text_says_who_wrote_what_where_and_when():
    assert mapped(e.Message(conversation="Hello")) == {
        "msg_id": "3EB0",
        "chat": {"id": "919810000001@s.whatsapp.net", "kind": "dm"},
        "from": {"pn": "919810000001", "lid": "", "name": "Asha Rao"},
        "from_me": False,
        "ts": 1_795_000_001,
        "kind": "text",
        "text": "Hello",
    }


def test_a_hidden_id_brings_its_number_where_it_is_told_or_known():
    told = mapped(e.Message(conversation="x"), chat=HIDDEN, sender=HIDDEN, alt=PHONE)
    assert (told["chat"]["id"], told["from"]["pn"], told["from"]["lid"]) == (
        "7700123@lid",
        "919810000001",
        "7700123@lid",
    )
    known = mapping.message(
        heard(e.Message(conversation="x"), chat=HIDDEN, sender=HIDDEN), lambda hidden: PHONE
    )
    assert known is not None
    assert known["from"]["pn"] == "919810000001"
    alone = mapped(e.Message(conversation="x"), chat=HIDDEN, sender=HIDDEN)
    assert (alone["from"]["pn"], alone["from"]["lid"]) == ("", "7700123@lid")


def test_what_the_phone_wrote_itself_names_to_whom():
    data = mapped(e.Message(conversation="On our way"), mine=True, sender=EMPTY, alt=HIDDEN)
    assert (data["from_me"], data["to"]) == (True, {"pn": "919810000001", "lid": "7700123@lid"})


def test_a_quote_and_a_forward_are_kept():
    context = e.ContextInfo(stanzaID="OLD", isForwarded=True)
    data = mapped(e.Message(extendedTextMessage=e.ExtendedTextMessage(text="this", contextInfo=context)))
    assert (data["text"], data["reply_to"], data["forwarded"]) == ("this", "OLD", True)


def test_files_of_every_kind():
    image = e.ImageMessage(mimetype="image/jpeg", caption="display", fileLength=5)
    data = mapped(e.Message(imageMessage=image))
    assert (data["kind"], data["text"]) == ("image", "display")
    assert data["media"] == {"mime": "image/jpeg", "size": 5}
    offer = e.DocumentMessage(mimetype="application/pdf", fileName="offer.pdf", caption="here")
    data = mapped(e.Message(documentMessage=offer))
    assert (data["kind"], data["text"], data["media"]["filename"]) == ("document", "here", "offer.pdf")
    others = [
        (e.Message(videoMessage=e.VideoMessage(mimetype="video/mp4")), "video", "video/mp4"),
        (e.Message(ptvMessage=e.VideoMessage(mimetype="video/mp4")), "video", "video/mp4"),
        (e.Message(audioMessage=e.AudioMessage(mimetype="audio/ogg", PTT=True)), "audio", "audio/ogg"),
        (e.Message(stickerMessage=e.StickerMessage(mimetype="image/webp")), "sticker", "image/webp"),
    ]
    for content, kind, mime in others:
        data = mapped(content)
        assert (data["kind"], data["text"], data["media"]["mime"]) == (kind, "", mime)


def test_wrapped_messages_are_opened():
    inner = e.Message(imageMessage=e.ImageMessage(mimetype="image/png"))
    for wrapper in ("ephemeralMessage", "viewOnceMessageV2", "documentWithCaptionMessage"):
        assert mapped(e.Message(**{wrapper: e.FutureProofMessage(message=inner)}))["kind"] == "image"


def test_a_place_and_contacts():
    place = e.LocationMessage(degreesLatitude=52.5, degreesLongitude=13.4, name="Office", address="Street 1")
    assert mapped(e.Message(locationMessage=place))["location"] == {
        "latitude": 52.5, "longitude": 13.4, "name": "Office", "address": "Street 1",
    }  # fmt: skip
    card = (
        "BEGIN:VCARD\nVERSION:3.0\nFN:Ravi\nitem1.TEL;waid=911:+91 1\nEMAIL;TYPE=WORK:r@x.example\nEND:VCARD"
    )
    data = mapped(e.Message(contactMessage=e.ContactMessage(displayName="Ravi", vcard=card)))
    assert data["contacts"] == [{"name": "Ravi", "phones": ["+91 1"], "emails": ["r@x.example"]}]


def test_reactions_edits_and_revokes_name_their_message():
    key = e.Message().protocolMessage.key.__class__(ID="OLD")
    reaction = mapped(e.Message(reactionMessage=e.ReactionMessage(key=key, text="👍")))
    assert (reaction["kind"], reaction["text"], reaction["edit_of"]) == ("reaction", "👍", "OLD")
    revoke = mapped(e.Message(protocolMessage=e.ProtocolMessage(key=key, type=e.ProtocolMessage.REVOKE)))
    assert (revoke["kind"], revoke["edit_of"]) == ("revoke", "OLD")
    changed = e.ProtocolMessage(
        key=key, type=e.ProtocolMessage.MESSAGE_EDIT, editedMessage=e.Message(conversation="new")
    )
    for content in (
        e.Message(protocolMessage=changed),
        e.Message(editedMessage=e.FutureProofMessage(message=e.Message(protocolMessage=changed))),
    ):
        edit = mapped(content, edit=True)
        assert (edit["kind"], edit["text"], edit["edit_of"]) == ("edit", "new", "OLD")


def test_what_says_nothing_to_people_is_no_event():
    silent = [
        e.Message(protocolMessage=e.ProtocolMessage(type=e.ProtocolMessage.EPHEMERAL_SETTING)),
        e.Message(protocolMessage=e.ProtocolMessage(type=e.ProtocolMessage.APP_STATE_SYNC_KEY_SHARE)),
        e.Message(senderKeyDistributionMessage=e.SenderKeyDistributionMessage(groupID="x")),
        e.Message(),
    ]
    assert [mapped(each) for each in silent] == [None] * 4


def test_a_kind_nobody_knows_yet_is_shown_as_such():
    assert mapped(e.Message(groupInviteMessage=e.GroupInviteMessage(groupName="x")))["kind"] == "groupInvite"
    poll = e.PollCreationMessage(name="When?", options=[e.PollCreationMessage.Option(optionName="Monday")])
    assert mapped(e.Message(pollCreationMessageV3=poll))["text"] == "When?\n• Monday"


def test_one_that_cannot_be_decrypted_keeps_its_id():
    event = n.UndecryptableMessage(IsUnavailable=False)
    event.Info.CopyFrom(heard(e.Message()).Info)
    data = mapping.undecryptable(event, nobody)
    assert (data["msg_id"], data["kind"]) == ("3EB0", "undecryptable")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("DELIVERED", "delivered"),
        ("READ", "read"),
        ("PLAYED", "played"),
        ("READ_SELF", None),
        ("SENDER", None),
        ("RETRY", None),
    ],
)
def test_receipts_of_many_messages(kind, status):
    event = n.Receipt(
        MessageIDs=["A", "B"], Timestamp=1_795_000_050_000, Type=n.Receipt.ReceiptType.Value(kind)
    )
    event.MessageSource.CopyFrom(heard(e.Message()).Info.MessageSource)
    told = mapping.receipt(event)
    expected = {
        "chat": "919810000001@s.whatsapp.net",
        "msg_ids": ["A", "B"],
        "status": status,
        "ts": 1_795_000_050,
    }
    assert told == (expected if status else None)


def test_groups_status_and_newsletters_are_known_by_their_server():
    servers = ["s.whatsapp.net", "lid", "g.us", "broadcast", "newsletter", "bot"]
    kinds = [mapping.kind_of_chat(n.JID(User="1", Server=each)) for each in servers]
    assert kinds == ["dm", "dm", "group", "status", "newsletter", "other"]


def test_a_sign_of_ours_names_the_message_of_the_customer():
    from deskbell.gateway.library import built

    chat = "919810000001@s.whatsapp.net"
    made = built({"kind": "reaction", "chat": chat, "text": "👍", "reply_to": "A1"}).reactionMessage
    assert (made.text, made.key.ID, made.key.remoteJID, made.key.fromMe) == ("👍", "A1", chat, False)
    assert made.senderTimestampMS > 1_700_000_000_000
    away = built({"kind": "reaction", "chat": chat, "text": "", "reply_to": "A1"}).reactionMessage
    assert (away.HasField("text"), away.text) == (True, "")
