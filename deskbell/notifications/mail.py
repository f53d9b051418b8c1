"""Notices as mails: what texts.py says, in one frame, put into the outbox, one mail per recipient."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import css_inline
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from markupsafe import Markup

from deskbell.channels.email import references
from deskbell.channels.email.compose import references_header
from deskbell.channels.email.driver import mail_goes_to_files
from deskbell.channels.models import Channel, InboundItem
from deskbell.files.models import Blob
from deskbell.kit import markdown, stored
from deskbell.kit.time import day, exact
from deskbell.notifications import letterhead, links, texts
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import Invitation, MembershipRequest, User
from deskbell.people.queries import company
from deskbell.people.reader import reading
from deskbell.tickets import forwards
from deskbell.tickets.actions.deliveries import FORWARD
from deskbell.tickets.content import FILES_LIMIT
from deskbell.tickets.models import Attachment, Category, Message, Queue, Ticket
from deskbell.tickets.rules import may

HISTORY = 3
#: characters of one quoted message
QUOTED = 3000
#: of the invitation that a sample shows
INVITED_FOR = timedelta(days=7)
#: messages whose ids go into References
RECENT = 20

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One kind of mail about a ticket. `part` keeps the Message-IDs of mails about one thing apart."""

    #: key of texts.MAILS: what it says
    text: str
    kind: str
    #: a plain (kind, id): once per cause, recipient and kind
    cause: tuple[str, int]
    ticket: Ticket
    message: Message | None = None
    #: whose name the mail bears
    actor: User | None = None
    #: an answer to it finds the ticket
    answerable: bool = True
    history: bool = False
    #: "auto-replied", "auto-generated" (RFC 3834), or empty for what a person wrote
    automatic: str = "auto-generated"
    #: values of variables that it alone has
    said: Mapping[str, str] = field(default_factory=dict)


def put(notice: Notice, recipient: User) -> OutboxItem | None:
    """Put `notice` for `recipient`, in his language; None when he was told already."""
    ticket = notice.ticket
    mailbox = _mailbox(ticket)
    with reading(language=recipient.language, time_zone=recipient.time_zone):
        context = {
            **_context(notice, links.of_ticket(ticket, recipient), to=recipient),
            **_staff_answers(notice, recipient, mailbox),
        }
        payload: dict[str, Any] = {
            **_rendered("notice", context),
            "from": [_from_name(notice), mailbox.address],
            "to_name": recipient.name,
            "headers": _headers(notice),
            "attachments": letterhead.attached() + _attached(context["files"]),
        }
    if mailbox.plus_addresses and notice.answerable:
        payload["reply_to"] = references.reply_address(mailbox.address, ticket.number)
    elif mailbox.plus_addresses and context["becomes_note"]:
        payload["reply_to"] = _staff_address(mailbox, ticket, recipient, public=False)
    return outbox.put(
        "email",
        recipient=str(recipient.email),
        kind=notice.kind,
        cause=notice.cause,
        payload=payload,
        ticket_id=ticket.pk,
        channel_id=mailbox.channel_id,
        external_id=_message_id(notice, recipient),
    )


def put_blind(notice: Notice, address: str) -> OutboxItem | None:
    """Put `notice` for somebody whom the others do not see: in the desk's language, without a way in."""
    ticket, mailbox = notice.ticket, _mailbox(notice.ticket)
    with reading():
        context = {**_context(notice, links.of_page(ticket)), "link": "", "blind": True}
        payload: dict[str, Any] = {
            **_rendered("notice", context),
            "from": [_from_name(notice), mailbox.address],
            "headers": _headers(notice),
            "attachments": letterhead.attached() + _attached(context["files"]),
        }
    part = f"b{hashlib.sha256(address.casefold().encode()).hexdigest()[:16]}"
    return outbox.put(
        "email",
        recipient=address,
        kind=notice.kind,
        cause=notice.cause,
        payload=payload,
        ticket_id=ticket.pk,
        channel_id=mailbox.channel_id,
        external_id=references.message_id(ticket.pk, notice.message.pk if notice.message else 0, part=part),
    )


def put_forward(ticket: Ticket, message: Message, address: str) -> OutboxItem | None:
    """Put what the forward `message` sends on for one of its recipients, in the desk's language.

    It has no way in to the ticket, and references of its own: an answer by them is for staff alone
    (channels.suppliers).
    """
    mailbox, named = _mailbox(ticket), (ticket.number, message.pk, address)
    files = forwards.files_of(ticket).filter(pk__in=message.details["files"])
    ids = _ids_before(ticket, message)
    with reading():
        context = {
            **_common(),
            "subject": f"{references.forward_token(*named)} {message.subject}",
            "ticket": ticket,
            "answerable": True,
            "marker": references.forward_marker(*named),
            "message_text": message.text,
            "message_html": Markup(message.html),  # noqa: S704 - cleaned when it was stored
            "signature": _signature(message).text,
            "quoted": _sent_on(ticket, message),
            "files": _listed(files),
        }
        payload: dict[str, Any] = {
            **_rendered("forward", context),
            "from": [_signed_by(message.author), mailbox.address],
            "headers": {
                "In-Reply-To": ids[-1] if ids else "",
                "References": references_header(ids),
                "X-Deskbell-Type": FORWARD,
                "X-Deskbell-Ticket": str(ticket.number),
            },
            "attachments": letterhead.attached() + _attached(context["files"]),
        }
    if mailbox.plus_addresses:
        payload["reply_to"] = references.forward_address(mailbox.address, *named)
    return outbox.put(
        "email",
        recipient=address,
        kind=FORWARD,
        cause=("message", message.pk),
        payload=payload,
        ticket_id=ticket.pk,
        channel_id=mailbox.channel_id,
        external_id=references.forward_id(ticket.pk, message.pk, address),
    )


def put_invitation(invitation: Invitation, link: str, *, cause: tuple[str, int]) -> OutboxItem | None:
    """Put the mail that carries an invitation, in the desk's language: the person's is not known yet."""
    inviter = invitation.invited_by.display_name if invitation.invited_by else company().name
    with reading():
        payload = _invitation(texts.text_of("invitation", active()), inviter, invitation.expires_at, link)
    payload["headers"] = {"X-Deskbell-Type": "invitation"} | _automatic("auto-generated")
    payload["attachments"] = letterhead.attached()
    return outbox.put(
        "email",
        recipient=invitation.email,
        kind="invitation",
        cause=cause,
        payload=payload,
    )


def put_membership(
    asked: MembershipRequest, recipient: User, link: str, *, template: str
) -> OutboxItem | None:
    """Put the mail that somebody would belong to an organisation, or that he does now."""
    with reading(language=recipient.language, time_zone=recipient.time_zone):
        wanted = template == "membership_asked"
        place = {"name": asked.user.display_name, "organization": asked.organization.name}
        subject = (
            translation.gettext("%(name)s would like to belong to %(organization)s")
            if wanted
            else translation.gettext("You belong to %(organization)s now")
        )
        context = {
            **_common(),
            **place,
            "subject": subject % place,
            "address": asked.user.email or "",
            "link": link,
            "link_label": translation.gettext("Decide") if wanted else translation.gettext("My tickets"),
        }
        payload = _rendered(template, context)
    payload["headers"] = {"X-Deskbell-Type": "membership"} | _automatic("auto-generated")
    payload["attachments"] = letterhead.attached()
    return outbox.put(
        "email",
        recipient=str(recipient.email),
        kind=template,
        cause=("membershiprequest", asked.pk),
        payload=payload,
    )


@transaction.atomic
def put_test(recipient: User) -> OutboxItem | None:
    """Put a mail by which `recipient` sees whether mail leaves this desk; each time a new one.

    Its kind tells the way it takes: a mail in a file (no EMAIL_URL) proves nothing about a mail server.
    """
    with reading(language=recipient.language, time_zone=recipient.time_zone):
        subject = translation.gettext("Test mail of %(company)s") % {"company": company().name}
        context = {**_common(), "subject": subject, "address": company().support_address}
        payload = _rendered("test", context)
    payload["headers"] = {"X-Deskbell-Type": "test"} | _automatic("auto-generated")
    payload["attachments"] = letterhead.attached()
    return outbox.put(
        "email",
        recipient=str(recipient.email),
        kind=f"test_mail.{'files' if mail_goes_to_files() else 'smtp'}",
        cause=("test_mail", secrets.randbits(62)),
        payload=payload,
    )


def sample(mail: str, text: tuple[str, str], reader: User) -> dict[str, Any]:
    """How `mail` looks with this (subject, text), in the active language: {subject, text, html}.

    The ticket in it does not exist; its customer is the reader himself.
    """
    if mail == "invitation":
        return _invitation(text, reader.display_name, timezone.now() + INVITED_FOR, links.of_portal())
    subject = translation.gettext("The printer on the second floor does not print")
    said = translation.gettext("Here stands what was written, with all its lines and files.")
    ticket = Ticket(number=1042, subject=subject, requester=reader, category=Category.OPEN)
    ticket.queue = Queue.objects.order_by("position", "pk").first() or Queue(name="")
    notice = Notice(
        text=mail,
        kind="sample",
        cause=("sample", 0),
        ticket=ticket,
        message=Message(text=said, author=reader),
        actor=reader,
        answerable=not texts.MAILS[mail].to_staff,
        said={
            "failure.address": str(reader.email or company().support_address),
            "failure.reason": translation.gettext("The mailbox does not exist."),
        },
    )
    return _rendered("notice", _context(notice, links.of_portal(), to=reader, text=text))


@transaction.atomic
def put_sample(mail: str, language: str, text: tuple[str, str], recipient: User) -> OutboxItem | None:
    """Send `recipient` what `sample` shows; each time a new one."""
    with reading(language=language, time_zone=recipient.time_zone):
        payload = sample(mail, text, recipient)
    payload["headers"] = {"X-Deskbell-Type": "test"} | _automatic("auto-generated")
    payload["attachments"] = letterhead.attached()
    return outbox.put(
        "email",
        recipient=str(recipient.email),
        kind="mail_text.sample",
        cause=("mail_text", secrets.randbits(62)),
        payload=payload,
    )


# --- words --------------------------------------------------------------------------------------


def _common() -> dict[str, Any]:
    nothing = {"history": [], "files": [], "hint": "", "blind": False, "to_staff": False}
    return {**letterhead.context(), **nothing, "becomes_note": False, "public_address": ""}


def active() -> str:
    """The language that is spoken now."""
    return translation.get_language() or ""


def _context(
    notice: Notice, link: str, *, to: User | None = None, text: tuple[str, str] | None = None
) -> dict[str, Any]:
    """`text` is (subject, text) in place of what is stored."""
    ticket, message = notice.ticket, notice.message
    files = _files(message, link) if message and message.pk else []
    written = texts.fill_in(*(text or texts.text_of(notice.text, active())), _values(notice, link, files, to))
    return {
        **_common(),
        "subject": f"{references.subject_token(ticket.number)} {written.subject}",
        "written": written,
        "ticket": ticket,
        "hint": _hint(notice),
        "to_staff": texts.MAILS[notice.text].to_staff,
        "link": link,
        "link_label": translation.gettext("Open the ticket"),
        "answerable": notice.answerable,
        "marker": references.marker(ticket.number) if notice.answerable else "",
        "files": files,
        "history": _history(ticket, message) if notice.history and message else [],
    }


def _values(
    notice: Notice, link: str, files: list[dict[str, Any]], to: User | None
) -> dict[str, str | texts.Block]:
    """What the variables of its text stand for."""
    ticket, desk = notice.ticket, company()
    name = to.name if to else ""
    return {
        "ticket.number": f"#{ticket.number}",
        "ticket.subject": ticket.subject,
        "ticket.queue": ticket.queue.name,
        "ticket.link": link,
        "customer.name": ticket.requester.display_name,
        "customer.first_name": first_name(ticket.requester.name),
        "organization.name": ticket.organization.name if ticket.organization else "",
        "author.name": notice.actor.display_name if notice.actor else desk.name,
        "recipient.name": name,
        "recipient.first_name": first_name(name),
        "company.name": desk.name,
        "message": _message_block(notice.message, files),
        "signature": _signature(notice.message),
        **{name: stored.said(words) for name, words in notice.said.items()},
    }


def first_name(name: str) -> str:
    return name.partition(" ")[0]


def _message_block(message: Message | None, files: list[dict[str, Any]]) -> texts.Block:
    if message is None:
        return texts.Block("", Markup())
    text = message.new_text or message.text
    ours = message.markup == Message.Markup.MARKDOWN
    context = {
        "message_text": text,
        "message_html": Markup(message.html) if ours else "",  # noqa: S704 - cleaned when it was stored
        "message_paragraphs": paragraphs(text),
        "files": files,
    }
    return texts.Block(
        render_to_string("notifications/mail/_message.txt", context),
        Markup(render_to_string("notifications/mail/_message.html", context)),  # noqa: S704 - a template's
    )


def _signature(message: Message | None) -> texts.Block:
    """That of the writer, and below it the company's."""
    own = message.author.signature if message and message.author else ""
    signature = "\n\n".join(filter(None, (own.strip(), company().signature.strip())))
    html = Markup('<div class="signature">{}</div>').format(Markup(markdown.to_html(signature)))  # noqa: S704
    return texts.Block(signature, html if signature else Markup())


def _hint(notice: Notice) -> str:
    """What a customer has to know whatever the company's words are."""
    ticket = notice.ticket
    if notice.text == "received" and not ticket.requester.has_usable_password():
        return translation.gettext(
            "You can follow it on our site too: sign in with this address. A code by mail is enough, "
            "no password needed."
        )
    if notice.text == "reply" and ticket.category == Category.RESOLVED and notice.answerable:
        return translation.gettext(
            "With this the ticket is resolved. If it is not, answer this mail and it opens again."
        )
    return ""


def _invitation(text: tuple[str, str], inviter: str, until: datetime, link: str) -> dict[str, Any]:
    written = texts.fill_in(
        *text,
        {"author.name": inviter, "company.name": company().name, "invitation.until": day(until)},
    )
    context = {
        **_common(),
        "subject": written.subject,
        "written": written,
        "link": link,
        "link_label": translation.gettext("Accept the invitation"),
    }
    return _rendered("notice", context)


def _staff_answers(notice: Notice, recipient: User, mailbox: _Mailbox) -> dict[str, Any]:
    """What an answer of somebody who works here becomes (channels.staffmail), for the mail to say so."""
    if notice.answerable or not mailbox.tells_senders or not may(recipient, "note", notice.ticket):
        return {"becomes_note": False, "public_address": ""}
    public = mailbox.plus_addresses and may(recipient, "reply", notice.ticket)
    return {
        "answerable": True,
        "becomes_note": True,
        "public_address": _staff_address(mailbox, notice.ticket, recipient, public=True) if public else "",
    }


def _staff_address(mailbox: _Mailbox, ticket: Ticket, person: User, *, public: bool) -> str:
    return references.staff_address(mailbox.address, ticket.number, person.pk, public=public)


def paragraphs(text: str) -> list[list[str]]:
    """Plain text as paragraphs of lines."""
    return [part.split("\n") for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]


def _rendered(template: str, context: dict[str, Any]) -> dict[str, Any]:
    text = render_to_string(f"notifications/mail/{template}.txt", context)
    html = render_to_string(f"notifications/mail/{template}.html", context)
    return {
        "subject": str(context["subject"]),
        "text": re.sub(r"\n{3,}", "\n\n", text).strip() + "\n",
        "html": _inliner.inline(html),
    }


def _history(ticket: Ticket, message: Message) -> list[dict[str, Any]]:
    """The public messages before this one, newest first; internal notes never leave the house."""
    earlier = (
        Message.objects.filter(ticket=ticket, pk__lt=message.pk, visibility=Message.Visibility.PUBLIC)
        .exclude(kind=Message.Kind.BOUNCE)
        .filter(redacted_at=None, details__whatsapp__gone_at__isnull=True)
        .select_related("author")
        .order_by("-pk")[:HISTORY]
    )
    quoted = []
    for one in earlier:
        text = (one.new_text or one.text)[:QUOTED]
        quoted.append(
            {
                "author": one.author.display_name if one.author else company().name,
                "quoted": "\n".join(f"> {line}".rstrip() for line in text.split("\n")),
                "paragraphs": paragraphs(text),
            }
        )
    return quoted


def _sent_on(ticket: Ticket, forward: Message) -> list[dict[str, Any]]:
    """The messages that a forward sends on, oldest first: only what is new in each."""
    chosen = forwards.messages_of(ticket).filter(pk__in=forward.details["messages"]).order_by("pk")
    quoted = []
    for one in chosen:
        text = references.without_markers(one.new_text or one.text)
        ours = one.markup == Message.Markup.MARKDOWN
        quoted.append(
            {
                "author": _name_without_address(one),
                "at": exact(one.created_at),
                "text": text,
                "html": Markup(references.without_markers(one.html)) if ours else "",  # noqa: S704 - as above
                "paragraphs": paragraphs(text),
            }
        )
    return quoted


def _name_without_address(message: Message) -> str:
    """Who wrote it, without an address that nobody chose to send on."""
    name = message.author.name if message.author else ""
    if name and "@" not in name:
        return name
    if message.direction == Message.Direction.OUT:
        return company().name
    supplier = "asked" in message.details
    return translation.gettext("The supplier") if supplier else translation.gettext("The customer")


def _ids_before(ticket: Ticket, forward: Message) -> list[str]:
    """Of the mails that went to and fro with a supplier before `forward`, oldest first."""
    before = forwards.conversation(forward)
    asked = {each.details["answers"]: each.details["asked"] for each in before if each.direction == "in"}
    ids = [
        each.external_id
        if each.direction == "in"
        else references.forward_id(ticket.pk, each.pk, asked[each.pk])
        for each in before
    ]
    return [one for one in ids if one]


# --- files --------------------------------------------------------------------------------------


def _files(message: Message, link: str) -> list[dict[str, Any]]:
    """The files of `message`; those beyond FILES_LIMIT carry the link of the page that has them."""
    attachments = Attachment.objects.filter(message=message).select_related("blob").order_by("pk")
    return _listed(attachments, link)


def _listed(attachments: Iterable[Attachment], link: str = "") -> list[dict[str, Any]]:
    room = FILES_LIMIT
    listed = []
    for attachment in attachments:
        fits = attachment.blob.size <= room and attachment.blob.scan != Blob.Scan.INFECTED
        room -= attachment.blob.size if fits else 0
        listed.append(
            {
                "blob": attachment.blob_id,
                "filename": attachment.filename,
                "content_type": attachment.blob.content_type,
                "link": "" if fits else link,
            }
        )
    return listed


def _attached(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"blob": file["blob"], "filename": file["filename"], "content_type": file["content_type"]}
        for file in files
        if not file["link"]
    ]


# --- headers ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Mailbox:
    address: str
    channel_id: int | None = None
    plus_addresses: bool = False
    #: whether its server tells who really sent a mail, so that people of the desk may answer by mail
    tells_senders: bool = False


def _mailbox(ticket: Ticket) -> _Mailbox:
    """Where the mail leaves from: the mailbox the customer wrote to, else his queue's, else the desk's."""
    received = Message.objects.filter(
        ticket=ticket, inbound_id__isnull=False, visibility=Message.Visibility.PUBLIC
    )
    newest = received.order_by("-pk").first()
    channel = None
    if newest is not None and newest.inbound_id:
        item = InboundItem.objects.select_related("channel").defer("raw").filter(pk=newest.inbound_id).first()
        channel = item.channel if item and item.channel.kind == Channel.Kind.EMAIL else None
    if channel is None and ticket.queue.address:
        channel = Channel.objects.filter(address__iexact=ticket.queue.address).first()
        if channel is None:
            return _Mailbox(ticket.queue.address)
    mailboxes = Channel.objects.filter(kind=Channel.Kind.EMAIL).exclude(state=Channel.State.OFF)
    channel = channel or mailboxes.order_by("pk").first()
    if channel is None:
        return _Mailbox(company().support_address)
    return _Mailbox(channel.address, channel.pk, channel.plus_addresses, bool(channel.authserv_id))


def _from_name(notice: Notice) -> str:
    return _signed_by(None if notice.automatic else notice.actor)


def _signed_by(agent: User | None) -> str:
    if agent is None:
        return company().name
    return translation.gettext("%(agent)s via %(company)s") % {
        "agent": agent.display_name,
        "company": company().name,
    }


def _message_id(notice: Notice, recipient: User) -> str:
    """The reply to the requester bears the message's own id; every other mail one of its own."""
    message_id = notice.message.pk if notice.message else 0
    if notice.cause[0] == "message" and recipient.pk == notice.ticket.requester_id:
        return references.message_id(notice.ticket.pk, message_id)
    part = f"{notice.cause[0][0]}{notice.cause[1]}u{recipient.pk}"
    return references.message_id(notice.ticket.pk, message_id, part=part)


def _headers(notice: Notice) -> dict[str, str]:
    ids, last_in = _thread(notice.ticket, notice.message)
    headers = {
        "In-Reply-To": last_in,
        "References": references_header(ids),
        "X-Deskbell-Type": notice.kind,
        "X-Deskbell-Ticket": str(notice.ticket.number),
    }
    return headers | _automatic(notice.automatic)


def _automatic(word: str) -> dict[str, str]:
    """Marks that keep answering machines quiet; never on what a person wrote, so that absences are told."""
    if not word:
        return {}
    marks = {"Auto-Submitted": word, "X-Auto-Response-Suppress": "All"}
    return marks | ({"Precedence": "bulk"} if word == "auto-generated" else {})


def _thread(ticket: Ticket, until: Message | None) -> tuple[list[str], str]:
    """Ids of the ticket's public mails, oldest first, and that of the customer's latest one."""
    public = Message.objects.filter(ticket=ticket, visibility=Message.Visibility.PUBLIC)
    if until is not None:
        public = (
            public.filter(pk__lt=until.pk) if until.direction == "out" else public.filter(pk__lte=until.pk)
        )
    recent = list(public.order_by("-pk")[:RECENT])
    oldest = public.order_by("pk").first()
    if oldest is not None and oldest not in recent:
        recent.append(oldest)
    ids = [_id_of(ticket, message) for message in reversed(recent)]
    last_in = next((m.external_id for m in recent if m.direction == "in" and m.external_id), "")
    return [one for one in ids if one], last_in


def _id_of(ticket: Ticket, message: Message) -> str:
    if message.direction == "out":
        return references.message_id(ticket.pk, message.pk)
    return message.external_id
