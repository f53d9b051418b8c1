"""The words and files of a mail, collected part by part."""

from __future__ import annotations

import html as html_entities
import re
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from django.utils.translation import gettext_noop as N_

from deskbell.channels.email import headers, invitations, parts, protected, quotes, tnef, words
from deskbell.channels.email.parts import MailFile, Report
from deskbell.kit.html import text_from_html

MAX_PARTS = 1000
MAX_DEPTH = 30
MAX_DECODED = 100 * 1024 * 1024
#: characters of a body that are shown; the whole is in the raw mail
MAX_TEXT = 1_000_000
#: mails inside a mail whose text is shown, and characters of each
MAX_ENCLOSED = 5
MAX_ENCLOSED_TEXT = 50_000
_OUTLOOK = ("application/ms-tnef", "application/vnd.ms-tnef")
_CALENDAR = ("text/calendar", "application/ics")
_MIME = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,120}")


@dataclass
class Content:
    """Collects bodies and files of a mail, part by part, without recursion of our own."""

    problems: list[str]
    #: of a mail inside the mail: its files stay in the file that it is
    bodies_only: bool = False
    plain: list[str] = field(default_factory=list)
    rich: list[str] = field(default_factory=list)
    files: list[MailFile] = field(default_factory=list)
    enclosed: list[str] = field(default_factory=list)
    invitations: list[dict[str, Any]] = field(default_factory=list)
    returned_ids: list[str] = field(default_factory=list)
    report: Report | None = None
    signed: str = ""
    encrypted: str = ""
    #: the body of a winmail.dat, for a mail that has no other
    outlook: tuple[str, str] = ("", "")
    decoded: int = 0

    def read(self, message: Message) -> None:
        returned = message.get_content_type() == "multipart/report"
        stack = [(message, 0, False)]
        count = 0
        while stack:
            part, depth, alternative = stack.pop()
            count += 1
            if count > MAX_PARTS or depth > MAX_DEPTH:
                self.problems.append(N_("too many parts, the rest is in the raw mail only"))
                break
            kind = part.get_content_type()
            if kind == "multipart/encrypted":
                self.encrypted = "pgp"
            elif kind.startswith("multipart/") and part.is_multipart():
                inner = kind == "multipart/alternative" or alternative
                stack.extend((child, depth + 1, inner) for child in reversed(self._inside(part, kind)))
            elif kind in protected.ENVELOPES and (mail := self._opened(part)) is not None:
                stack.append((mail, depth + 1, alternative))
            elif not (kind in protected.ENVELOPES and self.encrypted):
                self._leaf(part, kind, alternative, returned=returned)
        if self.encrypted:
            self.rich = [html for html in self.rich if protected.ARMOR not in html]
        if not (self.plain or self.rich):
            self.plain, self.rich = [self.outlook[0]], [self.outlook[1]] if self.outlook[1] else []

    def _inside(self, part: Message, kind: str) -> list[Message]:
        """The parts of a multipart that are worth reading: a signature is named, not kept as a file."""
        children = parts.children(part)
        if kind != "multipart/signed" or not (signature := protected.signed_by(children)):
            return children
        self.signed = self.signed or signature
        return [child for child in children if not protected.is_signature(child)]

    def _opened(self, part: Message) -> Message | None:
        """The mail inside an S/MIME envelope that is signed only."""
        state, inner = protected.opened(parts.payload(part))
        if state == "encrypted":
            self.encrypted = "smime"
        if state != "signed":
            return None
        self.signed = "smime"
        return headers.read(inner, self.problems)

    def _leaf(self, part: Message, kind: str, alternative: bool, *, returned: bool) -> None:
        if kind == "message/delivery-status":
            self.report = self.report or parts.report(part)
            return
        if kind in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"):
            self.returned_ids += parts.returned_ids(part)
        if kind == "message/rfc822" and not (returned or self.bodies_only):
            self._enclose(part)
        filename = parts.filename(part)
        disposition = parts.disposition(part)
        if kind.startswith("multipart/"):
            kind = "text/plain"  # a multipart without parts: its boundary is missing
        if kind in ("text/plain", "text/html") and disposition != "attachment" and not filename:
            self._body(part, kind, alternative)
        elif not self.bodies_only:
            self._file(part, kind, filename)

    def _enclose(self, part: Message) -> None:
        """The words of a mail inside the mail, under its own head: to be read and to be found."""
        inner = parts.children(part)
        if not inner or len(self.enclosed) >= MAX_ENCLOSED:
            return
        content = Content(self.problems, bodies_only=True)
        content.read(inner[0])
        head = [
            f"{name}: {words.header_text(value)[:500]}"
            for name in ("From", "Date", "To", "Subject")
            for value in headers.raw_values(inner[0], name.lower())[:1]
        ]
        self.enclosed.append("\n".join([*head, "", content.text()[:MAX_ENCLOSED_TEXT]]).strip())

    def _body(self, part: Message, kind: str, alternative: bool) -> None:
        text = words.decode(parts.payload(part), parts.parameter(part, "charset"))
        if len(text) > MAX_TEXT:
            self.problems.append(N_("text too long, cut"))
            text = text[:MAX_TEXT]
        if kind == "text/html":
            self.rich.append(text)
            return
        if parts.parameter(part, "format").lower() == "flowed":
            text = unflowed(text, delete_space=parts.parameter(part, "delsp").lower() == "yes")
        text, mark = protected.without_armor(text) if "-----BEGIN PGP" in text else (text, "")
        if mark == "encrypted":
            self.encrypted = "pgp"
            return
        if mark:
            self.signed = "pgp"
        self.plain.append(text)
        if self.rich and not alternative and text.strip():
            self.rich.append(f"<pre>{html_entities.escape(text)}</pre>")

    def _file(self, part: Message, kind: str, filename: str) -> None:
        content = parts.bytes_of(part)
        if kind in _OUTLOOK or filename.lower() == "winmail.dat":
            if self._unpacked(content):
                return
        elif kind in _CALENDAR or filename.lower().endswith(".ics"):
            if any(file.content == content for file in self.files):
                return  # Google and Exchange send an invitation as a part and as a file
            self._note_invitations(content)
            filename = filename or "invite.ics"
        content_id = words.header_text((headers.raw_values(part, "content-id") or [""])[0]).strip("<> ")[:255]
        self._keep(filename or parts.made_up_name(part, kind, len(self.files) + 1), kind, content, content_id)

    def _keep(self, filename: str, kind: str, content: bytes, content_id: str) -> None:
        self.decoded += len(content)
        if self.decoded > MAX_DECODED:
            if (problem := N_("files too big, the rest is in the raw mail only")) not in self.problems:
                self.problems.append(problem)
            return
        self.files.append(MailFile(filename, kind, content, content_id))

    def _unpacked(self, content: bytes) -> bool:
        """Take what is in a winmail.dat; False when it has to be kept as the file it is."""
        try:
            found = tnef.read(content)
        except tnef.Unreadable:
            self.problems.append(N_("winmail.dat could not be read"))
            return False
        self.outlook = (words.clean(found.text)[:MAX_TEXT], words.clean(found.html)[:MAX_TEXT])
        for number, file in enumerate(found.files[:MAX_PARTS], start=1):
            name = parts.tidy(words.clean(file.filename)) or f"winmail-{number}.bin"
            kind = file.content_type if _MIME.fullmatch(file.content_type) else "application/octet-stream"
            self._keep(name, kind, file.content, words.clean(file.content_id)[:255])
        return found.whole and bool(found.files or found.text or found.html)

    def _note_invitations(self, content: bytes) -> None:
        known = {(card["uid"], card["start"]) for card in self.invitations}
        cards = invitations.read(content)
        self.invitations += [card for card in cards if (card["uid"], card["start"]) not in known]

    def html(self) -> str:
        return "\n".join(self.rich)

    def text(self) -> str:
        plain = "\n\n".join(part.strip("\n") for part in self.plain if part.strip())
        return (plain if plain.strip() else text_of(self.html())).strip()

    def attachments(self) -> tuple[MailFile, ...]:
        """The files, marked inline where the HTML body shows them by `cid:`."""
        html = self.html().lower()
        shown = set(re.findall(r"cid:([^\s\"'<>)]+)", html))
        return tuple(
            MailFile(file.filename, file.content_type, file.content, file.content_id, True)
            if file.content_id and file.content_id.lower() in shown
            else file
            for file in self.files
        )


def text_of(html: str) -> str:
    return words.clean(text_from_html(html)) if html.strip() else ""


def new_text(content: Content, text: str, subject: str, *, reply: bool) -> str:
    if quotes.is_forward(subject):
        return text
    reply = reply or quotes.is_reply(subject)
    if not any(part.strip() for part in content.plain):
        above = quotes.html_before_quote(content.html())
        if above is not None and (own := text_of(above).strip()):
            return quotes.new_text(own, reply=reply)
    return quotes.new_text(text, reply=reply)


def unflowed(text: str, *, delete_space: bool) -> str:
    """`format=flowed` (RFC 3676) as paragraphs; quoted lines keep their marks."""
    paragraphs: list[tuple[int, list[str]]] = []
    open_depth: int | None = None
    for marked in text.split("\n"):
        line = marked.lstrip(">")
        depth = len(marked) - len(line)
        line = line.removeprefix(" ")
        soft = line.endswith(" ") and line != "-- "
        piece = line[:-1] if soft and delete_space else line
        if open_depth == depth and line != "-- ":
            paragraphs[-1][1].append(piece)
        else:
            paragraphs.append((depth, [piece]))
        open_depth = depth if soft else None
    return "\n".join((">" * depth + " " if depth else "") + "".join(line) for depth, line in paragraphs)
