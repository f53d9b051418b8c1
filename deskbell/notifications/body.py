"""What stands in a mail: its words, its history and its files, in the active language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import css_inline
from django.template.loader import render_to_string
from django.utils import translation
from markupsafe import Markup

from deskbell.channels.email import references
from deskbell.files.models import Blob
from deskbell.kit import markdown, stored
from deskbell.kit.time import day, exact
from deskbell.notifications import letterhead, texts
from deskbell.notifications.notice import Notice
from deskbell.people.models import User
from deskbell.people.queries import company
from deskbell.tickets import forwards
from deskbell.tickets.content import FILES_LIMIT
from deskbell.tickets.models import Attachment, Category, Message, Ticket

HISTORY = 3
#: characters of one quoted message
QUOTED = 3000
_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


def common() -> dict[str, Any]:
    nothing = {"history": [], "files": [], "hint": "", "blind": False, "to_staff": False}
    return {**letterhead.context(), **nothing, "becomes_note": False, "public_address": ""}


def active() -> str:
    """The language that is spoken now."""
    return translation.get_language() or ""


def context_of(
    notice: Notice, link: str, *, to: User | None = None, text: tuple[str, str] | None = None
) -> dict[str, Any]:
    """`text` is (subject, text) in place of what is stored."""
    ticket, message = notice.ticket, notice.message
    files = _files(message, link) if message and message.pk else []
    written = texts.fill_in(*(text or texts.text_of(notice.text, active())), _values(notice, link, files, to))
    return {
        **common(),
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
        "signature": signature(notice.message),
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


def signature(message: Message | None) -> texts.Block:
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


def invitation_mail(text: tuple[str, str], inviter: str, until: datetime, link: str) -> dict[str, Any]:
    written = texts.fill_in(
        *text,
        {"author.name": inviter, "company.name": company().name, "invitation.until": day(until)},
    )
    context = {
        **common(),
        "subject": written.subject,
        "written": written,
        "link": link,
        "link_label": translation.gettext("Accept the invitation"),
    }
    return rendered("notice", context)


def paragraphs(text: str) -> list[list[str]]:
    """Plain text as paragraphs of lines."""
    return [part.split("\n") for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]


def rendered(template: str, context: dict[str, Any]) -> dict[str, Any]:
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


def sent_on(ticket: Ticket, forward: Message) -> list[dict[str, Any]]:
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


def _files(message: Message, link: str) -> list[dict[str, Any]]:
    """The files of `message`; those beyond FILES_LIMIT carry the link of the page that has them."""
    attachments = Attachment.objects.filter(message=message).select_related("blob").order_by("pk")
    return listed(attachments, link)


def listed(attachments: Iterable[Attachment], link: str = "") -> list[dict[str, Any]]:
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


def attached(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"blob": file["blob"], "filename": file["filename"], "content_type": file["content_type"]}
        for file in files
        if not file["link"]
    ]
