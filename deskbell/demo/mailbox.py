"""What a played customer has written and received: his side of the tickets, as a small mail program shows it.

What he received are the files that the outbox wrote for him (channels.email.driver), what he wrote are his
messages, and the mails and forms of his that no ticket has taken up. Of the stories told when the demo was
made no mail was sent; their answers are taken from the tickets.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from deskbell.channels.email import references
from deskbell.channels.models import Channel, InboundItem
from deskbell.channels.webform.sent import FormSent
from deskbell.demo import world
from deskbell.events.models import Event
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import Identity
from deskbell.tickets.models import Message, Ticket

#: a receipt comes after the first message
RECEIPT = timedelta(seconds=1)
#: begins the line above which one is asked to answer
DELIMITER = "##-"
#: own messages and files looked at, the newest
MOST = 200


@dataclass(frozen=True)
class Part:
    """A file in a received mail; `number` is its place there."""

    number: int
    name: str
    content_type: str
    size: int


@dataclass
class Letter:
    """`stem` is the name of a received mail's file; `item` and `message` what became of a written one.

    An answer of before the demo was made has no file: only `message`, and `ticket`, the id of its ticket.
    """

    at: datetime
    subject: str
    text: str
    stem: str = ""
    parts: tuple[Part, ...] = ()
    names: tuple[str, ...] = ()
    item: InboundItem | None = None
    message: int | None = None
    ticket: int | None = None

    @property
    def from_desk(self) -> bool:
        return bool(self.stem or self.ticket)


@dataclass
class Thread:
    """What belongs to one ticket, or one mail that has none; the oldest letter first."""

    key: str
    number: int | None = None
    letters: list[Letter] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        return self.letters[-1].at

    @property
    def subject(self) -> str:
        return references.without_token(self.letters[0].subject) or _("(no subject)")

    @property
    def notice(self) -> bool:
        """Whether it is a mail of the desk about no ticket, such as a sign-in code: nobody answers those."""
        return self.number is None and self.letters[0].from_desk

    @property
    def answerable(self) -> Letter | None:
        """The newest mail one can reply to."""
        mails = [letter for letter in self.letters if letter.from_desk and not self.notice]
        return mails[-1] if mails else None

    @property
    def names(self) -> set[str]:
        """Keys under which it was known: a mail has no ticket yet when it is sent."""
        return {self.key, *(f"item-{letter.item.pk}" for letter in self.letters if letter.item)}


def threads(address: str) -> list[Thread]:
    """All threads of the customer `address`, the newest first."""
    found: dict[str, Thread] = {}
    # first what waits: what is taken up meanwhile is found twice then, not missed
    waiting = list(_not_taken_up(address))
    letters = [*_answers(address), *_written(address)]
    taken = {letter.item.pk for _ticket, letter in letters if letter.item}
    letters += [(ticket, letter) for ticket, letter in waiting if letter.item and letter.item.pk not in taken]
    for ticket, letter in letters:
        own = f"item-{letter.item.pk}" if letter.item else f"mail-{letter.stem}"
        key = f"ticket-{ticket.pk}" if ticket else own
        thread = found.setdefault(key, Thread(key, ticket.number if ticket else None))
        thread.letters.append(letter)
    for thread in found.values():
        thread.letters.sort(key=lambda letter: letter.at)
    return sorted(found.values(), key=lambda thread: thread.at, reverse=True)


def stamp(found: Iterable[Thread]) -> str:
    """Changes whenever something in the threads does."""
    told = [
        (thread.key, letter.stem, letter.message, letter.item and (letter.item.pk, letter.item.state))
        for thread in found
        for letter in thread.letters
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def mail(address: str, stem: str) -> EmailMessage | None:
    """The mail `stem` if it went to `address`."""
    return _parsed(_folder() / f"{stem}.eml") if _item_of(stem, address) else None


def answered(letter: Letter, address: str) -> EmailMessage:
    """The mail of `letter`, to be replied to. Raises FileNotFoundError when it is gone."""
    if letter.ticket is None:
        found = mail(address, letter.stem)
        if found is None:
            raise FileNotFoundError(letter.stem)
        return found
    told = EmailMessage()
    told["Subject"] = letter.subject
    told["Message-ID"] = references.message_id(letter.ticket, letter.message or 0)
    told["Date"] = letter.at
    told.set_content(letter.text)
    return told


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    return str(part.get_content()) if part else ""


def files_of(message: EmailMessage) -> list[EmailMessage]:
    """The attached and inline files; their places are the numbers of `Part`."""
    return [part for part in message.walk() if part.get_filename()]


def _folder() -> Path:
    return Path(settings.EMAIL_FILE_PATH)


def _item_of(stem: str, address: str) -> int | None:
    """The outbox item whose mail `stem` is, if it went to `address`: names are `driver._write`'s."""
    recipient = re.escape(re.sub(r"[^\w@.+-]", "_", address)[:100])
    found = re.fullmatch(rf"\d{{8}}-\d{{6}}-{recipient}-(\d+)", stem)
    return int(found[1]) if found else None


@lru_cache(maxsize=512)
def _parsed(path: Path) -> EmailMessage | None:
    """Files of mails are never rewritten, so they may be remembered."""
    try:
        return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    except FileNotFoundError:
        return None


def _answers(address: str) -> Iterator[tuple[Ticket | None, Letter]]:
    """What came by mail, and what the desk had said to him before the demo was made."""
    yield from _received(address)
    own = Identity.objects.filter(kind="email", key=address).values("user")
    mailed = OutboxItem.objects.filter(recipient=address, cause_kind="message").values("cause_id")
    said = (
        Message.objects.filter(
            ticket__requester__in=own,
            direction="out",
            visibility="public",
            kind="human",
            created_at__lt=world.made_at(),
        )
        .exclude(pk__in=mailed)
        .select_related("ticket")
    )
    for message in said.order_by("-pk")[:MOST]:
        assert message.ticket is not None
        subject = f"{message.ticket.subject} {references.subject_token(message.ticket.number)}"
        letter = Letter(
            message.created_at, subject, message.text, message=message.pk, ticket=message.ticket.pk
        )
        yield message.ticket, letter


def _received(address: str) -> Iterator[tuple[Ticket | None, Letter]]:
    folder = _folder()
    names = sorted(path.stem for path in folder.glob("*.eml")) if folder.is_dir() else []
    stems = {pk: stem for stem in names if (pk := _item_of(stem, address))}
    items = OutboxItem.objects.filter(pk__in=stems).order_by("-pk")[:MOST]
    tickets = Ticket.objects.in_bulk([item.ticket_id for item in items if item.ticket_id])
    moments = _moments(items)
    for item in items:
        ticket, message = tickets.get(item.ticket_id or 0), _parsed(folder / f"{stems[item.pk]}.eml")
        if message is None or (item.ticket_id and ticket is None):
            continue
        opened = ticket.created_at + RECEIPT if ticket and item.cause_kind == "ticket" else item.created_at
        at = moments.get((item.cause_kind, item.cause_id), opened)
        yield ticket, _letter(message, at, stems[item.pk])


def _moments(items: Iterable[OutboxItem]) -> dict[tuple[str, int], datetime]:
    """When what the mails tell of happened: those of the demo's stories were sent when they were told."""
    causes = {(item.cause_kind, item.cause_id) for item in items}

    def ids(kind: str) -> list[int]:
        return [pk for of, pk in causes if of == kind]

    said = Message.objects.filter(pk__in=ids("message")).values_list("pk", "created_at")
    happened = Event.objects.filter(pk__in=ids("event")).values_list("pk", "at")
    return {("message", pk): at for pk, at in said} | {("event", pk): at for pk, at in happened}


def _letter(message: EmailMessage, at: datetime, stem: str) -> Letter:
    body = message.get_body(("plain",))
    parts = tuple(
        Part(number, part.get_filename() or "", part.get_content_type(), len(part.get_content()))
        for number, part in enumerate(files_of(message))
    )
    lines = str(body.get_content()).splitlines() if body else []
    text = "\n".join(line for line in lines if not line.startswith(DELIMITER)).strip()
    return Letter(at, str(message["Subject"] or ""), text, stem=stem, parts=parts)


def _written(address: str) -> Iterator[tuple[Ticket | None, Letter]]:
    own = Identity.objects.filter(kind="email", key=address).values("user")
    said = (
        Message.objects.filter(author__in=own, direction="in", visibility="public", ticket__isnull=False)
        .select_related("ticket")
        .prefetch_related("attachments")
        .order_by("-pk")[:MOST]
    )
    items = InboundItem.objects.defer("raw").in_bulk([each.inbound_id for each in said if each.inbound_id])
    for message in said:
        assert message.ticket is not None
        letter = Letter(
            message.created_at,
            message.subject or message.ticket.subject,
            message.new_text or message.text,
            names=tuple(file.filename for file in message.attachments.all()),
            item=items.get(message.inbound_id or 0),
            message=message.pk,
        )
        yield message.ticket, letter


def _not_taken_up(address: str) -> Iterator[tuple[None, Letter]]:
    """Mails and forms that wait to be understood, or of which nothing came."""
    items = InboundItem.objects.filter(envelope_from=address, message_id=None).select_related("channel")
    for item in items.order_by("-pk")[:MOST]:
        if item.channel.kind == Channel.Kind.WEBFORM:
            form = FormSent.parse(bytes(item.raw))
            yield None, Letter(item.received_at, form.subject, form.text, item=item)
            continue
        message = email.message_from_bytes(bytes(item.raw), policy=email.policy.default)
        body = message.get_body(("plain",))
        text = str(body.get_content()) if body else ""
        yield None, Letter(item.received_at, str(message["Subject"] or ""), text, item=item)
