"""Mails of kinds that no text editor writes: winmail.dat, S/MIME, parts in parts."""

from __future__ import annotations

import struct
from email.encoders import encode_base64
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

HEAD = {
    "From": "Ben Okafor <ben.okafor@example.com>",
    "To": "support@desk.example",
    "Subject": "Visit on Friday",
    "Date": "Tue, 10 Nov 2026 16:00:00 +0000",
    "Message-ID": "<built-1@example.com>",
}


def headed(part: Message, **headers: str) -> bytes:
    """`part` with the headers of a whole mail."""
    for name, value in {**HEAD, **{key.replace("_", "-"): value for key, value in headers.items()}}.items():
        part[name] = value
    return part.as_bytes()


def leaf(kind: str, content: bytes, *, filename: str = "", **parameters: str) -> MIMEBase:
    main, _slash, sub = kind.partition("/")
    part = MIMEBase(main, sub, **parameters)
    part.set_payload(content)
    encode_base64(part)
    if filename:
        part.add_header("Content-Disposition", "attachment", filename=filename)
    return part


def multipart(kind: str, *parts: Message, **parameters: str) -> MIMEMultipart:
    whole = MIMEMultipart(kind, **parameters)
    for part in parts:
        whole.attach(part)
    return whole


def text(words: str, kind: str = "plain") -> MIMEText:
    return MIMEText(words, kind, "utf-8")


def inner_mail(body: str = "The reader at gate 2 is dead.", **headers: str) -> EmailMessage:
    mail = EmailMessage()
    known = {
        "From": "Tariq Noor <tariq@example.net>",
        "To": "mara@desk.example",
        "Subject": "Broken door reader",
        "Date": "Mon, 09 Nov 2026 08:12:00 +0000",
        "Message-ID": "<inner-1@example.net>",
    }
    for name, value in {**known, **headers}.items():
        mail[name] = value
    mail.set_content(body)
    return mail


# --- winmail.dat (MS-OXTNEF) --------------------------------------------------------------------


def tnef(*attributes: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def attribute(name: int, value: bytes, *, level: int = 1) -> bytes:
    return struct.pack("<BHHI", level, name, 6, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def properties(*entries: bytes) -> bytes:
    return struct.pack("<I", len(entries)) + b"".join(entries)


def entry(kind: int, name: int, value: bytes) -> bytes:
    """A MAPI property of a kind that carries its length."""
    return struct.pack("<HHII", kind, name, 1, len(value)) + value + b"\0" * (-len(value) % 4)


def winmail() -> bytes:
    """A body in HTML and two files, one of them with a long name in UTF-16."""
    body = properties(
        entry(0x1E, 0x8001, b"")[:4] + bytes(16) + struct.pack("<II", 0, 7) + struct.pack("<II", 1, 0),
        struct.pack("<HHI", 0x0003, 0x3FDE, 65001),
        entry(0x0102, 0x1013, "<p>Gr\u00fc\u00dfe, see <b>both</b> files.</p>".encode()),
    )
    long_name = properties(
        entry(0x1F, 0x3707, "R\u00e9sum\u00e9 2026.txt\0".encode("utf-16-le")),
        entry(0x1E, 0x370E, b"text/plain\0"),
    )
    return tnef(
        attribute(0x9007, struct.pack("<II", 1252, 0)),
        attribute(0x9003, body),
        attribute(0x9002, b"\0" * 14, level=2),
        attribute(0x8010, b"RESUM~1.TXT\0", level=2),
        attribute(0x800F, b"words of the file", level=2),
        attribute(0x9005, long_name, level=2),
        attribute(0x9002, b"\0" * 14, level=2),
        attribute(0x8010, b"..\\..\\plan.png\0", level=2),
        attribute(0x800F, b"\x89PNG\r\n", level=2),
    )


# --- S/MIME (RFC 5652) --------------------------------------------------------------------------


def der(tag: int, *contents: bytes) -> bytes:
    value = b"".join(contents)
    size = len(value)
    length = bytes([size]) if size < 0x80 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + value


def content_info(kind: str, content: bytes) -> bytes:
    return der(0x30, der(0x06, bytes.fromhex(kind)), der(0xA0, content))


def enveloped() -> bytes:
    return content_info("2a864886f70d010703", der(0x30, der(0x02, b"\0")))


def signed_in_pieces(mail: bytes) -> bytes:
    """As Outlook writes it: lengths left open, the content in pieces."""
    pieces = b"".join(der(0x04, mail[at : at + 1000]) for at in range(0, len(mail), 1000))
    data = der(0x06, bytes.fromhex("2a864886f70d010701")) + b"\xa0\x80\x24\x80" + pieces + b"\0\0\0\0"
    inner = der(0x02, b"\1") + der(0x31) + b"\x30\x80" + data + b"\0\0" + der(0x31)
    kind = der(0x06, bytes.fromhex("2a864886f70d010702"))
    return b"\x30\x80" + kind + b"\xa0\x80\x30\x80" + inner + b"\0\0\0\0\0\0"


# --- calendars ----------------------------------------------------------------------------------


def invite(method: str = "REQUEST", *lines: str, title: str = "Visit, gate 2", zone: str = "") -> bytes:
    """An invitation for 13 November 2026, 09:00 to 10:30 in Berlin."""
    zone = zone or "Europe/Berlin"
    given = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//example//EN",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        "UID:visit-7@example.com",
        "DTSTAMP:20261110T080000Z",
        "SUMMARY:" + title.replace(",", "\\,"),
        "LOCATION:Harbour road 7",
        "ORGANIZER;CN=Ben Okafor:mailto:ben.okafor@example.com",
        *(lines or (f"DTSTART;TZID={zone}:20261113T090000", f"DTEND;TZID={zone}:20261113T103000")),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\r\n".join(given).encode() + b"\r\n"
