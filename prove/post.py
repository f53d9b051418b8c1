"""Real-looking mails of every kind, made from a seed: languages, clients, broken structures, machines."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from random import Random

SUPPORT = "support@prove.example"
#: language → (charset, subject, words)
LANGUAGES = {
    "de": ("iso-8859-1", "Drucker für Büro geht nicht", "Grüße aus dem Büro, der Drucker läuft nicht."),
    "fr": ("windows-1252", "Réseau coupé à l’étage", "Le réseau est coupé… c’est urgent."),
    "es": ("utf-8", "¿Contraseña caducada?", "Mañana necesito la contraseña, señor."),
    "pl": ("iso-8859-2", "Błąd łączności", "Proszę o pomoc, łącze nie działa."),
    "ru": ("koi8-r", "Не работает почта", "Здравствуйте, почта не открывается."),
    "el": ("iso-8859-7", "Πρόβλημα σύνδεσης", "Καλημέρα, δεν συνδέομαι."),
    "tr": ("iso-8859-9", "Şifre değişikliği", "İyi günler, şifrem çalışmıyor."),
    "ja": ("iso-2022-jp", "プリンターの故障", "お世話になります。プリンターが動きません。"),
    "zh": ("gb2312", "无法登录系统", "您好，我无法登录系统。"),
    "tw": ("big5", "無法列印文件", "您好，印表機無法列印。"),
    "ko": ("ks_c_5601-1987", "로그인 문제", "안녕하세요, 로그인이 안 됩니다."),
    "ar": ("utf-8", "مشكلة في الشبكة", "مرحبا، الشبكة لا تعمل."),
    "he": ("windows-1255", "בעיה במדפסת", "שלום, המדפסת לא עובדת."),
    "th": ("tis-620", "เครื่องพิมพ์เสีย", "สวัสดี เครื่องพิมพ์ไม่ทำงาน"),
}
#: names of charsets that Python calls otherwise
_CODECS = {"ks_c_5601-1987": "euc_kr", "tis-620": "tis_620"}


@dataclass(frozen=True)
class Mail:
    """`human` if a person could have read it, so that it must not be held back."""

    number: int
    kind: str
    human: bool
    raw: bytes
    #: None for a mail without one
    message_id: str | None


def post(count: int, *, seed: int = 1) -> list[Mail]:
    """`count` mails; each carries its number in the header X-Proof."""
    random = Random(seed)  # noqa: S311  not a secret
    kinds = list(KINDS.items())
    mails: list[Mail] = []
    for number in range(count):
        kind, (human, make) = kinds[number % len(kinds)] if number < len(kinds) else random.choice(kinds)
        letter = _Letter(number, random, mails)
        mails.append(Mail(number, kind, human, make(letter), letter.message_id))
    return mails


class _Letter:
    """What the makers of mails begin from."""

    def __init__(self, number: int, random: Random, before: list[Mail]) -> None:
        self.number, self.random = number, random
        self.message_id: str | None = f"<post-{number}@customer.example>"
        self.before = [mail for mail in before if mail.human and mail.message_id]
        person = random.randrange(300)
        self.sender = f"person{person}@{'abcdefgh'[person % 8]}.customer.example"
        self.language = random.choice(list(LANGUAGES))

    def head(self, *more: bytes, subject: bytes = b"", leave_out: tuple[str, ...] = ()) -> bytes:
        fields = {
            "from": f"Person <{self.sender}>".encode(),
            "to": SUPPORT.encode(),
            "subject": subject or f"Matter {self.number}".encode(),
            "date": format_datetime(datetime.now(UTC)).encode(),
            "message-id": (self.message_id or "").encode(),
            "x-proof": str(self.number).encode(),
        }
        lines = [
            name.title().encode() + b": " + value for name, value in fields.items() if name not in leave_out
        ]
        return b"\r\n".join([*lines, *more]) + b"\r\n\r\n"

    def message(self, **headers: str) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"] = f"Person <{self.sender}>", SUPPORT
        mail["Subject"] = headers.pop("Subject", f"Matter {self.number}")
        mail["Date"] = format_datetime(datetime.now(UTC))
        if self.message_id:
            mail["Message-ID"] = self.message_id
        mail["X-Proof"] = str(self.number)
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        return mail

    @property
    def words(self) -> str:
        return f"{LANGUAGES[self.language][2]}\n\nMatter {self.number}."


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def _bytes(mail: EmailMessage) -> bytes:
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))


def _plain(letter: _Letter) -> bytes:
    mail = letter.message()
    mail.set_content("The printer is offline.\n" * letter.random.randrange(1, 30))
    return _bytes(mail)


def _language(letter: _Letter) -> bytes:
    charset, subject, _words = LANGUAGES[letter.language]
    codec = _CODECS.get(charset, charset)
    text = letter.words.encode(codec, "replace")
    encoding, body = letter.random.choice(
        [
            (b"8bit", text),
            (b"quoted-printable", quopri.encodestring(text)),
            (b"base64", base64.encodebytes(text)),
        ]
    )
    if charset == "iso-2022-jp":
        encoding, body = b"7bit", text
    coded = b"=?" + charset.encode() + b"?B?" + base64.b64encode(subject.encode(codec, "replace")) + b"?="
    return letter.head(
        b"Content-Type: text/plain; charset=" + charset.encode(),
        b"Content-Transfer-Encoding: " + encoding,
        subject=coded,
    ) + body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _wrong_label(letter: _Letter) -> bytes:
    return (
        letter.head(b"Content-Type: text/plain; charset=us-ascii", b"Content-Transfer-Encoding: 8bit")
        + letter.words.encode()
    )


def _unknown_charset(letter: _Letter) -> bytes:
    return (
        letter.head(b"Content-Type: text/plain; charset=x-nobody-knows", b"Content-Transfer-Encoding: 8bit")
        + letter.words.encode()
    )


def _raw_headers(letter: _Letter) -> bytes:
    return letter.head(subject=f"Größe {letter.number} 🖨".encode()) + letter.words.encode()


def _html(letter: _Letter) -> bytes:
    mail = letter.message()
    mail.set_content(
        f"<html><body><p>{letter.words}</p><table><tr><td>1</td></tr></table></body></html>", subtype="html"
    )
    return _bytes(mail)


def _both(letter: _Letter) -> bytes:
    mail = letter.message(X_Mailer="Microsoft Outlook 16.0")
    mail.set_content(letter.words)
    mail.add_alternative(f"<p>{letter.words}</p>", subtype="html")
    return _bytes(mail)


def _files(letter: _Letter) -> bytes:
    mail = letter.message()
    mail.set_content(letter.words)
    for name in ("Übersicht.pdf", "log.txt", "данные.bin"):
        content = letter.random.randbytes(letter.random.randrange(10, 5000))
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return _bytes(mail)


def _picture(letter: _Letter) -> bytes:
    mail = letter.message()
    mail.set_content(letter.words)
    mail.add_alternative('<p>Look: <img src="cid:shot1"></p>', subtype="html")
    pixel = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    part = list(mail.iter_parts())[1]
    part.add_related(pixel, "image", "png", cid="<shot1>")
    return _bytes(mail)


def _only_a_file(letter: _Letter) -> bytes:
    mail = letter.message(Subject="")
    mail.add_attachment(
        letter.random.randbytes(300), maintype="image", subtype="jpeg", filename="IMG_0001.jpg"
    )
    return _bytes(mail)


def _embedded(letter: _Letter) -> bytes:
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "boss@customer.example", "Original"
    inner.set_content("The original words.")
    mail = letter.message()
    mail.set_content("See below.")
    mail.add_attachment(inner)
    return _bytes(mail)


def _reply(letter: _Letter) -> bytes:
    if not letter.before:
        return _plain(letter)
    answered = letter.random.choice(letter.before[-50:])
    mail = letter.message(In_Reply_To=str(answered.message_id), References=str(answered.message_id))
    mail.replace_header("Subject", f"Re: Matter {answered.number}")
    mail.set_content("Still broken.\n\nOn Monday you wrote:\n> Have you tried\n> to restart it?\n")
    return _bytes(mail)


def _no_message_id(letter: _Letter) -> bytes:
    letter.message_id = None
    return letter.head(leave_out=("message-id",)) + f"Without an id, {letter.number}.".encode()


def _no_date_no_subject(letter: _Letter) -> bytes:
    return letter.head(leave_out=("date", "subject")) + b"Nothing but words.\r\n"


def _wrong_dates(letter: _Letter) -> bytes:
    date = letter.random.choice([b"Date: yesterday", b"Date: Fri, 01 Jan 2100 00:00:00 +0000", b"Date: 99"])
    return letter.head(date, leave_out=("date",)) + b"My clock is wrong.\r\n"


def _broken_multipart(letter: _Letter) -> bytes:
    kind = letter.random.choice(
        [b'multipart/mixed; boundary="b"', b"multipart/alternative", b'multipart/related; boundary=""']
    )
    return letter.head(b"MIME-Version: 1.0", b"Content-Type: " + kind) + _lines(
        "--b",
        "Content-Type: text/plain",
        "",
        "The first part.",
        "--b",
        "Content-Type: text/html",
        "",
        "<p>cut",
    )


def _bad_base64(letter: _Letter) -> bytes:
    return (
        letter.head(b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: base64")
        + b"VGhpcyBpcyA=====!!! not base64 at all \xff\xfe"
    )


def _long_headers(letter: _Letter) -> bytes:
    references = b" ".join(b"<r%d@customer.example>" % n for n in range(400))
    return letter.head(b"References: " + references, b"X-Long: " + b"a" * 30_000) + b"Long.\r\n"


def _bare_newlines(letter: _Letter) -> bytes:
    return letter.head().replace(b"\r\n", b"\n") + b"Line\nfeeds\nonly\n"


def _flowed(letter: _Letter) -> bytes:
    return (
        letter.head(b"Content-Type: text/plain; format=flowed; delsp=yes")
        + b"A long \r\nline \r\nof words.\r\n"
    )


def _crowd(letter: _Letter) -> bytes:
    copies = b", ".join(b"guest%d@customer.example" % n for n in range(200))
    return letter.head(b"Cc: " + copies) + b"Everybody should know.\r\n"


def _calendar(letter: _Letter) -> bytes:
    mail = letter.message()
    mail.set_content("Please come.")
    event = ["BEGIN:VEVENT", "UID:1", "DTSTART:20261201T100000Z", "SUMMARY:Visit", "END:VEVENT"]
    calendar = _lines("BEGIN:VCALENDAR", "METHOD:REQUEST", *event, "END:VCALENDAR")
    mail.add_attachment(calendar, maintype="text", subtype="calendar", filename="invite.ics")
    return _bytes(mail)


def _signed(letter: _Letter) -> bytes:
    kind = b'multipart/signed; boundary="s"; protocol="application/pkcs7-signature"'
    words = ["--s", "Content-Type: text/plain", "", "Signed words."]
    name = 'Content-Type: application/pkcs7-signature; name="smime.p7s"'
    signature = ["--s", name, "Content-Transfer-Encoding: base64", "", "MIIB", "--s--"]
    return letter.head(b"Content-Type: " + kind) + _lines(*words, *signature)


def _winmail(letter: _Letter) -> bytes:
    mail = letter.message()
    mail.set_content("From Outlook.")
    mail.add_attachment(
        b"\x78\x9f\x3e\x22broken", maintype="application", subtype="ms-tnef", filename="winmail.dat"
    )
    return _bytes(mail)


def _list(letter: _Letter) -> bytes:
    return letter.head(b"List-Id: <news.customer.example>", b"Precedence: bulk") + b"This week's news.\r\n"


def _monitoring(letter: _Letter) -> bytes:
    return letter.head(b"Auto-Submitted: auto-generated", subject=b"PROBLEM: disk full") + b"93 %\r\n"


def _absence(letter: _Letter) -> bytes:
    return letter.head(b"Auto-Submitted: auto-replied", subject=b"Out of office") + b"Back on Monday.\r\n"


def _bounce(letter: _Letter) -> bytes:
    kind = b'multipart/report; report-type=delivery-status; boundary="r"'
    words = ["--r", "Content-Type: text/plain", "", "No such user."]
    report = ["Final-Recipient: rfc822; a@b.example", "Action: failed", "Status: 5.1.1"]
    status = [
        "--r",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example",
        "",
        *report,
    ]
    head = letter.head(b"Return-Path: <>", b"Content-Type: " + kind, subject=b"Undelivered Mail")
    return head + _lines(*words, *status, "--r--")


def _no_sender(letter: _Letter) -> bytes:
    return letter.head(leave_out=("from",)) + b"From nobody.\r\n"


#: kind → (whether a person could have read and answered it, its maker)
KINDS: dict[str, tuple[bool, Callable[[_Letter], bytes]]] = {
    "plain": (True, _plain),
    "a language": (True, _language),
    "another language": (True, _language),
    "a wrong label": (True, _wrong_label),
    "an unknown charset": (True, _unknown_charset),
    "raw headers": (True, _raw_headers),
    "html": (True, _html),
    "both": (True, _both),
    "files": (True, _files),
    "a picture": (True, _picture),
    "only a file": (True, _only_a_file),
    "an embedded mail": (True, _embedded),
    "a reply": (True, _reply),
    "no Message-ID": (True, _no_message_id),
    "no date, no subject": (True, _no_date_no_subject),
    "wrong dates": (True, _wrong_dates),
    "a broken multipart": (True, _broken_multipart),
    "bad base64": (True, _bad_base64),
    "long headers": (True, _long_headers),
    "bare newlines": (True, _bare_newlines),
    "flowed": (True, _flowed),
    "a crowd": (True, _crowd),
    "a calendar": (True, _calendar),
    "signed": (True, _signed),
    "winmail.dat": (True, _winmail),
    "a list": (True, _list),
    "monitoring": (True, _monitoring),
    "an absence": (False, _absence),
    "a bounce": (False, _bounce),
    "no sender": (False, _no_sender),
}
