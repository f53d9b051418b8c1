"""What a mail that came back says: delivery reports (RFC 3464), and the plain words of qmail, old Postfix,
Exim and Exchange that carry none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message

from deskbell.channels.email import references, words
from deskbell.channels.email.parse import ParsedMail
from deskbell.channels.email.parts import Report
from deskbell.people.addresses import BadAddress, email_key

#: of one mail
MOST = 50
#: nobody is there (RFC 3463; 5.1.10 is what Exchange says)
NOBODY = frozenset({"5.1.1", "5.1.10"})
_STATUS = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REFUSED = re.compile(r"(?<!\d)5\d\d[ -]")
_GOES_ON = re.compile(
    r"will (keep|continue|be retried|try again)|still (being )?(try|retr)|no (further )?action is required|"
    r"delayed|delivery (is|has been) delayed|not yet been delivered|"
    r"verzögert|weitere zustellversuche|retard",
    re.IGNORECASE,
)
_OUR_ID = r"<(?:t\d{1,18}\.m\d{1,18}(?:\.[a-z0-9]{1,40})?\.[0-9a-f]{16}|o[0-9a-f]{32})@[^\s<>]{1,255}>"
_NAMED_ID = re.compile(r"^[>\s|]*message-id\s*:\s*(" + _OUR_ID + ")", re.IGNORECASE | re.MULTILINE)
_ANY_ID = re.compile(_OUR_ID)


def reports(mail: ParsedMail, raw: bytes) -> tuple[Report, ...]:
    """What `mail` says of each recipient, from its reports, else from its words."""
    read = tuple(_of_parts(message_from_bytes(raw, policy=policy.compat32)))
    return read or (_of_words(mail),)


def failed(report: Report) -> bool:
    """Whether nobody goes on trying. A status of 4.x with it means that somebody tried for days."""
    return report.action == "failed"


def nobody_there(report: Report) -> bool:
    return failed(report) and report.status in NOBODY


def names_nobody(answer: str) -> bool:
    """As `nobody_there`, of what a server answered while we sent."""
    status = _STATUS.match(answer)
    return status is not None and status[0] in NOBODY


def concerns(report: Report, address: str) -> bool:
    """Whether `report` is about `address`, and not about one to which its mails are forwarded."""
    try:
        return email_key(report.recipient) == email_key(address)
    except BadAddress:
        return False


def returned_ids(mail: ParsedMail) -> list[str]:
    """Ids of the mail that came back: its own first, then those it answered."""
    text = mail.text[:200_000]
    return list(dict.fromkeys([*mail.returned_ids, *_NAMED_ID.findall(text), *_ANY_ID.findall(text)]))


def _of_parts(message: Message) -> Iterator[Report]:
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            groups = payload if isinstance(payload, list) else []
            yield from list(filter(None, (_of_group(group) for group in groups[: MOST + 1])))[:MOST]
            return


def _of_group(group: Message | str) -> Report | None:
    """One recipient's fields; none for the first group, which is about the mail as a whole."""
    if isinstance(group, str):
        return None
    fields = {
        name.lower(): words.header_text(str(value)).strip()[:500]
        for name, value in reversed(list(group.raw_items()))
    }
    recipient = fields.get("original-recipient") or fields.get("final-recipient", "")
    if not recipient and "action" not in fields:
        return None
    status = _STATUS.search(fields.get("status", ""))
    diagnostic = fields.get("diagnostic-code", "")
    return Report(
        recipient.rpartition(";")[2].strip().strip("<>"),
        fields.get("action", "").partition(" ")[0].lower(),
        status[0] if status else "",
        " ".join(diagnostic.removeprefix("smtp;").removeprefix("SMTP;").split()),
    )


def _of_words(mail: ParsedMail) -> Report:
    """Of the text above the returned mail. The recipient is whoever it names first."""
    told = _NAMED_ID.split(mail.text, maxsplit=1)[0][:5000]
    status = _STATUS.search(told)
    permanent = bool(_REFUSED.search(told)) or bool(status and status[1] == "5")
    goes_on = not permanent and bool(_GOES_ON.search(f"{mail.headers.get('subject', '')}\n{told}"))
    named = mail.headers.get("x-failed-recipients", "").partition(",")[0].strip()
    found = re.search(r"[\w.+=-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}", told)
    return Report(
        named or (found[0] if found else ""),
        "delayed" if goes_on else "failed",
        status[0] if status else "",
        _line_with(told, status[0] if status else "", named or (found[0] if found else "")),
    )


def _line_with(text: str, *signs: str) -> str:
    """The line that tells why: with the status, else the one after the address, else the address's."""
    lines = [" ".join(line.split()) for line in text.split("\n") if line.strip()]
    refused = [line for line in lines if _REFUSED.search(line)]
    for sign in filter(None, signs):
        refused += [line for line in lines if sign in line]
    return refused[0][:400] if refused else ""


def own_id(value: str) -> bool:
    """Whether this desk may have made `value`: an unguessable id, or one that bears our signature."""
    return bool(references.verify(value)) or value.startswith("<o")
