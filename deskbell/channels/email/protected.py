"""Signed and encrypted mails: what can be shown of them without keys.

Nothing is verified or decrypted here. A signature is named as one that was not verified; an encrypted mail is
kept whole, for its reader's own mail program.
"""

from __future__ import annotations

import re
from email.message import Message

SIGNATURES = {
    "application/pkcs7-signature": "smime",
    "application/x-pkcs7-signature": "smime",
    "application/pgp-signature": "pgp",
}
ENVELOPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
#: object identifiers of the cryptographic message syntax (RFC 5652), in DER
_SIGNED = bytes.fromhex("2a864886f70d010702")
_ENVELOPED = (bytes.fromhex("2a864886f70d010703"), bytes.fromhex("2a864886f70d0109100117"))
_PGP_SIGNED = re.compile(
    r"-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z][\w-]*: [^\n]*\n)*\n(.*?)\n"
    r"-----BEGIN PGP SIGNATURE-----\n.*?-----END PGP SIGNATURE-----",
    re.DOTALL,
)
ARMOR = "-----BEGIN PGP MESSAGE-----"


def signed_by(children: list[Message]) -> str:
    """The kind of the signature among the parts of a `multipart/signed`: smime, pgp, or empty."""
    return next((SIGNATURES[kind] for kind in map(_kind, children) if kind in SIGNATURES), "")


def is_signature(part: Message) -> bool:
    return _kind(part) in SIGNATURES


def _kind(part: Message) -> str:
    return part.get_content_type()


def opened(data: bytes) -> tuple[str, bytes]:
    """What an S/MIME envelope is, and the mail inside a signed one: ("signed", mail), ("encrypted", b"") or,
    for anything else, ("", b"").
    """
    try:
        kind, at = _content_info(data)
        if kind in _ENVELOPED:
            return "encrypted", b""
        if kind == _SIGNED:
            return "signed", _signed_content(data, at)
    except (IndexError, ValueError):
        pass
    return "", b""


def _content_info(data: bytes) -> tuple[bytes, int]:
    """The type of a ContentInfo and where its content begins."""
    at = _into(data, 0, 0x30)
    _tag, start, end = _element(data, at)
    return data[start:end], _into(data, end, 0xA0)


def _signed_content(data: bytes, at: int) -> bytes:
    at = _into(data, at, 0x30)
    for _name in ("version", "digestAlgorithms"):
        at = _element(data, at)[2]
    at = _into(data, at, 0x30)
    at = _into(data, _element(data, at)[2], 0xA0)
    tag, start, end = _element(data, at)
    if tag == 0x04:
        return data[start:end]
    if tag != 0x24:
        raise ValueError("no octets")
    pieces = []
    while start < end and data[start] == 0x04:
        _tag, first, last = _element(data, start)
        pieces.append(data[first:last])
        start = last
    return b"".join(pieces)


def _into(data: bytes, at: int, tag: int) -> int:
    found, start, _end = _element(data, at)
    if found != tag:
        raise ValueError(f"{tag:#x} expected")
    return start


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """(tag, start, end) of an element in BER; one of indefinite length ends with the data."""
    tag, length = data[at], data[at + 1]
    at += 2
    if length == 0x80:
        return tag, at, len(data)
    if length & 0x80:
        octets = length & 0x7F
        length = int.from_bytes(data[at : at + octets], "big")
        at += octets
    if at + length > len(data):
        raise ValueError("cut off")
    return tag, at, at + length


def without_armor(text: str) -> tuple[str, str]:
    """(`text`, kind) of a body with PGP inside: "signed", with the marks taken off; "encrypted"; or empty."""
    if text.lstrip().startswith(ARMOR):
        return text, "encrypted"
    if match := _PGP_SIGNED.search(text):
        said = re.sub(r"(?m)^- ", "", match[1])
        return text[: match.start()] + said + text[match.end() :], "signed"
    return text, ""
