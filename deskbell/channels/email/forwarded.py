"""Who wrote the mail that somebody here forwarded, and when.

From the mail attached, or from the lines that Outlook, Gmail, Apple Mail and Thunderbird put above the
forwarded words in English, German, French, Spanish and Italian.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime

from deskbell.channels.email import quotes
from deskbell.channels.email.parse import ParsedMail, parse
from deskbell.channels.email.parts import MailFile

MAX_LINES = 2000
MAX_LINE = 1000

_LABELS = {
    "sender": "from|von|de|da|expéditeur|remitente|mittente",
    "date": "sent|date|gesendet|gesendet am|datum|envoyé|envoyé le|enviado|enviado el|fecha"
    "|inviato|inviato il|data",
    "to": "to|an|à|a|para|pour|per",
    "cc": "cc|bcc|kopie|kopie (cc)|copie à|copie|con copia",
    "subject": "subject|betreff|objet|sujet|asunto|oggetto",
    "other": "reply-to|antwort an|répondre à|responder a|rispondi a|importance|priority|wichtigkeit|priorität"
    "|importancia|importanza|attachments|anlagen",
}
_FIELD = {label: name for name, labels in _LABELS.items() for label in labels.split("|")}
_LINE = re.compile(
    r"^(?P<quote>(?:[ \t]*>)*)[ \t]*\*?(?P<label>"
    + "|".join(sorted(map(re.escape, _FIELD), key=len, reverse=True))
    + r")\*?[ \t\xa0\u202f]*:\*?[ \t\xa0]*(?P<value>.*)$",
    re.IGNORECASE,
)
#: the line by which a mail program says that a forwarded mail begins
_BEGIN = re.compile(
    r"^[>\s]*(?:[-_]{2,}\s*(?:forwarded message|original message"
    r"|weitergeleitete nachricht|ursprüngliche nachricht|message transféré"
    r"|message d[’']origine|mensaje reenviado|mensaje original|messaggio inoltrato"
    r"|messaggio originale|original-nachricht)\s*[-_]{2,}"
    r"|(?:begin forwarded message|anfang der weitergeleiteten nachricht"
    r"|début du message (?:transféré|réexpédié)"
    r"|inicio del mensaje reenviado|inizio (?:del )?messaggio inoltrato)\s*:)\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^[>\s]*[-_=*]{5,}\s*$")
_ADDRESS = re.compile(r"<?(?:\[?mailto:)?([^\s<>\[\]()\"':;,@]{1,64}@[^\s<>\[\]()\"':;,@]{1,255})>?\]?")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan jän janv ene gen",
            "feb févr fév fev",
            "mar mär mrz mars",
            "apr avr abr",
            "may mai may mag",
            "jun juin giu",
            "jul juil lug",
            "aug août aou ago",
            "sep sept set",
            "oct okt oct ott",
            "nov",
            "dec dez déc dic",
        ),
        start=1,
    )
    for name in names.split()
}
_WORDS_DATE = re.compile(
    r"(?:(?P<d>\d{1,2})\.?(?:er|º)?\s+(?:de\s+|di\s+)?(?P<m>[^\W\d]{3,10})\.?|(?P<m2>[^\W\d]{3,10})\.?\s+(?P<d2>\d{1,2})),?"
    r"\s+(?:de\s+|del\s+)?(?P<y>\d{4})"
)
_NUMBER_DATE = re.compile(r"\b(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[./](\d{1,2})[./](\d{4}))")
_TIME = re.compile(r"\b(\d{1,2})[:.h](\d{2})(?::\d{2})?[\s\u202f\xa0]*([ap]\.?m\b)?", re.IGNORECASE)


@dataclass(frozen=True)
class Original:
    """The mail that was forwarded. `comment` is what stands above it; `eml` the file, when it is one."""

    sender: tuple[str, str]
    subject: str
    text: str
    date: datetime | None
    comment: str
    mail: ParsedMail | None = None
    eml: MailFile | None = None


def is_forward(mail: ParsedMail) -> bool:
    """Whether `mail` hands another one on, rather than telling of it."""
    if quotes.is_forward(mail.subject):
        return True
    if quotes.is_reply(mail.subject):
        return False
    return any(_BEGIN.match(line) for line in _lines(mail.text)) and _block(mail.new_text) is not None


def original(mail: ParsedMail) -> Original | None:
    """The mail within `mail`; None when nobody can be named as its writer."""
    return _attached(mail) or _quoted(mail)


def _attached(mail: ParsedMail) -> Original | None:
    mails = [file for file in mail.attachments if file.content_type == "message/rfc822"]
    if len(mails) != 1:
        return None
    inner = parse(mails[0].content)
    said = _quoted(mail)
    if not inner.sender[1] or (said and said.sender[1].casefold() != inner.sender[1].casefold()):
        return None
    comment = said.comment if said else "" if mail.new_text == mail.text else mail.new_text
    return Original(inner.sender, inner.subject, inner.text, inner.date, comment.strip(), inner, mails[0])


def _quoted(mail: ParsedMail) -> Original | None:
    block = _block(mail.new_text)
    if block is None:
        return None
    lines, begin, end, fields, quoted = block
    body = [re.sub(r"^[ \t]*> ?", "", line) for line in lines[end:]] if quoted else lines[end:]
    above = lines[:begin]
    while above and (not above[-1].strip(" >") or _RULE.match(above[-1]) or _BEGIN.match(above[-1])):
        above.pop()
    subject = " ".join(fields.get("subject", "").split()) or quotes.bare_subject(mail.subject)
    return Original(
        _person(fields["sender"]),
        subject,
        "\n".join(body).strip(),
        _date(fields.get("date", ""), mail.headers.get("date", ""), english=fields["label"] == "from"),
        "\n".join(above).strip(),
    )


def _lines(text: str) -> list[str]:
    return text.split("\n", MAX_LINES)[:MAX_LINES]


def _block(text: str) -> tuple[list[str], int, int, dict[str, str], bool] | None:
    """(lines, first, behind the last, fields, quoted) of the topmost head of a mail in `text`."""
    lines = text.split("\n")
    for begin, end, fields, quoted in _runs(lines[:MAX_LINES]):
        if "@" in fields.get("sender", "") and _person(fields["sender"])[1] and len(fields) > 3:
            return lines, begin, end, fields, quoted
    return None


def _runs(lines: list[str]) -> Iterator[tuple[int, int, dict[str, str], bool]]:
    """Neighbouring lines that each name a field; a blank or a folded line between two belongs to them."""
    at = 0
    while at < len(lines):
        match = _LINE.match(lines[at][:MAX_LINE])
        if not match:
            at += 1
            continue
        begin, fields, quoted = at, {"label": ""}, bool(match["quote"].strip())
        last = ""
        while match or (at + 1 < len(lines) and last and _LINE.match(lines[at + 1][:MAX_LINE])):
            if match:
                label = match["label"].lower()
                last = _FIELD[label]
                if last in fields:
                    break
                fields[last] = match["value"].strip().strip("*").strip()
                fields["label"] = label if last == "sender" else fields["label"]
            else:
                fields[last] += " " + lines[at].strip(" \t>")
            at += 1
            match = _LINE.match(lines[at][:MAX_LINE]) if at < len(lines) else None
        yield begin, at, fields, quoted
        at = max(at, begin + 1)


def _person(value: str) -> tuple[str, str]:
    """(name, address) of `Tariq <tariq@example.net>`, of `"Noor, T." [mailto:tariq@example.net]` …"""
    found = list(_ADDRESS.finditer(value[:MAX_LINE]))
    if not found:
        return "", ""
    name = value[: found[0].start()].strip(" \t<[\"'*,;").strip()
    return ("" if "@" in name else name[:200]), found[-1 if len(found) == 1 else 0][1].rstrip(".")


def _date(value: str, forwarded_at: str, *, english: bool) -> datetime | None:
    """The moment a forwarding mail names, read in the zone of whoever forwarded where it tells none."""
    exact = _standard(value)
    if exact is not None and exact.tzinfo is not None:
        return exact.astimezone(UTC)
    outer = _standard(forwarded_at)
    found = _WORDS_DATE.search(value) or _NUMBER_DATE.search(value)
    day = _day(found, english=english) if found else None
    time = _TIME.search(value[: found.start()] + " " + value[found.end() :]) if found else None
    if day is None or time is None:
        return None
    hour = int(time[1])
    if time[3]:
        hour = hour % 12 + (12 if time[3].lower().startswith("p") else 0)
    zone: tzinfo = (outer.tzinfo if outer else None) or UTC
    try:
        return datetime(*day, hour, int(time[2]), tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _standard(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _day(match: re.Match[str], *, english: bool) -> tuple[int, int, int] | None:
    if match.re is _WORDS_DATE:
        word = (match["m"] or match["m2"]).lower()
        month = next((_MONTHS[word[:size]] for size in (4, 3) if word[:size] in _MONTHS), None)
        return (int(match["y"]), month, int(match["d"] or match["d2"])) if month else None
    if match[1]:
        return int(match[1]), int(match[2]), int(match[3])
    first, second, year = int(match[4]), int(match[5]), int(match[6])
    if english and "/" in match[0] and first <= 12 and second <= 12:
        return None  # the month or the day, nobody knows
    return (year, first, second) if english and second > 12 else (year, second, first)
